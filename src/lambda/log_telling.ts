/** Tells a complete log: its point, and what it says to the platform's trace. What fails of it costs only itself. */
import { finish, type Steps } from "../bounded_pattern.ts";
import type { LogRules } from "../log_rules/rules.ts";
import type { Intake } from "../pipeline/receiver.ts";
import type { Contained } from "./contained.ts";
import type { AssembledLog } from "./lines/assembler.ts";
import type { LogPointOptions, LogPoints } from "./log_points.ts";
import type { ReceiverTrace } from "./trace/receiver_trace.ts";

export interface LogTellingOptions extends Pick<Intake, "refuse">, Pick<LogPointOptions, "isCold"> {
  /** `undefined`: logs are not wanted. */
  readonly logPoints: LogPoints | undefined;
  readonly rules: LogRules | undefined;
  readonly trace: ReceiverTrace | undefined;
  readonly contained: Contained;
  /** The time to write for one, Unix time in ns. */
  readonly stamp: (timeNs: bigint) => bigint;
}

/** A longer line is written in steps, as rules may take some microseconds for each of its UTF-16 units. */
const LONG_LINE = 8 * 1024;

/** Tells a log at once, or gives the steps that do. */
export function createLogTelling(
  { logPoints, rules, trace, isCold, contained, stamp, refuse }: LogTellingOptions,
): (log: AssembledLog) => Steps<void> | undefined {
  const facts = { rules, isCold };

  /** Nearly all logs are such lines, for which steps cost more than they bring. */
  function tellPlainLine(log: AssembledLog): undefined {
    if (trace !== undefined) contained("The platform's trace", () => finish(trace.tell(log, facts)));
    if (logPoints === undefined) return;
    const isDone = contained("Writing a log", () => {
      logPoints.write(log, stamp(log.timeNs));
      return true;
    });
    if (isDone !== true) refuse("malformed");
  }

  function* tellInSteps(log: AssembledLog): Steps<void> {
    if (trace !== undefined) yield* contained.steps("The platform's trace", () => trace.tell(log, facts));
    if (logPoints === undefined) return;
    const isDone = yield* contained.steps("Writing a log", function* (): Steps<boolean> {
      yield* logPoints.writeSteps(log, stamp(log.timeNs));
      return true;
    });
    if (isDone !== true) refuse("malformed");
  }

  return (log) => isPlainLine(log) ? tellPlainLine(log) : tellInSteps(log);
}

/** A short line of text alone. */
function isPlainLine({ line, failure, texts }: AssembledLog): boolean {
  return line.members === undefined && failure === undefined && texts === undefined &&
    line.message.length <= LONG_LINE;
}
