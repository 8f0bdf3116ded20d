import type { ExtensionsApi } from "./extensions_api.ts";
import type { LifecycleEnd } from "./lifecycle.ts";

/** Waits between tries when `next` gives no event, in ms. */
const RETRY_MS: readonly number[] = [50, 200, 500];

/**
 * Serves `next` and nothing else until SHUTDOWN, so that a broken extension holds up no invocation. Never rejects.
 */
export async function idle(api: Pick<ExtensionsApi, "next">): Promise<LifecycleEnd> {
  for (let failures = 0;;) {
    const event = await api.next();
    switch (event.type) {
      case "invoke":
        failures = 0;
        break;
      case "shutdown":
        return { exitCode: 0, reason: event.reason };
      case "refused":
        return { exitCode: 1, reason: event.error };
      default: {
        const waitMs = RETRY_MS[failures++];
        if (waitMs === undefined) return { exitCode: 1, reason: "Lambda gave no more events" };
        await new Promise((resolve) => setTimeout(resolve, waitMs));
      }
    }
  }
}
