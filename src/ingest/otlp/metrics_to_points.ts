import type { OtlpConfig } from "../../config/otlp.ts";
import type { Intake } from "../../pipeline/receiver.ts";
import { createDataPointFields, type DataKind, readDataPoint } from "./data_point_fields.ts";
import { createDataPointWriter, MAX_BUCKET_POINTS } from "./data_point_writer.ts";
import { createDataPoints, type DataPoints, type MetricHead, readMetricHead } from "./metric_data.ts";
import { createMetricSeries, type ScopeSeries, type SeriesTag } from "./metric_series.ts";
import { createProtoCursor } from "./proto_cursor.ts";
import type { MakeVisitor } from "./request_walk.ts";

const CUMULATIVE = 2;
/** Data points that are looked through at a time. */
const SCAN_STEP = 512;
const NAMELESS = "a metric must have a name and data of a known kind";

/** A metric whose data points are being taken. */
interface OpenMetric {
  readonly head: MetricHead;
  readonly kind: DataKind;
  readonly from: number;
  readonly to: number;
  /** Goes through the points first: what is said of all of them stands behind them. */
  readonly scan: DataPoints;
  scanned: number;
  /** The points again, when all is known. */
  points: DataPoints | undefined;
  /** Its own tags, besides those of its scope. */
  tags: readonly SeriesTag[];
}

/**
 * Data points as points `otel_service` of the category metric, straight from a request's bytes; the field is the
 * metric's name, dots kept. Exemplars are left out, as metrics in Guance hold no text. Cumulative values stay
 * cumulative; see {@link OtlpConfig.instanceTag} for how those of parallel sandboxes are told apart.
 * @see https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/metrics/v1/metrics.proto
 */
export function createMetricsToPoints(
  config: OtlpConfig,
  intake: Intake,
  instanceId: () => string,
): MakeVisitor {
  const series = createMetricSeries(config, intake.writer);
  const point = createDataPointFields();
  const writePoint = createDataPointWriter(intake, series, point);

  return (bytes, isOwn, sink, clock) => {
    const c = createProtoCursor(bytes, isOwn);
    const request = { c, sink, clock, bucketsLeft: MAX_BUCKET_POINTS };
    let resource: readonly [from: number, to: number] = [0, 0];
    let scope: readonly [from: number, to: number] = [0, 0];
    let resourceTags: ReadonlyMap<string, string> | undefined;
    let around: ScopeSeries | undefined;
    let open: OpenMetric | undefined;

    /** Read with the first metric below them. */
    function readScope(): ScopeSeries {
      resourceTags ??= series.resource(c, ...resource);
      around ??= series.scope(c, resourceTags, ...scope);
      return around;
    }

    /** Looks on through the points, and begins to take them when all were seen; `false`: none can be taken. */
    function scanOn(metric: OpenMetric): boolean {
      for (let i = 0; i < SCAN_STEP; i++) {
        if (!metric.scan.next()) return startTaking(metric);
        metric.scanned++;
      }
      return true;
    }

    function startTaking(metric: OpenMetric): boolean {
      const { head, kind, from, to } = metric;
      if (head.name === "") {
        sink.reject(NAMELESS, Math.max(1, metric.scanned));
        return false;
      }
      const isCumulative = kind === "summary" ||
        (kind !== "gauge" && metric.scan.temporality() === CUMULATIVE);
      const needsInstance = config.instanceTag && isCumulative && !readScope().isOfInstance;
      metric.tags = [
        ...(head.unit === "" ? [] : [series.share("unit", head.unit)]),
        ...(needsInstance ? [series.share("faas_instance", instanceId())] : []),
      ];
      metric.points = createDataPoints(createProtoCursor(bytes), from, to, head.dataTag);
      return true;
    }

    /** Takes the next data point and returns its bytes; 0: there is none. */
    function takeNext({ head, kind, points, tags }: OpenMetric): number {
      if (points === undefined || !points.next()) {
        open = undefined;
        return 0;
      }
      const from = points.from();
      const to = points.to();
      readDataPoint(c, from, to, kind, point, series.attributes);
      writePoint(request, { head, kind, tags, scope: readScope().tags });
      return to - from + 1;
    }

    return {
      resource: (from, to) => {
        resource = [from, to];
        resourceTags = undefined;
        around = undefined;
      },
      scope: (from, to) => {
        scope = [from, to];
        around = undefined;
      },
      item: (from, to) => {
        const head = readMetricHead(c, from, to);
        const { kind, dataTag } = head;
        if (kind === undefined) {
          sink.reject(NAMELESS);
          return false;
        }
        const scan = createDataPoints(createProtoCursor(bytes), from, to, dataTag);
        open = { head, kind, from, to, scan, scanned: 0, points: undefined, tags: [] };
        return true;
      },
      part: () => {
        if (open === undefined) return 0;
        if (open.points !== undefined) return takeNext(open);
        const metric = open;
        // Should its data be malformed around the points, there is no more of it.
        open = undefined;
        if (scanOn(metric)) open = metric;
        return SCAN_STEP;
      },
    };
  };
}
