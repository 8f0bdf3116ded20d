/**
 * The fields of `awslambda-metric`, as of the schema `documented`. The one list: what makes points may use no other
 * name, and what shows them (`layer/guance/`) must know each.
 */
export const METRIC_FIELDS = [
  "invocations",
  "errors",
  "timeouts",
  "out_of_memory",
  "cold_starts",
  "duration_ms",
  "billed_duration_ms",
  "runtime_duration_ms",
  "post_runtime_duration",
  "response_latency",
  "response_duration_ms",
  "runtime_overhead_ms",
  "extension_overhead_ms",
  "init_duration_ms",
  "restore_duration_ms",
  "memory_size_mb",
  "max_memory_used_mb",
  "produced_bytes",
  "logs_dropped_records",
  "logs_dropped_bytes",
  "estimated_cost_usd",
  "init_cost_usd",
  "extension_billed_ms",
  "cpu_user_ms",
  "cpu_system_ms",
  "cpu_total_ms",
  "cpu_utilization_pct",
  "sandbox_memory_used_mb",
  "sandbox_memory_total_mb",
  "tmp_used_bytes",
  "tmp_free_bytes",
  "shutdowns",
  "unused_init",
] as const;

/** A field's name. */
export type MetricField = (typeof METRIC_FIELDS)[number];

/** A figure; `undefined` when it is not known. */
export type Figure = readonly [name: MetricField, value: number | undefined];

/** Amounts that rounding to a whole number would make nothing of. All others are integers. */
export const FRACTIONS: ReadonlySet<MetricField> = new Set(["estimated_cost_usd", "init_cost_usd"]);
