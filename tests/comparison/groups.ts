import { type Group, type Input, type Variants } from "./input.ts";
import { DATAKIT_API } from "./inputs/datakit_api.ts";
import { DDTRACE } from "./inputs/ddtrace.ts";
import { OTLP_LOGS } from "./inputs/otlp_logs.ts";
import { OTLP_METRICS } from "./inputs/otlp_metrics.ts";
import { OTLP_RECORDED } from "./inputs/otlp_recorded.ts";
import { OTLP_TRACES } from "./inputs/otlp_traces.ts";
import { STATSD } from "./inputs/statsd.ts";
import { TELEMETRY } from "./inputs/telemetry.ts";

/** Everything that is compared point by point. */
export const GROUPS: readonly Group[] = [
  OTLP_RECORDED,
  OTLP_TRACES,
  OTLP_LOGS,
  OTLP_METRICS,
  DDTRACE,
  STATSD,
  DATAKIT_API,
  TELEMETRY,
];

/** The inputs of an entry, each of which must give its outcome. */
export function variantsOf(entry: Input | Variants): readonly Input[] {
  if ("requests" in entry) return [entry];
  return Object.values(entry.variants).map((requests) => ({ ...entry, requests }));
}
