import type { Intake } from "../../pipeline/receiver.ts";
import type { Key } from "../../point/point_keys.ts";
import { type Bucket, cumulate, cumulateExponential } from "./buckets.ts";
import type { DataKind, DataPointFields } from "./data_point_fields.ts";
import type { MetricHead } from "./metric_data.ts";
import type { MetricSeries, ScopeSeries } from "./metric_series.ts";
import { allowFields, isUsedUp, type ProtoCursor } from "./proto_cursor.ts";
import type { RequestSink } from "./request_sink.ts";
import type { ForeignTag } from "./shared_tag.ts";
import { type Clock, settleTime } from "./time.ts";

/** A request whose data points are written. */
export interface DataPointRequest {
  readonly c: ProtoCursor;
  readonly sink: RequestSink;
  readonly clock: Clock;
  /** Points made of buckets and quantiles that it may still have. */
  bucketsLeft: number;
  /** Points written, to be reset by the caller. */
  points: number;
}

/** What a data point is of. */
export interface DataPointMetric {
  readonly head: MetricHead;
  readonly kind: DataKind;
  readonly tags: readonly ForeignTag[];
  readonly scope: ScopeSeries;
}

/**
 * Writes points of the data point that was read, the buckets and quantiles from number `from` on. Returns the number
 * to go on from, or 0 when all is done.
 */
export type WriteDataPoint = (request: DataPointRequest, metric: DataPointMetric, from: number) => number;

/** Points made of buckets in one request: eight bytes of a request can ask for one, so they need a bound. */
export const MAX_BUCKET_POINTS = 100_000;
/** Points made of them in one go: each has all tags again. */
const PORTION = 64;
/** Flag of a data point that only says its series has ended. */
const NO_RECORDED_VALUE = 1;

/** A writer of `point`, whose attributes are in `series`. */
export function createDataPointWriter(
  { writer, begin }: Intake,
  series: MetricSeries,
  point: DataPointFields,
): WriteDataPoint {
  const kind = writer.kind("metric", "otel_service");
  const LE = writer.key("metric", "le");
  const QUANTILE = writer.key("metric", "quantile");

  /** Begins one of the point's points with its tags; one that tells it from the others comes first. */
  function beginPoint({ c }: DataPointRequest, metric: DataPointMetric, key?: Key, text = ""): void {
    begin(kind);
    if (key !== undefined) writer.tag(key, text);
    allowFields(c);
    series.write(c, metric.tags, metric.scope);
    if (point.isTrimmed || metric.head.isTrimmed || isUsedUp(c)) writer.trim();
  }

  function end(request: DataPointRequest): void {
    const { clock, sink } = request;
    request.points++;
    if (!writer.end(clock.low, clock.high)) sink.reject("they must have a value");
  }

  function writeNumber(request: DataPointRequest, metric: DataPointMetric): number {
    const { valueKind, double, low, high } = point;
    if (valueKind === "none" || (valueKind === "double" && !Number.isFinite(double))) {
      return reject(request, "a number data point must have a finite value");
    }
    beginPoint(request, metric);
    const key = kind.keys.of(metric.head.name);
    if (valueKind === "double") writer.float(key, double);
    else if (valueKind === "int") writer.int(key, low, high);
    else writer.uint(key, low, high);
    end(request);
    return 0;
  }

  function writeDistribution(
    request: DataPointRequest,
    metric: DataPointMetric,
    buckets: readonly Bucket[],
    from: number,
  ): number {
    const { name } = metric.head;
    const keyOf = (part: string): Key => kind.keys.of(`${name}_${part}`);
    if (from === 0) {
      if (!takeBuckets(request, buckets.length)) return 0;
      beginPoint(request, metric);
      writer.field(keyOf("min"), point.min);
      writer.field(keyOf("max"), point.max);
      writer.field(keyOf("sum"), point.sum);
      writer.field(keyOf("count"), { unsigned: point.count });
      end(request);
    }
    for (const { le, count } of buckets.slice(from, from + PORTION)) {
      beginPoint(request, metric, LE, le);
      writer.field(keyOf("bucket"), { unsigned: count });
      end(request);
    }
    return from + PORTION < buckets.length ? from + PORTION : 0;
  }

  function writeSummary(request: DataPointRequest, metric: DataPointMetric, from: number): number {
    const { quantiles } = point;
    const { name } = metric.head;
    if (from === 0) {
      if (!takeBuckets(request, quantiles.length)) return 0;
      beginPoint(request, metric);
      writer.field(kind.keys.of(`${name}_count`), { unsigned: point.count });
      writer.field(kind.keys.of(`${name}_sum`), point.sum ?? 0);
      end(request);
    }
    for (const { quantile, value } of quantiles.slice(from, from + PORTION)) {
      // NaN is the quantile of no values.
      if (!Number.isFinite(value)) continue;
      beginPoint(request, metric, QUANTILE, String(quantile));
      writer.float(kind.keys.of(name), value);
      end(request);
    }
    return from + PORTION < quantiles.length ? from + PORTION : 0;
  }

  return (request, metric, from) => {
    const { clock } = request;
    if ((point.flags & NO_RECORDED_VALUE) !== 0) return 0;
    if ((point.timeLow | point.timeHigh) === 0) return reject(request, "a data point must have a time");
    settleTime(clock, point.timeLow, point.timeHigh, 0, 0);
    switch (metric.kind) {
      case "gauge":
      case "sum":
        return writeNumber(request, metric);
      case "histogram": {
        const buckets = cumulate(point);
        if (buckets === undefined) {
          return reject(request, "a histogram must have one bucket more than bounds");
        }
        return writeDistribution(request, metric, buckets, from);
      }
      case "exponentialHistogram":
        return writeDistribution(request, metric, cumulateExponential(point), from);
      case "summary":
        return writeSummary(request, metric, from);
    }
  };
}

/** Nothing of it can be taken. */
function reject({ sink }: DataPointRequest, reason: string): number {
  sink.reject(reason);
  return 0;
}

function takeBuckets(request: DataPointRequest, count: number): boolean {
  request.bucketsLeft -= count;
  if (request.bucketsLeft >= 0) return true;
  request.sink.reject(`a request may have ${MAX_BUCKET_POINTS} buckets and quantiles at most`);
  return false;
}
