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
  return createDeadline(timeoutMs, now, late(what, timeoutMs), signals);
}

function late(what: string, timeoutMs: number): string {
  return `No ${what} within ${timeoutMs} ms`;
}

/** Bounds of uploads that listen to one signal. */
export type SharedBounds = (signal: AbortSignal, timeoutMs: number) => Deadline;

/** The uploads of a flush begin one after the other, each once its body is made: so much longer each may take. In ms. */
const TOGETHER_MS = 5;

/**
 * Bounds as {@link boundSignal} makes them, each of `signal`, `closing` and the time, but one for all uploads that begin
 * together: a signal, a timer and what listens to it cost each of them 5 % of an invocation's CPU.
 */
export function createSharedBounds(closing: AbortSignal, now: () => number): SharedBounds {
  let latest: SharedBound | undefined;

  return (signal, timeoutMs) => {
    if (latest === undefined || !latest.serves(signal, timeoutMs)) {
      // None is cut before its own time: Dataway may take it yet, and would be sent it twice.
      const deadline = createDeadline(timeoutMs + TOGETHER_MS, now, late("answer", timeoutMs), [
        signal,
        closing,
      ]);
      latest = sharedBound(signal, timeoutMs, deadline, now);
    }
    return latest.lend();
  };
}

interface SharedBound {
  /** Whether an upload that begins now may have it. */
  serves(signal: AbortSignal, timeoutMs: number): boolean;
  lend(): Deadline;
}

/** It is let go with the last of its users, and has no others then. */
function sharedBound(of: AbortSignal, ofMs: number, deadline: Deadline, now: () => number): SharedBound {
  // In Unix time: the other clock may stand still in a freeze, and what follows a freeze has its whole time.
  const begunAt = now();
  let users = 0;
  let isOver = false;

  function letGo(): void {
    if (--users > 0) return;
    isOver = true;
    deadline[Symbol.dispose]();
  }

  return {
    serves: (signal, timeoutMs) =>
      !isOver && signal === of && timeoutMs === ofMs && Math.abs(now() - begunAt) <= TOGETHER_MS,
    lend: () => {
      users++;
      return { signal: deadline.signal, [Symbol.dispose]: letGo };
    },
  };
}
