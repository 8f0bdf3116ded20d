import type { OtlpConfig } from "../../config/otlp.ts";
import type { FieldValue } from "../../point/point.ts";
import { type Bucket, cumulate, cumulateExponential } from "./buckets.ts";
import type {
  OtlpAttributes,
  OtlpDistribution,
  OtlpMetric,
  OtlpMetricData,
  OtlpPointBase,
  OtlpRequest,
} from "./model.ts";
import type { PointSink } from "./point_sink.ts";
import { underscored } from "./promotion.ts";
import type { Clock } from "./time.ts";
import { toIntegerField, toValueText } from "./values.ts";

/** Maps a request's data points into `sink`. */
export type MetricsToPoints = (request: OtlpRequest<OtlpMetric>, sink: PointSink, clock: Clock) => void;

const CUMULATIVE = 2;
/** Flag of a data point that only says its series has ended. */
const NO_RECORDED_VALUE = 1;
/** Points made of buckets in one request: eight bytes of a request can ask for one, so they need a bound. */
const MAX_BUCKET_POINTS = 100_000;

/** What the SDK says of itself would be a tag of every series: DataKit leaves these out, too. */
const REMOVED_TAGS =
  /^(process\.(command_line|executable\.path|runtime\.(description|name|version))|telemetry\.(distro\.(name|version)|sdk\.(language|name|version)))$/;

/** What the data points of a metric share. */
interface MetricTags {
  readonly tags: ReadonlyMap<string, string>;
  /** A part of it could not be read. */
  readonly trimmed: boolean;
}

/** Where a data point's fields go: its tags and its time. */
interface Series extends MetricTags {
  readonly timeNs: bigint;
}

/**
 * Data points as points `otel_service` of the category metric; the field is the metric's name, dots kept.
 * Exemplars are left out, as metrics in Guance hold no text. Cumulative values stay cumulative; see
 * {@link OtlpConfig.instanceTag} for how those of parallel sandboxes are told apart.
 * @see `spec/datakit.md` 5.3, 8 (fault 20) for what is mended
 */
export function createMetricsToPoints(config: OtlpConfig, instanceId: () => string): MetricsToPoints {
  function mapMetric(metric: OtlpMetric, base: ReadonlyMap<string, string>, out: Output): void {
    const { name, unit, data } = metric;
    if (name === "" || data === undefined) {
      const count = Math.max(1, data?.dataPoints.length ?? 0);
      return out.sink.reject("a metric must have a name and data of a known kind", count);
    }
    const tags = new Map(base);
    if (unit !== "") tags.set("unit", unit);
    const known = tags.has("service_instance_id") || tags.has("faas_instance");
    if (config.instanceTag && isCumulative(data) && !known) {
      tags.set("faas_instance", instanceId());
    }
    mapData(name, data, { tags, trimmed: metric.trimmed === true }, out);
  }

  return (request, sink, clock) => {
    const out: Output = { sink, clock, bucketsLeft: MAX_BUCKET_POINTS };
    for (const { resource, scopes } of request.resources) {
      const resourceTags = new Map(config.tags);
      resourceTags.set("remote_ip", "127.0.0.1");
      addTags(resource.attributes, resourceTags);
      for (const { scope, items } of scopes) {
        const tags = new Map(resourceTags);
        addTags(scope.attributes, tags);
        if (scope.name !== "") tags.set("scope_name", scope.name);
        for (const metric of items) mapMetric(metric, tags, out);
      }
    }
  };
}

/** Where one request's points go, and how many buckets it may still fill. */
interface Output {
  readonly sink: PointSink;
  readonly clock: Clock;
  bucketsLeft: number;
}

function isCumulative(data: OtlpMetricData): boolean {
  if (data.kind === "summary") return true;
  return data.kind !== "gauge" && data.aggregationTemporality === CUMULATIVE;
}

function mapData(name: string, data: OtlpMetricData, metric: MetricTags, out: Output): void {
  switch (data.kind) {
    case "gauge":
    case "sum":
      return eachPoint(data.dataPoints, metric, out, ({ value }, series) => {
        if (value === undefined || (typeof value === "number" && !Number.isFinite(value))) {
          return out.sink.reject("a number data point must have a finite value");
        }
        addPoint(series, [[name, typeof value === "bigint" ? toIntegerField(value) : value]], out);
      });
    case "histogram":
      return eachPoint(data.dataPoints, metric, out, (point, series) => {
        const buckets = cumulate(point);
        if (buckets === undefined) {
          return out.sink.reject("a histogram must have one bucket more than bounds");
        }
        addDistribution(name, point, buckets, series, out);
      });
    case "exponentialHistogram":
      return eachPoint(data.dataPoints, metric, out, (point, series) => {
        addDistribution(name, point, cumulateExponential(point), series, out);
      });
    case "summary":
      return eachPoint(data.dataPoints, metric, out, (point, series) => {
        if (!takeBuckets(point.quantileValues.length, out)) return;
        addPoint(series, [[`${name}_count`, { unsigned: point.count }], [`${name}_sum`, point.sum]], out);
        for (const { quantile, value } of point.quantileValues) {
          // NaN is the quantile of no values.
          if (Number.isFinite(value)) {
            addPoint(withTag(series, "quantile", String(quantile)), [[name, value]], out);
          }
        }
      });
    default:
      data satisfies never;
  }
}

/** Settles what all data points have in common: ended series, time and tags. */
function eachPoint<P extends OtlpPointBase>(
  points: readonly P[],
  metric: MetricTags,
  { sink, clock }: Output,
  map: (point: P, series: Series) => void,
): void {
  for (const point of points) {
    if ((point.flags & NO_RECORDED_VALUE) !== 0) continue;
    if (point.timeUnixNano === 0n) {
      sink.reject("a data point must have a time");
      continue;
    }
    const tags = new Map(metric.tags);
    addTags(point.attributes, tags);
    const trimmed = metric.trimmed || point.trimmed === true;
    map(point, { tags, timeNs: clock.settle(point.timeUnixNano), trimmed });
  }
}

function addDistribution(
  name: string,
  point: OtlpDistribution,
  buckets: readonly Bucket[],
  series: Series,
  out: Output,
): void {
  if (!takeBuckets(buckets.length, out)) return;
  addPoint(series, [
    [`${name}_min`, point.min],
    [`${name}_max`, point.max],
    [`${name}_sum`, point.sum],
    [`${name}_count`, { unsigned: point.count }],
  ], out);
  for (const { le, count } of buckets) {
    addPoint(withTag(series, "le", le), [[`${name}_bucket`, { unsigned: count }]], out);
  }
}

function takeBuckets(count: number, out: Output): boolean {
  out.bucketsLeft -= count;
  if (out.bucketsLeft >= 0) return true;
  out.sink.reject(`a request may have ${MAX_BUCKET_POINTS} buckets and quantiles at most`);
  return false;
}

function addPoint(
  series: Series,
  fields: readonly (readonly [string, FieldValue | undefined])[],
  { sink }: Output,
): void {
  sink.add({
    category: "metric",
    measurement: "otel_service",
    tags: series.tags,
    fields,
    timeNs: series.timeNs,
  }, series.trimmed);
}

function withTag(series: Series, key: string, value: string): Series {
  return { ...series, tags: new Map(series.tags).set(key, value) };
}

/** The nearer ones win: otherwise two series that differ in a point's attribute would become one. */
function addTags(attributes: OtlpAttributes, tags: Map<string, string>): void {
  for (const [name, value] of attributes) {
    if (!REMOVED_TAGS.test(name)) tags.set(underscored(name), toValueText(value));
  }
}
