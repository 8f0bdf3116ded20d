/**
 * Time that long work may take before the event loop has to run: telemetry, `next` and other clients go on in between.
 * One for each request.
 */
export interface TimeSlice {
  /** Whether it is over. Costs a look at the clock, so it is asked after some work, not after each item. */
  isOver(): boolean;
  /** Lets everything else run, and begins the next slice. */
  pause(): Promise<void>;
}

/**
 * Requests hold the loop so long at a time, in ms. A step more may follow, and an invocation needs some five turns of
 * the loop from its telemetry to `next`.
 */
const SLICE_MS = 5;

/**
 * Work that was paused, the longest first. Each turn of the loop gives one slice, or twenty requests at a time would
 * hold it for twenty slices.
 */
const paused: (() => void)[] = [];

/** A slice that begins now; with no time in it where others wait for theirs. */
export function createTimeSlice(): TimeSlice {
  let endAt = paused.length === 0 ? performance.now() + SLICE_MS : -Infinity;
  return {
    isOver: () => performance.now() >= endAt,
    pause: () =>
      new Promise((resolve) => {
        paused.push(() => {
          endAt = performance.now() + SLICE_MS;
          resolve();
        });
        // Not `setImmediate`: the runtime looks at its sockets only now and then while there is always one.
        if (paused.length === 1) setTimeout(resumeNext, 0);
      }),
  };
}

function resumeNext(): void {
  paused.shift()?.();
  if (paused.length > 0) setTimeout(resumeNext, 0);
}
