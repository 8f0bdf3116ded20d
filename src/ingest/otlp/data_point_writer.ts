import type { Intake } from "../../pipeline/receiver.ts";
import type { Key } from "../../point/point_keys.ts";
import { type Bucket, cumulate, cumulateExponential } from "./buckets.ts";
import type { DataKind, DataPointFields } from "./data_point_fields.ts";
import type { MetricHead } from "./metric_data.ts";
import type { MetricSeries, SeriesTag } from "./metric_series.ts";
import type { ProtoCursor } from "./proto_cursor.ts";
import type { RequestSink } from "./request_sink.ts";
import { type Clock, settleTime } from "./time.ts";

/** A request whose data points are written. */
export interface DataPointRequest {
  readonly c: ProtoCursor;
  readonly sink: RequestSink;
  readonly clock: Clock;
  /** Points made of buckets and quantiles that it may still have. */
  bucketsLeft: number;
}

/** What a data point is of. */
export interface DataPointMetric {
  readonly head: MetricHead;
  readonly kind: DataKind;
  readonly tags: readonly SeriesTag[];
  readonly scope: readonly SeriesTag[];
}

/** Writes the points of a data point that was read. */
export type WriteDataPoint = (request: DataPointRequest, metric: DataPointMetric) => void;

/** Points made of buckets in one request: eight bytes of a request can ask for one, so they need a bound. */
export const MAX_BUCKET_POINTS = 100_000;
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
    series.write(c, metric.tags, metric.scope);
    if (point.isTrimmed || metric.head.isTrimmed) writer.trim();
  }

  function end({ clock, sink }: DataPointRequest): void {
    if (!writer.end(clock.low, clock.high)) sink.reject("they must have a value");
  }

  function writeNumber(request: DataPointRequest, metric: DataPointMetric): void {
    const { valueKind, double, low, high } = point;
    if (valueKind === "none" || (valueKind === "double" && !Number.isFinite(double))) {
      return request.sink.reject("a number data point must have a finite value");
    }
    beginPoint(request, metric);
    const key = kind.keys.of(metric.head.name);
    if (valueKind === "double") writer.float(key, double);
    else if (valueKind === "int") writer.int(key, low, high);
    else writer.uint(key, low, high);
    end(request);
  }

  function writeDistribution(
    request: DataPointRequest,
    metric: DataPointMetric,
    buckets: readonly Bucket[],
  ): void {
    if (!takeBuckets(request, buckets.length)) return;
    const { name } = metric.head;
    const keyOf = (part: string): Key => kind.keys.of(`${name}_${part}`);
    beginPoint(request, metric);
    writer.field(keyOf("min"), point.min);
    writer.field(keyOf("max"), point.max);
    writer.field(keyOf("sum"), point.sum);
    writer.field(keyOf("count"), { unsigned: point.count });
    end(request);
    for (const { le, count } of buckets) {
      beginPoint(request, metric, LE, le);
      writer.field(keyOf("bucket"), { unsigned: count });
      end(request);
    }
  }

  function writeSummary(request: DataPointRequest, metric: DataPointMetric): void {
    if (!takeBuckets(request, point.quantiles.length)) return;
    const { name } = metric.head;
    beginPoint(request, metric);
    writer.field(kind.keys.of(`${name}_count`), { unsigned: point.count });
    writer.field(kind.keys.of(`${name}_sum`), point.sum ?? 0);
    end(request);
    for (const { quantile, value } of point.quantiles) {
      // NaN is the quantile of no values.
      if (!Number.isFinite(value)) continue;
      beginPoint(request, metric, QUANTILE, String(quantile));
      writer.float(kind.keys.of(name), value);
      end(request);
    }
  }

  return (request, metric) => {
    const { sink, clock } = request;
    if ((point.flags & NO_RECORDED_VALUE) !== 0) return;
    if ((point.timeLow | point.timeHigh) === 0) return sink.reject("a data point must have a time");
    settleTime(clock, point.timeLow, point.timeHigh, 0, 0);
    switch (metric.kind) {
      case "gauge":
      case "sum":
        return writeNumber(request, metric);
      case "histogram": {
        const buckets = cumulate(point);
        if (buckets === undefined) return sink.reject("a histogram must have one bucket more than bounds");
        return writeDistribution(request, metric, buckets);
      }
      case "exponentialHistogram":
        return writeDistribution(request, metric, cumulateExponential(point));
      case "summary":
        return writeSummary(request, metric);
    }
  };
}

function takeBuckets(request: DataPointRequest, count: number): boolean {
  request.bucketsLeft -= count;
  if (request.bucketsLeft >= 0) return true;
  request.sink.reject(`a request may have ${MAX_BUCKET_POINTS} buckets and quantiles at most`);
  return false;
}
