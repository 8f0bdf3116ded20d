/**
 * What CloudWatch stores of what the functions in `tests/runtimes/metrics/` write, by their own calls: each metric
 * with its namespace, dimensions, and the statistics of its values.
 */
import type { FieldValue } from "../../src/point/point.ts";

/** A point without what is not the function's own. */
export interface StoredMetric {
  readonly measurement: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, FieldValue>>;
}

/** Tags that each point of ours has, and those of StatsD's aggregator that libraries add or that are about them. */
const NOT_ITS_OWN =
  /^(?:aws_|host$|dd_lambda_layer$|metric_type$|executionEnvironment$|LogGroup$|ServiceName$|ServiceType$|.*arn$)/i;
/** What a StatsD summary tells beside what CloudWatch keeps. */
const BESIDE = /_(?:median|stddev|p\d+(?:_\d+)?)$/;

/** Points of the same series as one, in an order of their own: they arrive in any. No field comes twice. */
export function asStored(
  points: readonly {
    readonly measurement: string;
    readonly tags: ReadonlyMap<string, string>;
    readonly fields: ReadonlyMap<string, FieldValue>;
  }[],
): readonly StoredMetric[] {
  const series = new Map<
    string,
    { measurement: string; tags: Map<string, string>; fields: Map<string, FieldValue> }
  >();
  for (const { measurement, tags, fields } of points) {
    const own = new Map([...tags].filter(([key]) => !NOT_ITS_OWN.test(key)).sort());
    const key = `${measurement}\n${JSON.stringify([...own])}`;
    const found = series.get(key) ?? { measurement, tags: own, fields: new Map() };
    series.set(key, found);
    for (const [name, value] of fields) {
      if (found.fields.has(name)) throw new Error(`Cannot join points as ${name} of ${key} comes twice`);
      if (!BESIDE.test(name)) found.fields.set(name, value);
    }
  }
  return [...series].sort(([a], [b]) => a < b ? -1 : 1).map(([, { measurement, tags, fields }]) => ({
    measurement,
    tags: Object.fromEntries(tags),
    fields: Object.fromEntries([...fields].sort()),
  }));
}

const LATENCY = {
  latency_count: 2n,
  latency_max: 40,
  latency_mean: 26.25,
  latency_min: 12.5,
  latency_sum: 52.5,
};

function numbered(dimension: string): StoredMetric {
  const numbers = Array.from({ length: 150 }, (_, index): [string, number] => [`m${index}`, index]);
  return {
    measurement: "shop",
    tags: { [dimension]: "checkout" },
    fields: Object.fromEntries(numbers.sort()),
  };
}

const POWERTOOLS: readonly StoredMetric[] = [
  {
    measurement: "shop",
    tags: { function_name: "shop-checkout", service: "checkout" },
    fields: { ColdStart: 1 },
  },
  { measurement: "shop", tags: { region: "eu", service: "checkout" }, fields: { ...LATENCY, orders: 2 } },
];

/** By library, or by language and library where it has ways of its own. */
export const EXPECTED: Readonly<Record<string, readonly StoredMetric[]>> = {
  powertools: [
    ...POWERTOOLS,
    { measurement: "shop/front-end", tags: { page: "cart" }, fields: { visits: 1 } },
  ],
  // Its single metrics keep the default dimension.
  "Node.js powertools": [
    ...POWERTOOLS,
    { measurement: "shop/front-end", tags: { page: "cart", service: "checkout" }, fields: { visits: 1 } },
  ],
  // A set of dimensions for each call: CloudWatch stores as many metrics of the same values.
  "Java powertools": [
    { measurement: "shop", tags: { Service: "checkout", region: "eu" }, fields: { ...LATENCY, orders: 2 } },
    { measurement: "shop", tags: { Service: "checkout" }, fields: { ColdStart: 1 } },
    { measurement: "shop/front-end", tags: { page: "cart" }, fields: { visits: 1 } },
  ],
  // Powertools writes a hundred metrics at a time, Java's in any order.
  "powertools, many": [numbered("service")],
  "Java powertools, many": [numbered("Service")],
  // Two sets of dimensions, which CloudWatch stores as two metrics of the same values: one point has both.
  "aws-embedded-metrics": [
    { measurement: "shop", tags: { region: "eu", service: "checkout" }, fields: { ...LATENCY, orders: 2 } },
  ],
  // Aggregated as distributions; names are parted as DogStatsD's are.
  datadog: [
    {
      measurement: "shop",
      tags: { region: "eu", service: "checkout" },
      fields: { orders_count: 1n, orders_max: 2, orders_mean: 2, orders_min: 2, orders_sum: 2 },
    },
    {
      measurement: "shop",
      tags: { service: "checkout" },
      fields: {
        latency_count: 1n,
        latency_max: 12.5,
        latency_mean: 12.5,
        latency_min: 12.5,
        latency_sum: 12.5,
      },
    },
  ],
  "datadog, older": [
    { measurement: "shop", tags: { region: "eu", service: "checkout" }, fields: { orders: 2 } },
    {
      measurement: "shop",
      tags: { service: "checkout" },
      fields: {
        latency_count: 1n,
        latency_max: 12.5,
        latency_mean: 12.5,
        latency_min: 12.5,
        latency_sum: 12.5,
      },
    },
  ],
  // It has one set of dimensions for each metric.
  metrics_cloudwatch_embedded: [
    { measurement: "shop", tags: { region: "eu", service: "checkout" }, fields: { ...LATENCY, orders: 2 } },
    { measurement: "shop", tags: { service: "checkout" }, fields: { stock: 7 } },
  ],
};
