import { readStatsdSockets, type StatsdSockets } from "./listeners.ts";
import type { SettingReader } from "./reader.ts";
import { readWords } from "./words.ts";

/** How ambiguous lines are read, and whether a gauge's leading sign adjusts (`etsy`) or is part of the value. */
export type StatsdDialect = "dogstatsd" | "etsy";

/** Where tags are looked for besides `|#`. `auto` takes any of the forms that is well formed. */
export type StatsdTagStyle = (typeof TAG_STYLES)[number];

/** Names that begin with `prefix` go to `measurement`; the rest of the name is the field. */
export interface MetricMapping {
  readonly prefix: string;
  readonly measurement: string;
}

/** Settings of the StatsD receiver. */
export interface StatsdConfig extends StatsdSockets {
  readonly enabled: boolean;
  readonly dialect: StatsdDialect;
  readonly tagStyle: StatsdTagStyle;
  readonly separator: string;
  readonly mappings: readonly MetricMapping[];
  /** Added to every series; they win over the tags of a line. */
  readonly tags: ReadonlyMap<string, string>;
  /** In (0, 100]. */
  readonly percentiles: readonly number[];
  readonly maxSeries: number;
  /** Names that begin with one of these are counted as filtered. */
  readonly dropPrefixes: readonly string[];
}

const TAG_STYLES = ["auto", "datadog", "influx", "librato", "signalfx", "graphite"] as const;

/** Reads `ENV_INPUT_STATSD_*`. */
export function readStatsdConfig(read: SettingReader, enabled: boolean): StatsdConfig {
  return {
    enabled,
    ...readStatsdSockets(read),
    dialect: read.choice<StatsdDialect>("ENV_INPUT_STATSD_DIALECT", ["dogstatsd", "etsy"], {
      default: "dogstatsd",
      description:
        "`etsy`: `+n`/`-n` adjusts a gauge, gauges are remembered, several `value|type` may follow a name. Lines that only Etsy's grammar explains are read so in either dialect.",
      aliases: { datadog: "dogstatsd", statsd: "etsy" },
    }),
    tagStyle: read.choice("ENV_INPUT_STATSD_TAG_STYLE", TAG_STYLES, {
      default: "auto",
      description:
        "Tags inside the name: `influx` `n,k=v`, `librato` `n#k=v`, `signalfx` `n[k=v]`, `graphite` `n;k=v`; `auto` takes any well-formed one, `datadog` none. `|#k:v` always works.",
    }),
    separator: read.text("ENV_INPUT_STATSD_METRIC_SEPARATOR", {
      default: "_",
      description: "Replaces the dots of a name; its first occurrence parts the measurement from the field.",
    }),
    mappings: readMappings(read),
    tags: read.pairs("ENV_INPUT_STATSD_TAGS", { description: "Tags added to every StatsD point." }),
    percentiles: readPercentiles(read),
    maxSeries: read.integer("ENV_INPUT_STATSD_MAX_SERIES", {
      default: 10_000,
      min: 1,
      max: 1_000_000,
      description: "Most series (name, type, tags) between two flushes; more are counted as dropped.",
    }),
    dropPrefixes: read.list("ENV_INPUT_STATSD_DROP_PREFIXES", {
      default: [],
      description: "Metrics whose name begins so are dropped, e.g. `datadog.dogstatsd.client.`.",
    }),
  };
}

function readMappings(read: SettingReader): readonly MetricMapping[] {
  const name = "ENV_INPUT_STATSD_METRIC_MAPPING";
  const mappings: MetricMapping[] = [];
  const words = read.list(name, {
    default: [],
    description:
      "`prefix:measurement` pairs: a matching name gives that measurement and its rest as the field; with any mapping set, other names stand for both.",
  });
  for (const word of words) {
    const [prefix = "", measurement = "", ...rest] = word.split(":");
    if (prefix !== "" && measurement !== "" && rest.length === 0) mappings.push({ prefix, measurement });
    else {
      read.problem({
        name,
        message: `Cannot use a mapping of ${name} as it must read prefix:measurement: current value is ${
          read.quote(word)
        }`,
        used: "the others",
      });
    }
  }
  return mappings;
}

function readPercentiles(read: SettingReader): readonly number[] {
  const name = "ENV_INPUT_STATSD_PERCENTILES";
  const percentiles = readWords(read, name, {
    default: ["95", "99"],
    description: "Percentiles of timings, histograms and distributions: fields `<name>_p95`; `off` for none.",
    parse: (word) => {
      if (/^(off|none|-)$/i.test(word)) return [];
      const percentile = Number(word);
      return percentile > 0 && percentile <= 100 ? [percentile] : undefined;
    },
    complain: (quoted) =>
      `Cannot use a percentile of ${name} as it must be above 0 and at most 100: current value is ${quoted}`,
  });
  return [...new Set(percentiles)];
}
