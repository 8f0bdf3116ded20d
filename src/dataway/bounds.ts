import { createDeadline } from "../pipeline/deadline.ts";

/** A signal of a limited life. Disposing it stops its timer and lets go of what it listened to. */
export interface BoundedSignal extends Disposable {
  readonly signal: AbortSignal;
}

/**
 * A signal that fires with any of `signals`, or after `timeoutMs` with a `TimeoutError`. Like {@link createDeadline}
 * it survives a freeze: an answer that came meanwhile is still read.
 */
export function boundSignal(
  signals: readonly AbortSignal[],
  timeoutMs: number,
  now?: () => number,
): BoundedSignal {
  const controller = new AbortController();
  const deadline = createDeadline(timeoutMs, now);
  const cut = (event: Event): void => {
    if (event.target instanceof AbortSignal) controller.abort(event.target.reason);
  };
  deadline.signal.addEventListener("abort", () => {
    controller.abort(new DOMException(`No answer within ${timeoutMs} ms`, "TimeoutError"));
  });
  for (const signal of signals) {
    if (signal.aborted) controller.abort(signal.reason);
    else signal.addEventListener("abort", cut, { once: true });
  }
  return {
    signal: controller.signal,
    [Symbol.dispose](): void {
      deadline[Symbol.dispose]();
      for (const signal of signals) signal.removeEventListener("abort", cut);
    },
  };
}
