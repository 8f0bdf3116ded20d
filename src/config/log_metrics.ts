import type { SettingReader } from "./reader.ts";

/** How a function may write metrics into its log. */
const LOG_METRIC_FORMATS = ["emf", "datadog"] as const;
export type LogMetricFormat = (typeof LOG_METRIC_FORMATS)[number];

/** Metrics out of the function's log. */
export interface LogMetricsConfig {
  /** Empty: none are looked for. */
  readonly formats: ReadonlySet<LogMetricFormat>;
  /** Whether lines with such metrics are logs as well. */
  readonly keepLines: boolean;
}

/** Reads what metrics are looked for in the log. */
export function readLogMetricsConfig(read: SettingReader): LogMetricsConfig {
  const name = "ENV_AWSLAMBDA_METRICS_FROM_LOGS";
  const words = read.list(name, {
    default: ["off"],
    description:
      "Metrics that the function writes into its log: `emf` (CloudWatch's embedded metric format, as Powertools " +
      "writes it), `datadog` (lines of Datadog's Lambda libraries), or both; `off`: none",
  });
  const formats = new Set<LogMetricFormat>();
  for (const word of words.map((each) => each.toLowerCase())) {
    const format = LOG_METRIC_FORMATS.find((known) => known === word);
    if (format !== undefined) formats.add(format);
    else if (word !== "off") {
      read.problem({
        name,
        message: `Cannot use ${read.quote(word)} of ${name} as it must be one of ${
          LOG_METRIC_FORMATS.join(", ")
        } or off`,
        used: "the others",
      });
    }
  }
  const keepLines = read.boolean("ENV_AWSLAMBDA_METRICS_FROM_LOGS_KEEP_LINES", {
    default: true,
    description: "Keep lines with such metrics as logs too; otherwise they count as `refused_filtered`",
  });
  return { formats, keepLines };
}
