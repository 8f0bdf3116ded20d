/** Long work beside the event loop's: one piece after the other, each in slices of time, ended by signals. */
import { createSendingSlice } from "../time_slice.ts";
import { settledBefore } from "./deadline.ts";

/** Begins work once what came before is over; `undefined`: `signal` fired before. */
export type Turns = <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T | undefined>;

/** Turns in the order in which they were asked for. */
export function createTurns(): Turns {
  let last: Promise<unknown> = Promise.resolve();
  return async (work, signal) => {
    const before = last;
    const own = Promise.withResolvers<void>();
    last = before.then(() => own.promise);
    try {
      return await settledBefore(before, signal) ? await work() : undefined;
    } finally {
      own.resolve();
    }
  };
}

/** Runs steps to their end, and lets everything else run in between; `undefined`: `signal` fired before. */
export async function inSlices<T>(
  steps: Generator<undefined, T>,
  signal: AbortSignal,
): Promise<T | undefined> {
  const slice = createSendingSlice();
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (slice.isOver() && !await settledBefore(slice.pause(), signal)) return undefined;
  }
}
