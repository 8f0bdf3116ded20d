/** How long work keeps the event loop at a time. */
import process from "node:process";

/** Of so many runs the best counts: what other processes and the collector take is not taken of each. */
const TRIES = 6;
/** What is promised, in ms. */
export const LONGEST_TURN_MS = 20;

/** How long {@link inSlices} keeps the loop at a time, in ms. */
const SLICE_MS = 3;

/** Does steps in slices, as the program does: nothing but a step that takes long keeps the loop for long. */
export async function inSlices<T>(steps: Generator<undefined, T>): Promise<T> {
  let beganAt = performance.now();
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (performance.now() - beganAt < SLICE_MS) continue;
    await new Promise((resolve) => setTimeout(resolve, 0));
    beganAt = performance.now();
  }
}

/**
 * The longest that `work` kept the event loop, in ms of its thread's CPU time: the least of several runs, which end once
 * it is within {@link LONGEST_TURN_MS}.
 */
export async function longestTurnMs(work: () => Promise<unknown>): Promise<number> {
  let least = Infinity;
  for (let tries = 0; tries < TRIES && least > LONGEST_TURN_MS; tries++) {
    least = Math.min(least, await longestTurnOf(work));
  }
  return least;
}

async function longestTurnOf(work: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  let before = cpuMs();
  const look = (): void => {
    const now = cpuMs();
    longest = Math.max(longest, now - before);
    before = now;
  };
  const timer = setInterval(look, 0);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  look();
  return longest;
}

/** What the kernel has counted of this thread, to the nanosecond. */
const COUNTED = "/proc/thread-self/schedstat";

function cpuMs(): number {
  // Has the kernel count what has passed since its last tick, which may be 10 ms ago.
  process.cpuUsage();
  return Number(Deno.readTextFileSync(COUNTED).split(" ")[0]) / 1e6;
}
