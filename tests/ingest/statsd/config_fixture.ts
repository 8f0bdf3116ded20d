import type { StatsdConfig } from "../../../src/config/statsd.ts";

/** The defaults without any socket, changed by `parts`. */
export function statsdConfig(parts: Partial<StatsdConfig> = {}): StatsdConfig {
  return {
    enabled: true,
    udp: [],
    tcp: [],
    unixDatagramPath: "",
    unixStreamPath: "",
    dialect: "dogstatsd",
    tagStyle: "auto",
    separator: "_",
    mappings: [],
    tags: new Map(),
    percentiles: [95, 99],
    maxSeries: 10_000,
    dropPrefixes: [],
    ...parts,
  };
}
