import { describeError, type Logger } from "@std/log";
import type { Steps } from "../bounded_pattern.ts";

/** Does `work`; `undefined` where it throws, which is logged. */
export interface Contained {
  <T>(what: string, work: () => T): T | undefined;
  /** The same of work in steps. */
  steps<T>(what: string, work: () => Steps<T>): Steps<T | undefined>;
}

/** For what is told besides: its failure must cost neither the documented data nor anybody else's part. */
export function createContained(log: Pick<Logger, "error">): Contained {
  function failed(what: string, error: unknown): undefined {
    log.error(`${what} failed`, { error: describeError(error) });
  }

  function contained<T>(what: string, work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      return failed(what, error);
    }
  }

  function* steps<T>(what: string, work: () => Steps<T>): Steps<T | undefined> {
    try {
      return yield* work();
    } catch (error) {
      return failed(what, error);
    }
  }

  return Object.assign(contained, { steps });
}
