import type { JsonObject } from "../../json/exact_json.ts";
import {
  decodeJsonRequest,
  type Losses,
  readAttributes,
  readEach,
  readItem,
  readPart,
  readText,
  readUint32,
} from "./json_common.ts";
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
  type OtlpItem,
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
    readItem: (metric, losses) => ({
      ...readItem(losses, (): Omit<OtlpMetric, "data"> => ({
        name: toText(member(metric, "name")),
        unit: readText(metric, losses, "unit"),
      })),
      data: readData(metric, losses),
    }),
  });
}

function readData(metric: JsonObject, losses: Losses): OtlpMetricData | undefined {
  const points = <P extends OtlpItem>(
    data: JsonObject,
    read: (point: JsonObject, losses: Losses) => P,
  ): P[] =>
    readEach(
      toList(member(data, "dataPoints", "data_points")),
      (point) => readItem(losses, () => read(point, losses)),
      losses,
    );
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

function readBase(point: JsonObject, losses: Losses): OtlpPointBase {
  return {
    timeUnixNano: toUint64(member(point, "timeUnixNano", "time_unix_nano")),
    attributes: readAttributes(point, losses),
    flags: readUint32(point, losses, "flags"),
  };
}

function readNumberPoint(point: JsonObject, losses: Losses): OtlpNumberPoint {
  const double = member(point, "asDouble", "as_double");
  const value = double === undefined ? toInteger(member(point, "asInt", "as_int")) : toDouble(double);
  return { ...readBase(point, losses), value };
}

function readDistribution(point: JsonObject, losses: Losses): OtlpDistribution {
  return {
    ...readBase(point, losses),
    count: toUint64(member(point, "count")),
    sum: readPart(losses, undefined, () => toDouble(member(point, "sum"))),
    min: readPart(losses, undefined, () => toDouble(member(point, "min"))),
    max: readPart(losses, undefined, () => toDouble(member(point, "max"))),
  };
}

function readHistogramPoint(point: JsonObject, losses: Losses): OtlpHistogramPoint {
  return {
    ...readDistribution(point, losses),
    bucketCounts: bounded(member(point, "bucketCounts", "bucket_counts")).map(toUint64),
    explicitBounds: bounded(member(point, "explicitBounds", "explicit_bounds")).map((bound) =>
      toDouble(bound ?? undefined) ?? NaN
    ),
  };
}

function readExponentialPoint(point: JsonObject, losses: Losses): OtlpExponentialPoint {
  return {
    ...readDistribution(point, losses),
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

function readSummaryPoint(point: JsonObject, losses: Losses): OtlpSummaryPoint {
  return {
    ...readBase(point, losses),
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
