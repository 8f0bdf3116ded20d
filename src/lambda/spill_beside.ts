/**
 * Puts data away for some time, of which it says how much there is. `comesAgain`: the rest is asked for again soon.
 * Returns whether there is a rest.
 */
export type Spill = (maxMs: number, last: boolean, comesAgain: boolean) => boolean | undefined;

/** Puts data away beside the function, in steps in between which its telemetry is taken. */
export interface SpillBeside {
  /** Goes on until nothing is left, for a tenth of a second at most. Never throws if `spill` does not. */
  start(): void;
  /** What is left is put away otherwise. */
  stop(): void;
}

/** Longest time that is spent on it at a time, in ms, and one file more. */
const STEP_MS = 8;
/** Longest time from its start, in ms. */
const MAX_MS = 100;

/** Nothing is put away yet. `now`: Unix time in ms. */
export function createSpillBeside(spill: Spill, now: () => number): SpillBeside {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let endAt = -Infinity;

  function step(): void {
    timer = undefined;
    const comesAgain = now() + STEP_MS < endAt;
    if (spill(STEP_MS, false, comesAgain) === true && comesAgain) timer = setTimeout(step, 0);
  }

  return {
    start: () => {
      endAt = now() + MAX_MS;
      if (timer === undefined) step();
    },
    stop: () => {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
