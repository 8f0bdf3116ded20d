/** Loads what tells cost and use, where it is on: a function that has not asked for it does not wait for it. */
import { describeError, type Logger } from "@std/log";
import type { AwsLambdaConfig } from "../../config/awslambda.ts";
import type { ReceiverUsageOptions } from "./receiver_usage.ts";
import type { UsageFigures } from "./usage_figures.ts";

export interface LoadUsageOptions extends ReceiverUsageOptions {
  readonly config: ReceiverUsageOptions["config"] & Pick<AwsLambdaConfig, "metrics">;
  readonly log: Logger;
}

/** `undefined` when it is off. Never rejects: what cannot be loaded is off, and said so. */
export async function loadUsage(options: LoadUsageOptions): Promise<UsageFigures | undefined> {
  const { config, log } = options;
  if (!config.metrics || !(config.estimatedCost || config.usage)) return undefined;
  try {
    // One file, as its parts are never wanted alone.
    return (await import("./receiver_usage.ts")).createReceiverUsage(options);
  } catch (error) {
    log.error("Cost and usage are off as they could not be loaded", { error: describeError(error) });
    return undefined;
  }
}

/** The processor as AWS names it. */
export function architectureName(architecture: typeof Deno.build.arch = Deno.build.arch): string {
  return architecture === "aarch64" ? "arm64" : architecture;
}
