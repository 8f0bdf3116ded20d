import { type LogMetricsConfig, readLogMetricsConfig } from "./log_metrics.ts";
import { readLogRules } from "./log_rules.ts";
import { type PlatformLine, readPlatformLines } from "./platform_lines.ts";
import { readTelemetryChoice, type TelemetryChoice } from "./listeners.ts";
import { readPattern } from "./pattern.ts";
import type { SettingReader } from "./reader.ts";

/** `documented`: as the product document says. `datakit`: as DataKit 1.84 emits, for dashboards built on its data. */
export type AwsLambdaSchema = "documented" | "datakit";

/** Where handled errors are looked for. `nowhere`: only what the platform's status tells is an error. */
export type HandledErrorSource = "platform" | "lines" | "nowhere";

/** Which lines become one log. */
export type MultiLine =
  | { readonly kind: "off" }
  /** What cannot be anything but the next part of a trace. */
  | { readonly kind: "auto" }
  /** That, and every line that is not the first of a log by this pattern. */
  | { readonly kind: "first line"; readonly pattern: { test(text: string): boolean } };

/** How much of the platform's trace is made. `auto`: no root of our own once a tracer was seen. */
export type TraceMode = "auto" | "full" | "off";

/** Settings of what is made of Lambda's telemetry. */
export interface AwsLambdaConfig extends TelemetryChoice {
  readonly schema: AwsLambdaSchema;
  /** Where handlers' exceptions are looked for, of which the platform's status says nothing. */
  readonly handledErrors: HandledErrorSource;
  /** Which lines of a log become one. */
  readonly multiLine: MultiLine;
  /** Rules for logs, as the user wrote them. */
  readonly logRules: readonly unknown[];
  /** Lines of the platform that become logs. */
  readonly platformLines: ReadonlySet<PlatformLine>;
  /** Metrics that are looked for in the function's log. */
  readonly logMetrics: LogMetricsConfig;
  /** How much of the platform's trace is made of each invocation. */
  readonly trace: TraceMode;
  /** Part of the traces without an error that is kept, 0 to 1. */
  readonly traceShare: number;
  /** Functions' logs that name no trace carry that of their request. */
  readonly logTraceId: boolean;
  /** Tell what each request costs by AWS's list prices. */
  readonly estimatedCost: boolean;
  /** In place of the list, in the user's currency. */
  readonly prices: { readonly request?: number; readonly gbSecond?: number };
  /** Tell CPU, memory and `/tmp` of each invocation. */
  readonly usage: boolean;
  /** Stamp points with the time of arrival. */
  readonly useNowTime: boolean;
  /** The user's tags for everything. */
  readonly globalTags: ReadonlyMap<string, string>;
  /** Missing when the system's own name is to be used. */
  readonly hostname?: string;
}

/** Reads `ENV_AWSLAMBDA_*` and DataKit's names for the same matters. */
export function readAwsLambdaConfig(read: SettingReader): AwsLambdaConfig {
  const schema = read.choice("ENV_AWSLAMBDA_SCHEMA", ["documented", "datakit"] as const, {
    default: "documented",
    description: "Names and types of metrics and logs: as documented, or as DataKit 1.84 emits them",
  });
  const hostname = read.text("ENV_HOSTNAME", { default: "", description: "Value of the tag `host`" });
  return {
    schema,
    ...readTelemetryChoice(read),
    handledErrors: readHandledErrors(read, schema),
    multiLine: readMultiLine(read),
    logRules: readLogRules(read),
    platformLines: readPlatformLines(read),
    logMetrics: readLogMetricsConfig(read),
    trace: read.choice("ENV_AWSLAMBDA_TRACE", ["auto", "full", "off"] as const, {
      // DataKit makes none.
      default: schema === "documented" ? "auto" : "off",
      description:
        "A trace of each invocation from what Lambda tells, without a tracer: 1 span each, 2 to 4 for a cold start. " +
        "`auto`: the invocation (where no tracer is seen), its cold start or restore; `full`: also the response and " +
        "what extensions took; `off`: none (default with the schema `datakit`)",
    }),
    traceShare: read.decimal("ENV_AWSLAMBDA_TRACE_SAMPLER", {
      default: 1,
      min: 0,
      max: 1,
      description:
        "Part of these traces that is kept, by trace id; those with an error or a cold start always are",
    }),
    logTraceId: read.boolean("ENV_AWSLAMBDA_LOG_TRACE_ID", {
      default: true,
      description:
        "With these traces, `trace_id` and `span_id` on each log of the function that names none: the tracer's where " +
        "it has told them, else Lambda's",
    }),
    ...readUsage(read),
    useNowTime: read.boolean("ENV_USE_NOW_TIME_INSTEAD", {
      default: false,
      description: "Stamp Lambda metrics and logs with the time of arrival instead of the event's",
    }),
    globalTags: readGlobalTags(read),
    ...(hostname === "" ? {} : { hostname }),
  };
}

function readUsage(read: SettingReader): Pick<AwsLambdaConfig, "estimatedCost" | "prices" | "usage"> {
  const estimatedCost = read.boolean("ENV_AWSLAMBDA_ESTIMATED_COST", {
    default: false,
    description:
      "Tell with each report what it cost: `estimated_cost_usd`, `init_cost_usd`, `extension_billed_ms`. An estimate: " +
      "list price, first tier",
  });
  const price = (name: string, description: string): number | undefined =>
    read.decimal(name, { default: 0, min: 0, description }) || undefined;
  const gbSecond = price("ENV_AWSLAMBDA_PRICE_GB_SECOND", "Price of a GB-second for it; 0: AWS's list");
  const request = price("ENV_AWSLAMBDA_PRICE_REQUEST", "Price of a request for it; 0: AWS's list");
  return {
    estimatedCost,
    prices: {
      ...(gbSecond === undefined ? {} : { gbSecond }),
      ...(request === undefined ? {} : { request }),
    },
    usage: read.boolean("ENV_AWSLAMBDA_USAGE", {
      default: false,
      description:
        "Tell what the sandbox used in each invocation (CPU, memory, `/tmp`), and how sandboxes ended",
    }),
  };
}

function readHandledErrors(read: SettingReader, schema: AwsLambdaSchema): HandledErrorSource {
  const counts = read.boolean("ENV_AWSLAMBDA_COUNT_HANDLED_ERRORS", {
    // DataKit knows the platform's status only.
    default: schema === "documented",
    description:
      "Count a handler's exception in `errors`, as CloudWatch does: Lambda's status is `success` (default false with " +
      "the schema `datakit`)",
  });
  const source = read.choice("ENV_AWSLAMBDA_HANDLED_ERRORS", ["platform", "lines"] as const, {
    default: "platform",
    description:
      "What tells of a handler's exception: `platform`: that Lambda reports no response, and the runtime's " +
      "own line where it reports none at all; `lines`: those lines alone",
  });
  return counts ? source : "nowhere";
}

function readMultiLine(read: SettingReader): MultiLine {
  const name = "ENV_AWSLAMBDA_LOG_MULTILINE";
  const text = read.text(name, {
    default: "auto",
    description:
      "Lines that are one log: `auto`: those of a stack trace; `off`: none; or a regular expression for the " +
      "first line of each log, which all others continue",
  });
  const kind = text.toLowerCase();
  if (kind === "auto" || kind === "off") return { kind };
  const [pattern] = readPattern(read, name, text);
  return pattern === undefined ? { kind: "auto" } : { kind: "first line", pattern };
}

function readGlobalTags(read: SettingReader): ReadonlyMap<string, string> {
  const tags = read.pairs("ENV_GLOBAL_HOST_TAGS", { description: "Tags for everything that is sent" });
  const deprecated = read.pairs("ENV_GLOBAL_TAGS", {
    description: "Older name of `ENV_GLOBAL_HOST_TAGS`, used when that is empty",
  });
  return tags.size > 0 ? tags : deprecated;
}
