import type { OtlpConfig } from "../../config/otlp.ts";
import type { Intake } from "../../pipeline/receiver.ts";
import { createAround } from "./around.ts";
import { createDataPointFields, type DataKind, readDataPoint } from "./data_point_fields.ts";
import { createDataPointWriter, MAX_BUCKET_POINTS } from "./data_point_writer.ts";
import { createDataPoints, type DataPoints, type MetricHead, readMetricHead } from "./metric_data.ts";
import { createMetricSeries } from "./metric_series.ts";
import { createProtoCursor } from "./proto_cursor.ts";
import type { MakeVisitor } from "./request_walk.ts";
import type { ForeignTag } from "./shared_tag.ts";

const CUMULATIVE = 2;
/** Fields that are gone through at a time on the way to data points. */
const SCAN_STEP = 256;
/** Work that each of them is, and each tag of a point. */
const FIELD = 32;
const NAMELESS = "a metric must have a name and data of a known kind";

/** A metric whose data points are being taken. */
interface OpenMetric {
  readonly head: MetricHead;
  readonly kind: DataKind;
  readonly from: number;
  readonly to: number;
  /** Goes through the points first: what is said of all of them stands after them. */
  readonly scan: DataPoints;
  scanned: number;
  /** The points again, when all is known. */
  points: DataPoints | undefined;
  /** Where its data point is gone on with; 0: with the next. */
  portion: number;
  /** What stands around its data point was prepared, and that is to be taken now. */
  isPrepared: boolean;
  /** Its own tags, besides those of its scope. */
  tags: readonly ForeignTag[];
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
  const series = createMetricSeries(config, intake);
  const point = createDataPointFields();
  const writePoint = createDataPointWriter(intake, series, point);

  return (bytes, isOwn, sink, clock) => {
    const c = createProtoCursor(bytes, isOwn);
    const request = { c, sink, clock, bucketsLeft: MAX_BUCKET_POINTS, points: 0 };
    const around = createAround(c, series);
    let open: OpenMetric | undefined;

    /** Looks on through the points, and begins to take them when all were seen. Returns the work. */
    function scanOn(metric: OpenMetric): number {
      // If its data are malformed around the points, nothing more is read of it.
      open = undefined;
      for (let i = 0; i < SCAN_STEP; i++) {
        const step = metric.scan.next();
        if (step === "end") {
          const work = needsAround(metric) ? around.prepare() : 0;
          if (work > 0) open = metric;
          else startTaking(metric);
          return work + (i + 1) * FIELD;
        }
        if (step === "point") metric.scanned++;
      }
      open = metric;
      return SCAN_STEP * FIELD;
    }

    /** Whether what stands around it tells which tags it has. All of it was gone through. */
    function needsAround({ head, kind, scan }: OpenMetric): boolean {
      if (!config.instanceTag || head.name === "") return false;
      return kind === "summary" || (kind !== "gauge" && scan.temporality() === CUMULATIVE);
    }

    function startTaking(metric: OpenMetric): void {
      const { head, from, to } = metric;
      if (head.name === "") return sink.reject(NAMELESS, Math.max(1, metric.scanned));
      const needsInstance = needsAround(metric) && !around.read().isOfInstance;
      metric.tags = [
        ...(head.unit === "" ? [] : [series.share("unit", head.unit)]),
        ...(needsInstance ? [series.share("faas_instance", instanceId())] : []),
      ];
      metric.points = createDataPoints(createProtoCursor(bytes), from, to, head.dataTag);
      open = metric;
    }

    /** Takes the next data point, or more of the last. Returns the work; 0: there are no more. */
    function takeNext(metric: OpenMetric, points: DataPoints): number {
      if (metric.portion > 0 || metric.isPrepared) return take(metric, points.from(), points.to());
      for (let i = 0; i < SCAN_STEP; i++) {
        const step = points.next();
        if (step === "end") {
          open = undefined;
          return 0;
        }
        if (step === "point") return i * FIELD + take(metric, points.from(), points.to());
      }
      return SCAN_STEP * FIELD;
    }

    /** Takes the data point that lies at `[from, to)`, as much of it as goes at a time. */
    function take(metric: OpenMetric, from: number, to: number): number {
      const { head, kind, tags, portion } = metric;
      metric.isPrepared = false;
      const work = around.prepare();
      metric.isPrepared = work > 0;
      if (work > 0) return work;
      const scope = around.read();
      metric.portion = 0;
      readDataPoint(c, from, to, kind, point, series.attributes);
      request.points = 0;
      metric.portion = writePoint(request, { head, kind, tags, scope }, portion);
      const tagsOfPoint = 1 + series.attributes.count + tags.length + scope.tags.length;
      return to - from + tagsOfPoint * (1 + request.points) * FIELD;
    }

    return {
      resource: around.resource,
      scope: around.scope,
      item: (from, to) => {
        const head = readMetricHead(c, from, to);
        const { kind, dataTag } = head;
        if (kind === undefined) {
          sink.reject(NAMELESS);
          return to - from;
        }
        const scan = createDataPoints(createProtoCursor(bytes), from, to, dataTag);
        open = {
          head,
          kind,
          from,
          to,
          scan,
          scanned: 0,
          points: undefined,
          portion: 0,
          isPrepared: false,
          tags: [],
        };
        return to - from;
      },
      part: () => {
        if (open === undefined) return 0;
        return open.points === undefined ? scanOn(open) : takeNext(open, open.points);
      },
    };
  };
}
