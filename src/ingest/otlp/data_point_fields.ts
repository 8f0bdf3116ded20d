import { type AttributeList, beginAttributes, readAttribute } from "./attribute_list.ts";
import type { BucketCounts, Histogram } from "./buckets.ts";
import { MAX_BUCKETS } from "./limits.ts";
import { OWN_TRIMMED, OWN_UNSIGNED_POINT } from "./own_fields.ts";
import {
  allowFields,
  isUsedUp,
  moveTo,
  type ProtoCursor,
  ProtoError,
  readDouble,
  readFixed64,
  readInt32,
  readLength,
  readSint32,
  readTag,
  readVarint,
  skipField,
} from "./proto_cursor.ts";

/** The kinds of data a metric may hold. */
export type DataKind = "gauge" | "sum" | "histogram" | "exponentialHistogram" | "summary";

/** The kind that stands in a field of a metric, by the field's tag. */
export function dataKindOf(tag: number): DataKind | undefined {
  switch (tag) {
    case 0x2a:
      return "gauge";
    case 0x3a:
      return "sum";
    case 0x4a:
      return "histogram";
    case 0x52:
      return "exponentialHistogram";
    case 0x5a:
      return "summary";
    default:
      return undefined;
  }
}

/**
 * A data point's fields, whatever its kind; those of other kinds are as if they were absent. The same object for one
 * point after the other.
 * @see https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/metrics/v1/metrics.proto
 */
export interface DataPointFields extends Histogram {
  timeLow: number;
  timeHigh: number;
  flags: number;
  /** What a number is: an integer's halves are in `low` and `high`. */
  valueKind: "none" | "double" | "int" | "unsigned";
  double: number;
  low: number;
  high: number;
  count: bigint;
  /** `undefined`: absent. */
  sum: number | undefined;
  min: number | undefined;
  max: number | undefined;
  readonly bucketCounts: bigint[];
  readonly explicitBounds: number[];
  scale: number;
  zeroCount: bigint;
  zeroThreshold: number;
  readonly positive: BucketCounts;
  readonly negative: BucketCounts;
  /** Of a summary. */
  readonly quantiles: { quantile: number; value: number }[];
  /** A part of it could not be read, or is too much. */
  isTrimmed: boolean;
}

/** Fields of no point. */
export function createDataPointFields(): DataPointFields {
  return {
    timeLow: 0,
    timeHigh: 0,
    flags: 0,
    valueKind: "none",
    double: 0,
    low: 0,
    high: 0,
    count: 0n,
    sum: undefined,
    min: undefined,
    max: undefined,
    bucketCounts: [],
    explicitBounds: [],
    scale: 0,
    zeroCount: 0n,
    zeroThreshold: 0,
    positive: { offset: 0, bucketCounts: [] },
    negative: { offset: 0, bucketCounts: [] },
    quantiles: [],
    isTrimmed: false,
  };
}

/** Reads a field of its kind; `false`: no field has this tag. */
type ReadField<T> = (
  c: ProtoCursor,
  tag: number,
  point: DataPointFields,
  attributes: AttributeList<T>,
) => boolean;

/**
 * Reads the data point of a kind that lies at `[from, to)`, and its attributes. Throws {@link ProtoError} for a
 * malformed one.
 */
export function readDataPoint<T>(
  c: ProtoCursor,
  from: number,
  to: number,
  kind: DataKind,
  point: DataPointFields,
  attributes: AttributeList<T>,
): void {
  clear(point);
  beginAttributes(attributes);
  allowFields(c);
  moveTo(c, from, to);
  const read: ReadField<T> = kind === "histogram"
    ? readHistogramField
    : kind === "exponentialHistogram"
    ? readExponentialField
    : kind === "summary"
    ? readSummaryField
    : readNumberField;
  for (let tag = readTag(c); tag !== 0; tag = readTag(c)) {
    if (read(c, tag, point, attributes)) continue;
    if (tag === OWN_TRIMMED && c.isOwn) point.isTrimmed = readInt32(c) !== 0;
    else skipField(c, tag);
  }
  if (isUsedUp(c)) point.isTrimmed = true;
}

function readNumberField<T>(
  c: ProtoCursor,
  tag: number,
  point: DataPointFields,
  attributes: AttributeList<T>,
): boolean {
  switch (tag) {
    case 0x19:
      readTime(c, point);
      return true;
    case 0x21:
      point.valueKind = "double";
      point.double = readDouble(c);
      return true;
    case 0x31:
      readNumber(c, point, "int");
      return true;
    case 0x3a:
      readAttribute(attributes, c);
      return true;
    case 0x40:
      point.flags = readInt32(c);
      return true;
    default:
      if (tag !== OWN_UNSIGNED_POINT || !c.isOwn) return false;
      readNumber(c, point, "unsigned");
      return true;
  }
}

function readHistogramField<T>(
  c: ProtoCursor,
  tag: number,
  point: DataPointFields,
  attributes: AttributeList<T>,
): boolean {
  switch (tag) {
    case 0x19:
      readTime(c, point);
      return true;
    case 0x21:
      point.count = readBigint(c);
      return true;
    case 0x29:
      point.sum = readDouble(c);
      return true;
    case 0x31:
      add(point.bucketCounts, readBigint(c));
      return true;
    case 0x32:
      readPacked(c, () => add(point.bucketCounts, readBigint(c)));
      return true;
    case 0x39:
      add(point.explicitBounds, readDouble(c));
      return true;
    case 0x3a:
      readPacked(c, () => add(point.explicitBounds, readDouble(c)));
      return true;
    case 0x4a:
      readAttribute(attributes, c);
      return true;
    case 0x50:
      point.flags = readInt32(c);
      return true;
    case 0x59:
      point.min = readDouble(c);
      return true;
    case 0x61:
      point.max = readDouble(c);
      return true;
    default:
      return false;
  }
}

/** Flags and the counts of buckets are varints here, unlike elsewhere. */
function readExponentialField<T>(
  c: ProtoCursor,
  tag: number,
  point: DataPointFields,
  attributes: AttributeList<T>,
): boolean {
  switch (tag) {
    case 0x0a:
      readAttribute(attributes, c);
      return true;
    case 0x19:
      readTime(c, point);
      return true;
    case 0x21:
      point.count = readBigint(c);
      return true;
    case 0x29:
      point.sum = readDouble(c);
      return true;
    case 0x30:
      point.scale = readSint32(c);
      return true;
    case 0x39:
      point.zeroCount = readBigint(c);
      return true;
    case 0x42:
      readMessage(c, () => readBuckets(c, point.positive));
      return true;
    case 0x4a:
      readMessage(c, () => readBuckets(c, point.negative));
      return true;
    case 0x50:
      point.flags = readInt32(c);
      return true;
    case 0x61:
      point.min = readDouble(c);
      return true;
    case 0x69:
      point.max = readDouble(c);
      return true;
    case 0x71:
      point.zeroThreshold = readDouble(c);
      return true;
    default:
      return false;
  }
}

function readSummaryField<T>(
  c: ProtoCursor,
  tag: number,
  point: DataPointFields,
  attributes: AttributeList<T>,
): boolean {
  switch (tag) {
    case 0x19:
      readTime(c, point);
      return true;
    case 0x21:
      point.count = readBigint(c);
      return true;
    case 0x29:
      point.sum = readDouble(c);
      return true;
    case 0x32:
      readMessage(c, () => add(point.quantiles, readQuantile(c)));
      return true;
    case 0x3a:
      readAttribute(attributes, c);
      return true;
    case 0x40:
      point.flags = readInt32(c);
      return true;
    default:
      return false;
  }
}

function readTime(c: ProtoCursor, point: DataPointFields): void {
  readFixed64(c);
  point.timeLow = c.low;
  point.timeHigh = c.high;
}

function readNumber(c: ProtoCursor, point: DataPointFields, kind: "int" | "unsigned"): void {
  readFixed64(c);
  point.valueKind = kind;
  point.low = c.low;
  point.high = c.high;
}

function readBigint(c: ProtoCursor): bigint {
  readFixed64(c);
  return BigInt(c.high) << 32n | BigInt(c.low);
}

function readBuckets(c: ProtoCursor, buckets: BucketCounts): void {
  const readCount = (): void => {
    readVarint(c);
    add(buckets.bucketCounts, BigInt(c.high) << 32n | BigInt(c.low));
  };
  for (let tag = readTag(c); tag !== 0; tag = readTag(c)) {
    if (tag === 0x08) buckets.offset = readSint32(c);
    else if (tag === 0x10) readCount();
    else if (tag === 0x12) readPacked(c, readCount);
    else skipField(c, tag);
  }
}

function readQuantile(c: ProtoCursor): { quantile: number; value: number } {
  let quantile = 0;
  let value = 0;
  for (let tag = readTag(c); tag !== 0; tag = readTag(c)) {
    if (tag === 0x09) quantile = readDouble(c);
    else if (tag === 0x11) value = readDouble(c);
    else skipField(c, tag);
  }
  return { quantile, value };
}

/** Reads the message that the cursor stands before, its length first. */
function readMessage(c: ProtoCursor, read: () => void): void {
  const length = readLength(c);
  const outerEnd = c.end;
  const end = c.at + length;
  c.end = end;
  read();
  moveTo(c, end, outerEnd);
}

/** Reads a packed list: by `read` until its end. */
function readPacked(c: ProtoCursor, read: () => void): void {
  readMessage(c, () => {
    while (c.at < c.end) read();
  });
}

/** One byte can be a bucket, and each becomes a point: the list is bounded. */
function add<T>(list: T[], item: T): void {
  if (list.length === MAX_BUCKETS) {
    throw new ProtoError(`Cannot read a data point as it may have ${MAX_BUCKETS} buckets at most`);
  }
  list.push(item);
}

function clear(point: DataPointFields): void {
  point.timeLow = 0;
  point.timeHigh = 0;
  point.flags = 0;
  point.valueKind = "none";
  point.count = 0n;
  point.sum = undefined;
  point.min = undefined;
  point.max = undefined;
  point.bucketCounts.length = 0;
  point.explicitBounds.length = 0;
  point.scale = 0;
  point.zeroCount = 0n;
  point.zeroThreshold = 0;
  for (const buckets of [point.positive, point.negative]) {
    buckets.offset = 0;
    buckets.bucketCounts.length = 0;
  }
  point.quantiles.length = 0;
  point.isTrimmed = false;
}
