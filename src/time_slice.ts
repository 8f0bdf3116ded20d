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
/** The same for what sends: a body of an upload's usual size, which takes some 5 ms, is made in one go as a rule. In ms. */
const SENDING_SLICE_MS = 7;

/**
 * Work that was paused, the longest first. Each turn of the loop gives one slice, or twenty requests at a time would
 * hold it for twenty slices.
 */
const paused: (() => void)[] = [];

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
  const slice = sliceOf(SLICE_MS, paused.length > 0);
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
    pause: () =>
      new Promise((resolve) => {
        paused.push(() => {
          endAt = performance.now() + ms;
          resolve();
        });
        waitForTurn();
      }),
  };
}

/** Whether the next slice has its turn. */
let isWaiting = false;

/** Not by `setImmediate`: the runtime looks at its sockets only now and then while there is always one. */
function waitForTurn(): void {
  if (isWaiting || paused.length === 0) return;
  isWaiting = true;
  setTimeout(resumeNext, 0);
}

function resumeNext(): void {
  isWaiting = false;
  paused.shift()?.();
  // The next one's time begins when this slice is over: a timer that has run out by then is run before sockets are looked
  // at. A slice that is paused again sees to that; one whose work is done does not.
  if (paused.length > 0) setTimeout(waitForTurn, 0);
}
