import type { FakeTime } from "../support/fake_time.ts";
import type { Random } from "./random.ts";
import type { Schedule } from "./schedule.ts";

/** What all parts of one simulated sandbox share. */
export interface World {
  readonly time: FakeTime;
  /** Chances met on the way; the schedule itself was drawn from another generator. */
  readonly random: Random;
  readonly schedule: Schedule;
  /** Adds a line to the sandbox's story. */
  readonly tell: (line: string) => void;
  /** A promise was broken: the sandbox ends here. */
  readonly fail: (promise: string) => void;
  /** Counts what happened, so that a simulation in which nothing does is noticed. */
  readonly count: (what: string, by?: number) => void;
}
