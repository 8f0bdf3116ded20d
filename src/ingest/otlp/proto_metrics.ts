import type {
  OtlpExponentialPoint,
  OtlpHistogramPoint,
  OtlpMetric,
  OtlpMetricData,
  OtlpNumberPoint,
  OtlpRequest,
  OtlpSummaryPoint,
} from "./model.ts";
import { decodeProtoRequest } from "./proto_common.ts";
import {
  readExponentialPoint,
  readHistogramPoint,
  readNumberPoint,
  readSummaryPoint,
} from "./proto_data_points.ts";
import type { ProtoReader } from "./proto_reader.ts";

/**
 * Decodes an `ExportMetricsServiceRequest`. A malformed data point is counted and left out; throws when the
 * request is malformed around its metrics.
 * @see `spec/ingest.md` 2.4
 */
export function decodeProtoMetrics(bytes: Uint8Array): OtlpRequest<OtlpMetric> {
  return decodeProtoRequest(bytes, readMetric);
}

function readMetric(r: ProtoReader): OtlpMetric {
  let name = "";
  let unit = "";
  let data: OtlpMetricData | undefined;
  // Kept over the loop, as a message given in two parts is merged.
  let numbers: Data<OtlpNumberPoint> | undefined;
  let histogram: Data<OtlpHistogramPoint> | undefined;
  let exponential: Data<OtlpExponentialPoint> | undefined;
  let summary: Data<OtlpSummaryPoint> | undefined;
  const outer = r.enter();
  for (let tag = r.tag(); tag !== 0; tag = r.tag()) {
    switch (tag) {
      case 0x0a:
        name = r.string();
        break;
      case 0x1a:
        unit = r.string();
        break;
      case 0x2a:
        data = { kind: "gauge", dataPoints: readData(r, readNumberPoint, numbers ??= noData()).dataPoints };
        break;
      case 0x3a:
        data = { kind: "sum", ...readData(r, readNumberPoint, numbers ??= noData()) };
        break;
      case 0x4a:
        data = { kind: "histogram", ...readData(r, readHistogramPoint, histogram ??= noData()) };
        break;
      case 0x52:
        data = {
          kind: "exponentialHistogram",
          ...readData(r, readExponentialPoint, exponential ??= noData()),
        };
        break;
      case 0x5a:
        data = { kind: "summary", ...readData(r, readSummaryPoint, summary ??= noData()) };
        break;
      default:
        r.skip(tag);
    }
  }
  r.leave(outer);
  return { name, unit, data };
}

interface Data<P> {
  readonly dataPoints: P[];
  aggregationTemporality: number;
  isMonotonic: boolean;
}

function noData<P>(): Data<P> {
  return { dataPoints: [], aggregationTemporality: 0, isMonotonic: false };
}

/** All five kinds have their data points in field 1 and, if at all, the temporality in 2 and monotonicity in 3. */
function readData<P>(r: ProtoReader, readPoint: (r: ProtoReader) => P, data: Data<P>): Data<P> {
  const readOne = (): void => void data.dataPoints.push(readPoint(r));
  const outer = r.enter();
  for (let tag = r.tag(); tag !== 0; tag = r.tag()) {
    if (tag === 0x0a) r.isolate(readOne);
    else if (tag === 0x10) data.aggregationTemporality = r.int32();
    else if (tag === 0x18) data.isMonotonic = r.int32() !== 0;
    else r.skip(tag);
  }
  r.leave(outer);
  return data;
}
