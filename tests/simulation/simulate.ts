import { installFakeTime } from "../support/fake_time.ts";
import type { Mutation } from "./extension.ts";
import { runSandbox } from "./sandbox.ts";
import { createRandom } from "./random.ts";
import { createSchedule } from "./schedule.ts";

/** What came of one sandbox. */
export interface Outcome {
  /** The promise that was broken; `undefined` when all were kept. */
  readonly broken: string | undefined;
  /** The sandbox's story, a line a step, each with its time in ms. */
  readonly story: readonly string[];
}

/** Parts the chances of the way from those of the schedule. */
const CHANCES = 0x5bd1e995;

/**
 * Runs the sandbox of `seed`: the same seed, the same sandbox. While it runs the process's clocks and timers are fake.
 * @param count Told of what happens, so that it can be seen that it does.
 * @param mutation Broken parts, to see that they are noticed.
 */
export async function simulate(
  seed: number,
  count: (what: string, by?: number) => void = () => {},
  mutation: Mutation = {},
): Promise<Outcome> {
  const schedule = createSchedule(seed);
  const story = [JSON.stringify({ ...schedule, invocations: schedule.invocations.length })];
  using time = installFakeTime();
  let broken: string | undefined;
  const tell = (line: string): void => void story.push(`${Math.round(time.elapsedMs)} ${line}`);
  const fail = (promise: string): void => {
    // Not thrown: it would end up in the program's own error handling.
    broken ??= promise;
    tell(`BROKEN: ${promise}`);
  };
  const onUnhandled = (event: PromiseRejectionEvent): void => {
    event.preventDefault();
    fail(`No rejection goes unhandled: ${event.reason?.stack ?? event.reason}`);
  };
  globalThis.addEventListener("unhandledrejection", onUnhandled);
  try {
    const random = createRandom(seed ^ CHANCES);
    await runSandbox({ time, schedule, random, tell, fail, count }, mutation, () => broken !== undefined);
  } catch (error) {
    fail(`Nothing throws: ${error instanceof Error ? error.stack : error}`);
  } finally {
    globalThis.removeEventListener("unhandledrejection", onUnhandled);
  }
  return { broken, story };
}
