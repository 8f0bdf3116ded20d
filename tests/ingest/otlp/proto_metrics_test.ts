import { assertEquals } from "@std/assert";
import type { OtlpMetric } from "../../../src/ingest/otlp/model.ts";
import { decodeProtoMetrics } from "../../../src/ingest/otlp/proto_metrics.ts";
import {
  DELTA_SUM,
  EXPONENTIAL_POINT,
  GAUGE,
  HISTOGRAM_POINT,
  metricRequest,
} from "../../fixtures/otlp/worked_bytes.ts";

const TIME = 1700000000000000000n;

function metrics(bytes: Uint8Array): readonly OtlpMetric[] | undefined {
  return decodeProtoMetrics(bytes).resources[0]?.scopes[0]?.items;
}

Deno.test("decodeProtoMetrics() reads the worked gauge", () => {
  assertEquals(
    metrics(GAUGE),
    [{
      name: "g",
      unit: "",
      data: {
        kind: "gauge",
        dataPoints: [{ timeUnixNano: TIME, attributes: new Map(), flags: 0, value: -5n }],
      },
    }] as readonly OtlpMetric[],
  );
});

Deno.test("decodeProtoMetrics() reads the worked delta sum", () => {
  assertEquals(metrics(DELTA_SUM), [{
    name: "c",
    unit: "",
    data: {
      kind: "sum",
      dataPoints: [{ timeUnixNano: TIME + 1_000_000n, attributes: new Map(), flags: 0, value: 3 }],
      aggregationTemporality: 1,
      isMonotonic: true,
    },
  }]);
});

Deno.test("decodeProtoMetrics() reads the worked histogram, packed and unpacked", () => {
  const unpacked = HISTOGRAM_POINT
    .replace("3218" + "010000000000000001000000000000000100000000000000", "310100000000000000".repeat(3))
    .replace("3a10000000000000f03f0000000000001440", "39000000000000f03f390000000000001440");
  for (const point of [HISTOGRAM_POINT, unpacked]) {
    const data = metrics(metricRequest("h", 9, point))?.[0]?.data;
    assertEquals(data?.kind === "histogram" ? data.dataPoints : undefined, [{
      timeUnixNano: TIME,
      attributes: new Map(),
      flags: 0,
      count: 3n,
      sum: 7.5,
      min: undefined,
      max: undefined,
      bucketCounts: [1n, 1n, 1n],
      explicitBounds: [1, 5],
    }]);
  }
});

Deno.test("decodeProtoMetrics() reads the worked exponential histogram, whose counts are varints", () => {
  for (const point of [EXPONENTIAL_POINT, EXPONENTIAL_POINT.replace("12020102", "10011002")]) {
    const data = metrics(metricRequest("e", 10, point))?.[0]?.data;
    assertEquals(data?.kind === "exponentialHistogram" ? data.dataPoints : undefined, [{
      timeUnixNano: TIME,
      attributes: new Map(),
      flags: 0,
      count: 3n,
      sum: undefined,
      min: undefined,
      max: undefined,
      scale: -1,
      zeroCount: 0n,
      zeroThreshold: 0,
      positive: { offset: -2, bucketCounts: [1n, 2n] },
      negative: { offset: 0, bucketCounts: [] },
    }]);
  }
});

Deno.test("decodeProtoMetrics() reads a summary", () => {
  const quantile = "3212" + "09000000000000e03f" + "110000000000000840";
  const point = "1900002a36fe9c9717" + "210200000000000000" + "290000000000001440" + quantile;
  const data = metrics(metricRequest("s", 11, point))?.[0]?.data;
  assertEquals(data?.kind === "summary" ? data.dataPoints : undefined, [{
    timeUnixNano: TIME,
    attributes: new Map(),
    flags: 0,
    count: 2n,
    sum: 5,
    quantileValues: [{ quantile: 0.5, value: 3 }],
  }]);
});

Deno.test("decodeProtoMetrics() of an int and a double takes the last", () => {
  const data = metrics(metricRequest("g", 5, "3105000000000000002100000000000000" + "40"))?.[0]?.data;
  assertEquals(data?.kind === "gauge" ? data.dataPoints[0]?.value : undefined, 2);
});

Deno.test("decodeProtoMetrics() loses only the data point that is malformed", () => {
  const decoded = decodeProtoMetrics(metricRequest("g", 5, "19ff"));
  assertEquals(decoded.malformed, 1);
  assertEquals(decoded.resources[0]?.scopes[0]?.items[0]?.name, "g");
});
