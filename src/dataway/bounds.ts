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
  const timeout = new AbortController();
  const deadline = createDeadline(timeoutMs, now);
  const linked = linkSignals(...signals, timeout.signal);
  deadline.signal.addEventListener("abort", () => {
    timeout.abort(new DOMException(`No ${what} within ${timeoutMs} ms`, "TimeoutError"));
  });
  return {
    signal: linked.signal,
    [Symbol.dispose](): void {
      deadline[Symbol.dispose]();
      linked[Symbol.dispose]();
    },
  };
}
