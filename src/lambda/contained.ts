import { describeError, type Logger } from "@std/log";

/** Does `work`; `undefined` where it throws, which is logged. */
export type Contained = <T>(what: string, work: () => T) => T | undefined;

/** For what is told besides: its failure must cost neither the documented data nor anybody else's part. */
export function createContained(log: Pick<Logger, "error">): Contained {
  return (what, work) => {
    try {
      return work();
    } catch (error) {
      log.error(`${what} failed`, { error: describeError(error) });
      return undefined;
    }
  };
}
