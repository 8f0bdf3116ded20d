/** What every measurement stands on: platform, extension and Dataway, each on ports of its own. */
import type { ControlGroup } from "../support/control_group.ts";
import { type CountingDataway, startCountingDataway } from "./dataway.ts";
import { type ExtensionProcess, startExtension } from "./extension_process.ts";
import { type Platform, startPlatform } from "./platform.ts";
import { freePort } from "../support/loopback.ts";

/** An extension that is not there after this has failed, in ms. */
const LIMIT_MS = 60_000;

/** An extension between a platform and a Dataway. */
export interface Harness extends AsyncDisposable {
  readonly platform: Platform;
  readonly dataway: CountingDataway;
  readonly extension: ExtensionProcess;
  /** Waits, but not longer than the extension runs or a minute. */
  until<T>(promise: Promise<T>): Promise<T>;
}

/** Starts the three; `none` names no Dataway, so nothing can be sent. */
export async function startHarness(
  path: string,
  dataway: "none" | "fast",
  env: Readonly<Record<string, string>> = {},
  group?: ControlGroup,
): Promise<Harness> {
  const platform = startPlatform();
  const receiver = await startCountingDataway();
  const extension = await startExtension(path, {
    AWS_LAMBDA_RUNTIME_API: platform.address,
    ENV_HTTP_LISTEN: `0.0.0.0:${freePort()}`,
    ENV_DEFAULT_ENABLED_INPUTS: "awslambda",
    ...(dataway === "fast" ? { ENV_DATAWAY: receiver.url } : {}),
    ...env,
  }, group);
  return {
    platform,
    dataway: receiver,
    extension,
    until: async (promise) => {
      const limit = Promise.withResolvers<never>();
      const timer = setTimeout(() => limit.reject(new Error("Cannot measure: no answer in time")), LIMIT_MS);
      const died = extension.ended.then((code) => {
        throw new Error(`Cannot measure as the extension ended with code ${code}`);
      });
      try {
        return await Promise.race([promise, died, limit.promise]);
      } finally {
        clearTimeout(timer);
      }
    },
    [Symbol.asyncDispose]: async () => {
      await extension[Symbol.asyncDispose]();
      await platform[Symbol.asyncDispose]();
      await receiver[Symbol.asyncDispose]();
    },
  };
}
