import type { SettingReader } from "./reader.ts";
import { parseKnown, readWords } from "./words.ts";

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
  const formats = readWords(read, name, {
    default: ["off"],
    description:
      "Metrics that the function writes into its log: `emf` (CloudWatch's embedded metric format, as Powertools " +
      "writes it), `datadog` (lines of Datadog's Lambda libraries), or both; `off`: none",
    parse: parseKnown(LOG_METRIC_FORMATS, ["off"]),
    complain: (quoted) =>
      `Cannot use ${quoted} of ${name} as it must be one of ${LOG_METRIC_FORMATS.join(", ")} or off`,
  });
  const keepLines = read.boolean("ENV_AWSLAMBDA_METRICS_FROM_LOGS_KEEP_LINES", {
    default: true,
    description: "Keep lines with such metrics as logs too; otherwise they count as `refused_filtered`",
  });
  return { formats: new Set(formats), keepLines };
}
