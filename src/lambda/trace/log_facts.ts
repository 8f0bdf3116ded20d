/** What logs tell the platform's trace: why a handler failed, and which durable execution it is a part of. */
import type { Steps } from "../../bounded_pattern.ts";
import { readDurableExecution } from "../durable_execution.ts";
import type { AssembledLog } from "../lines/assembler.ts";
import { type LogPointOptions, ruled } from "../log_points.ts";
import { readStack } from "./failure_stack.ts";
import type { PlatformTrace } from "./platform_trace.ts";

/** Longest text of an error's message and of its stack, in UTF-16 units. */
const MAX_MESSAGE = 1024;
const MAX_STACK = 8192;

/** Tells what a complete log says of its request; its texts are masked as the log itself is. */
export function* tellTrace(
  trace: PlatformTrace,
  log: AssembledLog,
  { rules, isCold }: Pick<LogPointOptions, "rules" | "isCold">,
): Steps<void> {
  const { from, requestId, failure, line } = log;
  if (from !== "function" || requestId === undefined) return;
  const { members } = line;
  const execution = members === undefined ? undefined : readDurableExecution(members);
  if (execution !== undefined) trace.belongsTo(requestId, execution);
  if (failure === undefined) return;
  const seen = ruled(log, "error", isCold);
  function* masked(text: string | undefined, key: string, max: number): Steps<string | undefined> {
    if (text === undefined || rules === undefined) return text?.slice(0, max);
    const decision = yield* rules.applySteps(seen, text);
    // What the user does not want as a log is not told as a part of a span.
    if (!decision.kept) return undefined;
    const told = decision.mask === undefined ? decision.text : yield* decision.mask.steps(text, key);
    return told.slice(0, max);
  }
  trace.failed(requestId, {
    type: failure.type,
    message: yield* masked(failure.message, "error_message", MAX_MESSAGE),
    stack: yield* masked(readStack(log), "error_stack", MAX_STACK),
  });
}
