import { createDeadline, settledBefore } from "./deadline.ts";
import type { ExportResult } from "./exporter.ts";

export interface RetryOptions {
  /** Unix time in ms. */
  readonly now: () => number;
}

/** Wait before the second try, in ms. */
const WAIT_MS = 50;
/** A first try that took longer is not repeated, in ms: what hangs would hang again. */
const PATIENCE_MS = 250;

/** Makes a try, and perhaps a second one; none is begun once `over` has fired. */
export type Retry = (attempt: () => Promise<ExportResult>, over: AbortSignal) => Promise<ExportResult>;

/**
 * Tries once more, a moment later, when Dataway hiccups (5xx, a broken connection): after a rare invocation the next
 * flush may be hours away. Only within the flush's own time, and not against Dataway's own word (`Retry-After`). More
 * tries would spend billed time on an outage; what is not taken is held.
 */
export function createRetry(options: RetryOptions): Retry {
  const { now } = options;

  return async (attempt, over) => {
    const startedAt = now();
    const first = await attempt();
    if (first.status !== "retryable" || first.retryAfterMs !== undefined) return first;
    if (over.aborted || Math.abs(now() - startedAt) > PATIENCE_MS) return first;
    return await waited(WAIT_MS, over, now) ? await attempt() : first;
  };
}

/** Whether the wait was over before the signal fired. */
async function waited(ms: number, signal: AbortSignal, now: () => number): Promise<boolean> {
  using pause = createDeadline(ms, now);
  const over = new Promise<void>((resolve) => pause.signal.addEventListener("abort", () => resolve()));
  return await settledBefore(over, signal);
}
