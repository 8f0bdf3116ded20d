/** Loads what makes the platform's trace, where it is on: a function that has not asked for it does not wait for it. */
import { describeError, type Logger } from "@std/log";
import type { AwsLambdaConfig } from "../../config/awslambda.ts";
import type { createReceiverTrace } from "./receiver_trace.ts";

/** `undefined` when it is off. Never rejects: what cannot be loaded is off, and said so. */
export async function loadTrace(
  mode: AwsLambdaConfig["trace"],
  log: Pick<Logger, "error">,
): Promise<typeof createReceiverTrace | undefined> {
  if (mode === "off") return undefined;
  try {
    return (await import("./receiver_trace.ts")).createReceiverTrace;
  } catch (error) {
    log.error("The platform's trace is off as it could not be loaded", { error: describeError(error) });
    return undefined;
  }
}
