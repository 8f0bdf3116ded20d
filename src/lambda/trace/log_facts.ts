/** What logs tell the platform's trace: why a handler failed, and which durable execution it is a part of. */
import { readDurableExecution } from "../durable_execution.ts";
import type { AssembledLog } from "../lines/assembler.ts";
import { type LogPointOptions, ruled } from "../log_points.ts";
import { readStack } from "./failure_stack.ts";
import type { PlatformTrace } from "./platform_trace.ts";

/** Longest text of an error's message and of its stack, in UTF-16 units. */
const MAX_MESSAGE = 1024;
const MAX_STACK = 8192;

/** Tells what a complete log says of its request; its texts are masked as the log itself is. */
export function tellTrace(
  trace: PlatformTrace,
  log: AssembledLog,
  { rules, isCold }: Pick<LogPointOptions, "rules" | "isCold">,
): void {
  const { from, requestId, failure, line } = log;
  if (from !== "function" || requestId === undefined) return;
  const { members } = line;
  const execution = members === undefined ? undefined : readDurableExecution(members);
  if (execution !== undefined) trace.belongsTo(requestId, execution);
  if (failure === undefined) return;
  const seen = ruled(log, "error", isCold);
  const masked = (text: string | undefined, key: string, max: number): string | undefined => {
    if (text === undefined || rules === undefined) return text?.slice(0, max);
    const decision = rules.apply(seen, text);
    // What the user does not want as a log is not told as a part of a span.
    if (!decision.kept) return undefined;
    return (decision.mask?.(text, key) ?? decision.text).slice(0, max);
  };
  trace.failed(requestId, {
    type: failure.type,
    message: masked(failure.message, "error_message", MAX_MESSAGE),
    stack: masked(readStack(log), "error_stack", MAX_STACK),
  });
}
