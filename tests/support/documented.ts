/** The product document's fields of `awslambda-metric`. */
export const DOCUMENTED_FIELDS: readonly string[] = [
  "billed_duration_ms",
  "duration_ms",
  "errors",
  "init_duration_ms",
  "invocations",
  "max_memory_used_mb",
  "memory_size_mb",
  "out_of_memory",
  "post_runtime_duration",
  "produced_bytes",
  "response_duration_ms",
  "response_latency",
  "runtime_duration_ms",
  "timeouts",
];
