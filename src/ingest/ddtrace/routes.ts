/** The paths of the trace agent's port, each written once: what is served is what `/info` names, and the other way round. */

/** The trace routes there are, as in their paths. */
export const TRACE_VERSIONS = ["v0.3", "v0.4", "v0.5", "v0.7", "v1.0"] as const;
export type TraceVersion = typeof TRACE_VERSIONS[number];

export const INFO_PATH = "/info";
/** Remote configuration, which is always empty. */
export const CONFIG_PATH = "/v0.7/config";
export const SERVICES_PATHS: readonly string[] = ["/services", "/v0.3/services", "/v0.4/services"];
/** StatsD by HTTP. */
export const STATSD_PATH = "/dogstatsd/v2/proxy";
export const OLD_STATSD_PATH = "/dogstatsd/v1/proxy";

/** What has no place in a workspace without Datadog's products. Tracers get a plain success and stay silent. */
export const UNKEPT_PATHS: readonly string[] = [
  "/v0.6/stats",
  "/telemetry/proxy/*",
  "/evp_proxy/*",
  "/profiling/*",
  "/debugger/*",
  "/symdb/*",
  "/v0.1/pipeline_stats",
  "/openlineage/*",
  "/tracer_flare/*",
];

/**
 * What `/info` names. Endpoints left out are off in the tracers. `/v0.6/stats` must stay out: with it, clients drop
 * spans they counted.
 */
export const NAMED_PATHS: readonly string[] = [...TRACE_VERSIONS.map(tracesPath), STATSD_PATH];

export function tracesPath(version: TraceVersion): string {
  return `/${version}/traces`;
}
