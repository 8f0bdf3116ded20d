import type { StatsdConfig } from "../../config/statsd.ts";

/** Where a metric is stored. */
export interface MetricName {
  readonly measurement: string;
  readonly field: string;
}

/**
 * Names as DataKit does: dots become the separator, whose first occurrence parts measurement and field; a name
 * without one stands for both. With mappings, only these part a name.
 * @see `spec/datakit.md` 6.3
 */
export function nameMetric(
  name: string,
  config: Pick<StatsdConfig, "separator" | "mappings" | "dialect">,
): MetricName {
  const { separator, mappings } = config;
  const full = (config.dialect === "etsy" ? cleanUp(name) : name).replaceAll(".", separator);
  if (mappings.length > 0) {
    for (const { prefix, measurement } of mappings) {
      const start = prefix.replaceAll(".", separator);
      if (full.startsWith(start)) return { measurement, field: full.slice(start.length) || full };
    }
    return { measurement: full, field: full };
  }
  const at = full.indexOf(separator);
  const field = full.slice(at + separator.length);
  return at <= 0 || field === ""
    ? { measurement: full, field: full }
    : { measurement: full.slice(0, at), field };
}

/** Etsy's server makes names fit for Graphite. A name of nothing else stays as it is. */
function cleanUp(name: string): string {
  return name.replace(/\s+/g, "_").replaceAll("/", "-").replace(/[^\w.;=-]/g, "") || name;
}
