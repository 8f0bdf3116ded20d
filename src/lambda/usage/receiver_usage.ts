/** Cost and usage as the telemetry receiver has them: by the system's own counters and AWS's list of prices. */
import type { AwsLambdaConfig } from "../../config/awslambda.ts";
import { pricesOf } from "./cost.ts";
import { SYSTEM_CALLS } from "./system_calls.ts";
import { createUsageFigures, type UsageFigures } from "./usage_figures.ts";
import { createUsageMeter } from "./usage_meter.ts";

export interface ReceiverUsageOptions {
  readonly config: Pick<AwsLambdaConfig, "estimatedCost" | "prices" | "usage">;
  /** `AWS_REGION`. */
  readonly region: string | undefined;
  /** `AWS_LAMBDA_INITIALIZATION_TYPE`. */
  readonly initializationType: string | undefined;
  readonly managedInstance: boolean;
}

/** What the settings want of them. */
export function createReceiverUsage(options: ReceiverUsageOptions): UsageFigures {
  const { config, region = "", initializationType, managedInstance } = options;
  const where = { region, architecture: Deno.build.arch, initializationType };
  return createUsageFigures({
    prices: config.estimatedCost ? pricesOf(where, config.prices) : undefined,
    meter: config.usage ? createUsageMeter(SYSTEM_CALLS) : undefined,
    tellsBilled: config.estimatedCost,
    managedInstance,
  });
}
