/** Loads what tells cost and use, where it is on: a function that has not asked for it does not wait for it. */
import { describeError, type Logger } from "@std/log";
import type { AwsLambdaConfig } from "../../config/awslambda.ts";
import type { UsageFigures } from "./usage_figures.ts";

export interface LoadUsageOptions {
  readonly config: Pick<AwsLambdaConfig, "estimatedCost" | "prices" | "usage" | "metrics">;
  /** `AWS_REGION`. */
  readonly region: string | undefined;
  /** `AWS_LAMBDA_INITIALIZATION_TYPE`. */
  readonly initializationType: string | undefined;
  readonly managedInstance: boolean;
  readonly log: Logger;
}

/** `undefined` when it is off. Never rejects: what cannot be loaded is off, and said so. */
export async function loadUsage(options: LoadUsageOptions): Promise<UsageFigures | undefined> {
  const { config, log } = options;
  if (!config.metrics || !(config.estimatedCost || config.usage)) return undefined;
  try {
    return await load(options);
  } catch (error) {
    log.error("Cost and usage are off as they could not be loaded", { error: describeError(error) });
    return undefined;
  }
}

async function load(options: LoadUsageOptions): Promise<UsageFigures> {
  const { config, region = "", initializationType, managedInstance } = options;
  const [{ pricesOf }, { createUsageFigures }, { createUsageMeter }, { SYSTEM_CALLS }] = await Promise.all([
    import("./cost.ts"),
    import("./usage_figures.ts"),
    import("./usage_meter.ts"),
    import("./system_calls.ts"),
  ]);
  const where = { region, architecture: Deno.build.arch, initializationType };
  return createUsageFigures({
    prices: config.estimatedCost ? pricesOf(where, config.prices) : undefined,
    meter: config.usage ? createUsageMeter(SYSTEM_CALLS) : undefined,
    tellsBilled: config.estimatedCost,
    managedInstance,
  });
}

/** The processor as AWS names it. */
export function architectureName(architecture: typeof Deno.build.arch = Deno.build.arch): string {
  return architecture === "aarch64" ? "arm64" : architecture;
}
