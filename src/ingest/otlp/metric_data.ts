/** A metric where it lies: its name and unit, and one data point after the other. */
import { type DataKind, dataKindOf } from "./data_point_fields.ts";
import { OWN_TRIMMED } from "./own_fields.ts";
import {
  allowFields,
  isUsedUp,
  moveTo,
  type ProtoCursor,
  readInt32,
  readLength,
  readTag,
  skipField,
} from "./proto_cursor.ts";

/** What a metric says of itself. */
export interface MetricHead {
  readonly name: string;
  readonly unit: string;
  /** `undefined`: it has no data of a known kind. */
  readonly kind: DataKind | undefined;
  /** The field that holds its data. */
  readonly dataTag: number;
  /** A part of it could not be read. */
  readonly isTrimmed: boolean;
}

/** The data points of a metric, in several messages if they come so. */
export interface DataPoints {
  /** Goes on by a field. */
  readonly next: () => "point" | "other" | "end";
  /** The place of the point it came to. */
  readonly from: () => number;
  readonly to: () => number;
  /** The `AggregationTemporality`, when all points were gone through. */
  readonly temporality: () => number;
}

/** Of a longer name or unit only the beginning is decoded: the rules leave less of it. */
const LONGEST_NAME_BYTES = 4096;
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Reads the metric that lies at `[from, to)`, its data left out; of several kinds of data the last counts. */
export function readMetricHead(c: ProtoCursor, from: number, to: number): MetricHead {
  let name = "";
  let unit = "";
  let dataTag = 0;
  let isTrimmed = false;
  allowFields(c);
  moveTo(c, from, to);
  for (let tag = readTag(c); tag !== 0; tag = readTag(c)) {
    if (tag === 0x0a) name = readText(c);
    else if (tag === 0x1a) unit = readText(c);
    else if (tag === OWN_TRIMMED && c.isOwn) isTrimmed = readInt32(c) !== 0;
    else {
      if (dataKindOf(tag) !== undefined) dataTag = tag;
      skipField(c, tag);
    }
  }
  return { name, unit, kind: dataKindOf(dataTag), dataTag, isTrimmed: isTrimmed || isUsedUp(c) };
}

/**
 * The data points of the metric that lies at `[from, to)`, whose data are in the fields `dataTag`. `c` is the points'
 * own from now on. All kinds of data have their points in field 1 and, if at all, the temporality in 2.
 */
export function createDataPoints(c: ProtoCursor, from: number, to: number, dataTag: number): DataPoints {
  let isInside = false;
  let pointFrom = 0;
  let pointTo = 0;
  let temporality = 0;
  moveTo(c, from, to);
  return {
    next: () => {
      allowFields(c);
      const tag = readTag(c);
      if (tag === 0) {
        if (!isInside) return "end";
        isInside = false;
        c.end = to;
      } else if (!isInside && tag === dataTag) {
        c.end = readLength(c) + c.at;
        isInside = true;
      } else if (isInside && tag === 0x0a) {
        const length = readLength(c);
        pointFrom = c.at;
        pointTo = c.at += length;
        return "point";
      } else if (isInside && tag === 0x10) temporality = readInt32(c);
      else skipField(c, tag);
      return "other";
    },
    from: () => pointFrom,
    to: () => pointTo,
    temporality: () => temporality,
  };
}

function readText(c: ProtoCursor): string {
  const length = readLength(c);
  const from = c.at;
  c.at += length;
  return decoder.decode(c.bytes.subarray(from, Math.min(c.at, from + LONGEST_NAME_BYTES)));
}
