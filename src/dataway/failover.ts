import type { ExportResult } from "../pipeline/exporter.ts";

/** One try at an endpoint, of at most `timeLimitMs`. */
export type TryEndpoint<E> = (endpoint: E, timeLimitMs: number) => Promise<ExportResult>;

/** How long endpoints may take. */
export interface FailoverLimits {
  /** No further one is asked then. */
  readonly isOver: () => boolean;
  /** An answer that takes longer than this is not waited for where another endpoint may be asked. In ms. */
  readonly patienceMs: number;
  /** Of the last one that may be asked, in ms. */
  readonly timeoutMs: number;
}

/** Asks one endpoint after the other until one decides. */
export type Failover<E> = (attempt: TryEndpoint<E>, limits: FailoverLimits) => Promise<ExportResult>;

/**
 * An endpoint that failed stands behind the others for this long, in ms. Without it a dead first Dataway would cost
 * each upload its whole timeout; with it the user's order of preference is back a minute after the fault is gone.
 */
const COOLDOWN_MS = 60_000;

/**
 * Of several endpoints the first that is well decides: the next is asked if one is out of order or refuses the token,
 * and not if it refuses the data. They are asked in their order, but for those that failed of late: these come last, the
 * longest-failed first.
 *
 * @param now Unix time in ms.
 */
export function createFailover<E>(endpoints: readonly E[], now: () => number): Failover<E> {
  /** In the order of failure. */
  const failedAt = new Map<E, number>();

  function order(): readonly E[] {
    const at = now();
    for (const [endpoint, since] of failedAt) {
      // A clock set back must not keep an endpoint out for ever.
      if (Math.abs(at - since) >= COOLDOWN_MS) failedAt.delete(endpoint);
    }
    return [...endpoints.filter((endpoint) => !failedAt.has(endpoint)), ...failedAt.keys()];
  }

  return async (attempt, { isOver, patienceMs, timeoutMs }) => {
    const results: ExportResult[] = [];
    const asked = order();
    for (const endpoint of asked) {
      if (isOver()) {
        // Whoever was not asked may yet take what the others refused for good.
        if (results.some(({ status }) => status === "retryable")) break;
        return { status: "retryable", error: "No time left to ask the next Dataway" };
      }
      // A slow one may take it after all; but the others are there so that nothing waits for one that hangs.
      const isOnlyHope = endpoint === asked.at(-1);
      const result = await attempt(endpoint, isOnlyHope ? timeoutMs : Math.min(timeoutMs, patienceMs));
      failedAt.delete(endpoint);
      if (!isEndpointsFault(result)) return result;
      failedAt.set(endpoint, now());
      results.push(result);
    }
    return combine(results);
  };
}

/** Whether another endpoint may still take the batch: this one is out of order, or does not know the token any more. */
function isEndpointsFault(result: ExportResult): boolean {
  return result.status === "retryable" || (result.status === "failure" && result.reason !== "rejected");
}

/** One result for endpoints that all failed: worth a retry if any of them is, after the shortest wait asked for. */
function combine(results: readonly ExportResult[]): ExportResult {
  const retryable = results.filter((result) => result.status === "retryable");
  if (retryable.length === 0) return results[0] ?? { status: "retryable", error: "No Dataway to upload to" };
  const error = retryable.map((result) => result.error).join("; ");
  const waits = retryable.map((result) => result.retryAfterMs ?? 0);
  const retryAfterMs = Math.min(...waits);
  return retryAfterMs > 0 ? { status: "retryable", error, retryAfterMs } : { status: "retryable", error };
}
