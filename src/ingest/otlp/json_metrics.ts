import type { JsonObject } from "../../json/exact_json.ts";
import { decodeJsonRequest, readAttributes, readEach } from "./json_common.ts";
import {
  JsonError,
  member,
  toDouble,
  toInt32,
  toInteger,
  toList,
  toObject,
  toText,
  toUint64,
} from "./json_reader.ts";
import {
  MAX_BUCKETS,
  type OtlpBuckets,
  type OtlpDistribution,
  type OtlpExponentialPoint,
  type OtlpHistogramPoint,
  type OtlpMetric,
  type OtlpMetricData,
  type OtlpNumberPoint,
  type OtlpPointBase,
  type OtlpRequest,
  type OtlpSummaryPoint,
} from "./model.ts";

const TEMPORALITIES = ["UNSPECIFIED", "DELTA", "CUMULATIVE"];

/**
 * Decodes an `ExportMetricsServiceRequest` from OTLP/JSON. A malformed data point is counted and left out; throws
 * when the request is malformed around its metrics.
 * @see `spec/ingest.md` 2.2
 */
export function decodeJsonMetrics(bytes: Uint8Array): OtlpRequest<OtlpMetric> {
  return decodeJsonRequest(bytes, {
    resources: ["resourceMetrics", "resource_metrics"],
    scopes: ["scopeMetrics", "scope_metrics"],
    items: ["metrics", "metrics"],
    readItem: (metric, lost) => ({
      name: toText(member(metric, "name")),
      unit: toText(member(metric, "unit")),
      data: readData(metric, lost),
    }),
  });
}

function readData(metric: JsonObject, lost: () => void): OtlpMetricData | undefined {
  const points = <P>(data: JsonObject, read: (point: JsonObject) => P): P[] =>
    readEach(member(data, "dataPoints", "data_points"), read, lost);
  const gauge = member(metric, "gauge");
  if (gauge !== undefined) return { kind: "gauge", dataPoints: points(toObject(gauge), readNumberPoint) };
  const sum = member(metric, "sum");
  if (sum !== undefined) {
    const data = toObject(sum);
    return {
      kind: "sum",
      dataPoints: points(data, readNumberPoint),
      aggregationTemporality: readTemporality(data),
      isMonotonic: member(data, "isMonotonic", "is_monotonic") === true,
    };
  }
  const histogram = member(metric, "histogram");
  if (histogram !== undefined) {
    const data = toObject(histogram);
    return {
      kind: "histogram",
      dataPoints: points(data, readHistogramPoint),
      aggregationTemporality: readTemporality(data),
    };
  }
  const exponential = member(metric, "exponentialHistogram", "exponential_histogram");
  if (exponential !== undefined) {
    const data = toObject(exponential);
    return {
      kind: "exponentialHistogram",
      dataPoints: points(data, readExponentialPoint),
      aggregationTemporality: readTemporality(data),
    };
  }
  const summary = member(metric, "summary");
  if (summary === undefined) return undefined;
  return { kind: "summary", dataPoints: points(toObject(summary), readSummaryPoint) };
}

function readTemporality(data: JsonObject): number {
  const value = member(data, "aggregationTemporality", "aggregation_temporality");
  return toInt32(value, TEMPORALITIES, "AGGREGATION_TEMPORALITY_");
}

function readBase(point: JsonObject): OtlpPointBase {
  return {
    timeUnixNano: toUint64(member(point, "timeUnixNano", "time_unix_nano")),
    attributes: readAttributes(point),
    flags: toInt32(member(point, "flags")),
  };
}

function readNumberPoint(point: JsonObject): OtlpNumberPoint {
  const double = member(point, "asDouble", "as_double");
  const value = double === undefined ? toInteger(member(point, "asInt", "as_int")) : toDouble(double);
  return { ...readBase(point), value };
}

function readDistribution(point: JsonObject): OtlpDistribution {
  return {
    ...readBase(point),
    count: toUint64(member(point, "count")),
    sum: toDouble(member(point, "sum")),
    min: toDouble(member(point, "min")),
    max: toDouble(member(point, "max")),
  };
}

function readHistogramPoint(point: JsonObject): OtlpHistogramPoint {
  return {
    ...readDistribution(point),
    bucketCounts: bounded(member(point, "bucketCounts", "bucket_counts")).map(toUint64),
    explicitBounds: bounded(member(point, "explicitBounds", "explicit_bounds")).map((bound) =>
      toDouble(bound ?? undefined) ?? NaN
    ),
  };
}

function readExponentialPoint(point: JsonObject): OtlpExponentialPoint {
  return {
    ...readDistribution(point),
    scale: toInt32(member(point, "scale")),
    zeroCount: toUint64(member(point, "zeroCount", "zero_count")),
    zeroThreshold: toDouble(member(point, "zeroThreshold", "zero_threshold")) ?? 0,
    positive: readBuckets(member(point, "positive")),
    negative: readBuckets(member(point, "negative")),
  };
}

function readBuckets(value: unknown): OtlpBuckets {
  if (value === undefined) return { offset: 0, bucketCounts: [] };
  const buckets = toObject(value);
  return {
    offset: toInt32(member(buckets, "offset")),
    bucketCounts: bounded(member(buckets, "bucketCounts", "bucket_counts")).map(toUint64),
  };
}

function readSummaryPoint(point: JsonObject): OtlpSummaryPoint {
  return {
    ...readBase(point),
    count: toUint64(member(point, "count")),
    sum: readDouble(point, "sum"),
    quantileValues: bounded(member(point, "quantileValues", "quantile_values")).map((item) => {
      const object = toObject(item);
      return { quantile: readDouble(object, "quantile"), value: readDouble(object, "value") };
    }),
  };
}

/** A double without presence: absent is 0, while `null` is how JavaScript writes NaN. */
function readDouble(object: JsonObject, name: string): number {
  return object[name] === null ? NaN : toDouble(member(object, name)) ?? 0;
}

/** Each bucket becomes a point: the list is bounded. */
function bounded(value: unknown): readonly unknown[] {
  const list = toList(value);
  if (list.length > MAX_BUCKETS) {
    throw new JsonError(`Cannot read a data point as it may have ${MAX_BUCKETS} buckets at most`);
  }
  return list;
}
