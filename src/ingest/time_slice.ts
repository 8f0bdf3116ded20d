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

/** A request holds the loop so long at a time, in ms: half of what is promised, as one step more may follow. */
const SLICE_MS = 10;

/** A slice that begins now. */
export function createTimeSlice(): TimeSlice {
  let endAt = performance.now() + SLICE_MS;
  return {
    isOver: () => performance.now() >= endAt,
    pause: async () => {
      await new Promise((resolve) => setTimeout(resolve, 0));
      endAt = performance.now() + SLICE_MS;
    },
  };
}
