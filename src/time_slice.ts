import { hasQueue, queuedTurn } from "./loop_turn.ts";

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
 * Requests hold the loop so long at a time, in ms. A step more may follow, and a collection of V8's, 8 to 14 ms, may fall
 * into it: 20 ms are what others may have to wait.
 */
const SLICE_MS = 3;
/** The same for what sends. A body of an upload's usual size takes some 5 ms; a pause is 0.02. In ms. */
const SENDING_SLICE_MS = 4;

/**
 * Longest that one request's work waits in all for what it has filled to be sent, and how often that is looked at. It is
 * the client that waits, of whom a function's end may be waiting in turn. In ms.
 */
const MAX_FILLING_MS = 500;
const FILLING_LOOK_MS = 5;

/**
 * A slice that begins now; with no time in it where others wait for theirs. While `isFilling` tells so, the next slice
 * waits for some time: one body may have more points than there is room for, and what it fills is being sent.
 */
export function createTimeSlice(isFilling: () => boolean = () => false): TimeSlice {
  const slice = sliceOf(SLICE_MS, hasQueue());
  let waitLeftMs = MAX_FILLING_MS;

  async function drained(): Promise<void> {
    const since = performance.now();
    let waitedMs = 0;
    while (waitedMs < waitLeftMs && isFilling()) {
      await new Promise((resolve) => setTimeout(resolve, FILLING_LOOK_MS));
      waitedMs = performance.now() - since;
    }
    waitLeftMs -= waitedMs;
  }

  return {
    isOver: slice.isOver,
    pause: () => waitLeftMs > 0 && isFilling() ? drained().then(slice.pause) : slice.pause(),
  };
}

/**
 * A slice of work that sends what requests have brought, one such work at a time: it begins although they wait, or more
 * would come in than goes out, until clients have to wait while nothing is done.
 */
export function createSendingSlice(): TimeSlice {
  return sliceOf(SENDING_SLICE_MS, false);
}

function sliceOf(ms: number, waits: boolean): TimeSlice {
  let endAt = waits ? -Infinity : performance.now() + ms;
  return {
    isOver: () => performance.now() >= endAt,
    pause: async () => {
      await queuedTurn();
      endAt = performance.now() + ms;
    },
  };
}
