import { createDeadline, type Deadline } from "../pipeline/deadline.ts";

/**
 * A signal that fires with any of `signals`, or after `timeoutMs` with a `TimeoutError` that says what did not come.
 * Like {@link createDeadline} it survives a freeze: an answer that came meanwhile is still read.
 */
export function boundSignal(
  signals: readonly AbortSignal[],
  timeoutMs: number,
  now?: () => number,
  what = "answer",
): Deadline {
  return createDeadline(timeoutMs, now, `No ${what} within ${timeoutMs} ms`, signals);
}
