import { assertEquals } from "@std/assert";
import { readAwsLambdaConfig } from "../../src/config/awslambda.ts";
import type { LogMetricsConfig } from "../../src/config/log_metrics.ts";
import type { PlatformLine } from "../../src/config/platform_lines.ts";
import { createSettingReader } from "../../src/config/reader.ts";

const NO_PLATFORM_LINES: ReadonlySet<PlatformLine> = new Set();
const NO_LOG_METRICS: LogMetricsConfig = { formats: new Set(), keepLines: true };

Deno.test("readAwsLambdaConfig() collects everything by default", () => {
  assertEquals(readAwsLambdaConfig(createSettingReader({})), {
    schema: "documented",
    logs: true,
    metrics: true,
    extensionLogs: false,
    handledErrors: "platform",
    multiLine: { kind: "auto" },
    logRules: [{ mask: "secrets" }],
    platformLines: NO_PLATFORM_LINES,
    logMetrics: NO_LOG_METRICS,
    trace: "auto",
    traceShare: 1,
    logTraceId: true,
    estimatedCost: false,
    prices: {},
    usage: false,
    useNowTime: false,
    globalTags: new Map(),
  });
});

Deno.test("readAwsLambdaConfig() reads every setting", () => {
  const env = {
    ENV_AWSLAMBDA_SCHEMA: "DataKit",
    ENV_ENABLE_LOG_COLLECTION: "false",
    ENV_ENABLE_METRIC_COLLECTION: "false",
    ENV_AWSLAMBDA_EXTENSION_LOGS: "true",
    ENV_AWSLAMBDA_ESTIMATED_COST: "true",
    ENV_AWSLAMBDA_PRICE_GB_SECOND: "0.00002",
    ENV_AWSLAMBDA_USAGE: "true",
    ENV_USE_NOW_TIME_INSTEAD: "true",
    ENV_GLOBAL_HOST_TAGS: "team=core",
    ENV_GLOBAL_TAGS: "team=old",
    ENV_HOSTNAME: "h0",
  };
  assertEquals(readAwsLambdaConfig(createSettingReader(env)), {
    schema: "datakit",
    logs: false,
    metrics: false,
    extensionLogs: true,
    // DataKit knows the platform's status only.
    handledErrors: "nowhere",
    multiLine: { kind: "auto" },
    logRules: [{ mask: "secrets" }],
    platformLines: NO_PLATFORM_LINES,
    logMetrics: NO_LOG_METRICS,
    trace: "off",
    traceShare: 1,
    logTraceId: true,
    estimatedCost: true,
    prices: { gbSecond: 0.00002 },
    usage: true,
    useNowTime: true,
    globalTags: new Map([["team", "core"]]),
    hostname: "h0",
  });
});

Deno.test("readAwsLambdaConfig() takes the older name of the tags, and a choice about handled errors", () => {
  const config = readAwsLambdaConfig(
    createSettingReader({
      ENV_AWSLAMBDA_SCHEMA: "datakit",
      ENV_GLOBAL_TAGS: "team=old",
      ENV_AWSLAMBDA_COUNT_HANDLED_ERRORS: "true",
    }),
  );
  assertEquals(config.globalTags, new Map([["team", "old"]]));
  assertEquals(config.handledErrors, "platform");
});

Deno.test("readAwsLambdaConfig() reports what it cannot use and goes on", () => {
  const read = createSettingReader({ ENV_AWSLAMBDA_SCHEMA: "v3", ENV_ENABLE_LOG_COLLECTION: "maybe" });
  const config = readAwsLambdaConfig(read);
  assertEquals([config.schema, config.logs], ["documented", true]);
  assertEquals(read.problems.map((problem) => problem.name), [
    "ENV_AWSLAMBDA_SCHEMA",
    "ENV_ENABLE_LOG_COLLECTION",
  ]);
});
