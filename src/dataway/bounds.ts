import { createDeadline, type LinkedSignal, linkSignals } from "../pipeline/deadline.ts";

/**
 * A signal that fires with any of `signals`, or after `timeoutMs` with a `TimeoutError` that says what did not come.
 * Like {@link createDeadline} it survives a freeze: an answer that came meanwhile is still read.
 */
export function boundSignal(
  signals: readonly AbortSignal[],
  timeoutMs: number,
  now?: () => number,
  what = "answer",
): LinkedSignal {
  const deadline = createDeadline(timeoutMs, now, `No ${what} within ${timeoutMs} ms`);
  const linked = linkSignals(...signals, deadline.signal);
  return {
    signal: linked.signal,
    [Symbol.dispose](): void {
      deadline[Symbol.dispose]();
      linked[Symbol.dispose]();
    },
  };
}
