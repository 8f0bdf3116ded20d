import type { Group } from "../input.ts";
import { json, pairs, request, START, VALUES } from "./otlp_request.ts";

const POINT = { startTimeUnixNano: "1", timeUnixNano: String(START) };

/** Data points. */
export const OTLP_METRICS: Group = {
  name: "otlp_metrics",
  inputs: [
    request("metrics", "gauges and sums", [
      { name: "g.int", unit: "By", gauge: { dataPoints: [{ ...POINT, asInt: "-5" }] } },
      { name: "g.big", gauge: { dataPoints: [{ ...POINT, asInt: "9223372036854775807" }] } },
      {
        name: "g.double",
        description: "d",
        gauge: {
          dataPoints: [0.1, 3, 1e21, "NaN", "Infinity"].map((asDouble) => ({ ...POINT, asDouble })),
        },
      },
      { name: "g.none", gauge: { dataPoints: [POINT] } },
      {
        name: "s.delta",
        sum: { aggregationTemporality: 1, isMonotonic: true, dataPoints: [{ ...POINT, asInt: "3" }] },
      },
      { name: "s.total", sum: { aggregationTemporality: 2, dataPoints: [{ ...POINT, asDouble: 3.5 }] } },
    ]),
    request("metrics", "tags", [{
      name: "m",
      unit: "1",
      gauge: {
        dataPoints: [{ ...POINT, asInt: "1", attributes: pairs({ ...VALUES, shared: "point", "a.b": 1n }) }],
      },
    }], {
      resource: {
        "service.name": "svc",
        shared: "resource",
        "telemetry.sdk.name": "x",
        "process.runtime.name": "y",
        "process.pid": 7n,
      },
      scope: { shared: "scope", "telemetry.sdk.language": "z" },
    }),
    request("metrics", "cumulative ones of a named instance", [{
      name: "m",
      sum: { aggregationTemporality: 2, dataPoints: [{ ...POINT, asInt: "1" }] },
    }], { resource: { "service.instance.id": "i1" } }),
    request("metrics", "without the tag of the instance", [{
      name: "m",
      sum: { aggregationTemporality: 2, dataPoints: [{ ...POINT, asInt: "1" }] },
    }], { env: { ENV_INPUT_OTEL_INSTANCE_TAG: "false", ENV_INPUT_OTEL_TAGS: "team=blue,unit=none" } }),
    request("metrics", "histograms", [{
      name: "h",
      unit: "ms",
      histogram: {
        aggregationTemporality: 2,
        dataPoints: [
          {
            ...POINT,
            count: "3",
            sum: 7.5,
            min: 1,
            max: 9.25,
            bucketCounts: ["1", "1", "1"],
            explicitBounds: [5, 10.5],
            attributes: pairs({ a: "b" }),
          },
          { ...POINT, count: "2", bucketCounts: ["2"] },
          { ...POINT, count: "0" },
          {
            ...POINT,
            count: "18446744073709551615",
            sum: "NaN",
            bucketCounts: ["1", "2"],
            explicitBounds: [-0.5],
          },
          { ...POINT, count: "1", bucketCounts: ["1", "2"], explicitBounds: [] },
          { ...POINT, count: "1", explicitBounds: [1] },
        ],
      },
    }]),
    request("metrics", "exponential histograms", [{
      name: "e",
      exponentialHistogram: {
        aggregationTemporality: 1,
        dataPoints: [
          {
            ...POINT,
            count: "10",
            sum: 5,
            scale: 1,
            zeroCount: "2",
            zeroThreshold: 0.01,
            positive: { offset: -2, bucketCounts: ["1", "0", "3"] },
            negative: { offset: 1, bucketCounts: ["2", "2"] },
          },
          { ...POINT, count: "1", scale: -11, positive: { offset: 3, bucketCounts: ["1"] } },
          { ...POINT, count: "0", scale: 20 },
        ],
      },
    }]),
    request("metrics", "summaries", [{
      name: "q",
      summary: {
        dataPoints: [
          {
            ...POINT,
            count: "4",
            sum: 2.5,
            quantileValues: [
              { quantile: 0, value: 1 },
              { quantile: 0.5, value: "NaN" },
              { quantile: 0.99, value: 4.25 },
              { quantile: 1, value: 5 },
            ],
          },
          POINT,
        ],
      },
    }]),
    request("metrics", "times, flags, and metrics of no kind", [
      {
        name: "m",
        gauge: {
          dataPoints: [
            { asInt: "1" },
            { ...POINT, asInt: "1", flags: 1 },
            { timeUnixNano: String(START * 3n), asInt: "1" },
          ],
        },
      },
      { name: "", gauge: { dataPoints: [{ ...POINT, asInt: "1" }, { ...POINT, asInt: "2" }] } },
      { name: "nothing" },
    ]),
    request("metrics", "what Dataway's rules shorten", [{
      name: "n".repeat(300),
      unit: "u\n",
      gauge: {
        dataPoints: [{ ...POINT, asInt: "1", attributes: pairs({ long: "x".repeat(2000), empty: "" }) }],
      },
    }]),
    json(
      "metrics",
      "odd members",
      JSON.stringify({
        resourceMetrics: [{
          scopeMetrics: [{
            metrics: [
              {
                name: "a",
                unit: {},
                gauge: { dataPoints: [{ ...POINT, asInt: 5, flags: {} }, 7, { ...POINT, asInt: "x" }] },
              },
              {
                name: "b",
                sum: {
                  dataPoints: [{ ...POINT, asDouble: null }],
                  aggregationTemporality: "AGGREGATION_TEMPORALITY_DELTA",
                },
              },
              { name: {}, gauge: {} },
            ],
          }],
        }],
      }),
    ),
  ],
};
