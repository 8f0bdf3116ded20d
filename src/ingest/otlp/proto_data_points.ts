/**
 * Data points of metrics, from protobuf.
 * @see `spec/ingest.md` 2.4; note T19: flags and exponential bucket counts are varints here
 */
import {
  MAX_BUCKETS,
  NO_ATTRIBUTES,
  type OtlpBuckets,
  type OtlpExponentialPoint,
  type OtlpHistogramPoint,
  type OtlpNumberPoint,
  type OtlpSummaryPoint,
  type OtlpValue,
} from "./model.ts";
import { readAttribute } from "./proto_common.ts";
import { ProtoError, type ProtoReader } from "./proto_reader.ts";

/** Reads a `NumberDataPoint`; of an int and a double the last counts. */
export function readNumberPoint(r: ProtoReader): OtlpNumberPoint {
  let timeUnixNano = 0n;
  let value: number | bigint | undefined;
  let attributes: Map<string, OtlpValue> | undefined;
  let flags = 0;
  const outer = r.enter();
  for (let tag = r.tag(); tag !== 0; tag = r.tag()) {
    switch (tag) {
      case 0x19:
        timeUnixNano = r.fixed64();
        break;
      case 0x21:
        value = r.double();
        break;
      case 0x31:
        value = r.sfixed64();
        break;
      case 0x3a:
        readAttribute(r, attributes ??= new Map());
        break;
      case 0x40:
        flags = r.int32();
        break;
      default:
        r.skip(tag);
    }
  }
  r.leave(outer);
  return { timeUnixNano, attributes: attributes ?? NO_ATTRIBUTES, flags, value };
}

/** Reads a `HistogramDataPoint`. */
export function readHistogramPoint(r: ProtoReader): OtlpHistogramPoint {
  let timeUnixNano = 0n;
  let count = 0n;
  let sum: number | undefined;
  const bucketCounts: bigint[] = [];
  const explicitBounds: number[] = [];
  let attributes: Map<string, OtlpValue> | undefined;
  let flags = 0;
  let min: number | undefined;
  let max: number | undefined;
  const readCount = (): void => add(bucketCounts, r.fixed64());
  const readBound = (): void => add(explicitBounds, r.double());
  const outer = r.enter();
  for (let tag = r.tag(); tag !== 0; tag = r.tag()) {
    switch (tag) {
      case 0x19:
        timeUnixNano = r.fixed64();
        break;
      case 0x21:
        count = r.fixed64();
        break;
      case 0x29:
        sum = r.double();
        break;
      case 0x31:
        readCount();
        break;
      case 0x32:
        r.packed(readCount);
        break;
      case 0x39:
        readBound();
        break;
      case 0x3a:
        r.packed(readBound);
        break;
      case 0x4a:
        readAttribute(r, attributes ??= new Map());
        break;
      case 0x50:
        flags = r.int32();
        break;
      case 0x59:
        min = r.double();
        break;
      case 0x61:
        max = r.double();
        break;
      default:
        r.skip(tag);
    }
  }
  r.leave(outer);
  return {
    timeUnixNano,
    attributes: attributes ?? NO_ATTRIBUTES,
    flags,
    count,
    sum,
    min,
    max,
    bucketCounts,
    explicitBounds,
  };
}

/** Reads an `ExponentialHistogramDataPoint`. */
export function readExponentialPoint(r: ProtoReader): OtlpExponentialPoint {
  let attributes: Map<string, OtlpValue> | undefined;
  let timeUnixNano = 0n;
  let count = 0n;
  let sum: number | undefined;
  let scale = 0;
  let zeroCount = 0n;
  const positive: BucketsInTheMaking = { offset: 0, bucketCounts: [] };
  const negative: BucketsInTheMaking = { offset: 0, bucketCounts: [] };
  let flags = 0;
  let min: number | undefined;
  let max: number | undefined;
  let zeroThreshold = 0;
  const outer = r.enter();
  for (let tag = r.tag(); tag !== 0; tag = r.tag()) {
    switch (tag) {
      case 0x0a:
        readAttribute(r, attributes ??= new Map());
        break;
      case 0x19:
        timeUnixNano = r.fixed64();
        break;
      case 0x21:
        count = r.fixed64();
        break;
      case 0x29:
        sum = r.double();
        break;
      case 0x30:
        scale = r.sint32();
        break;
      case 0x39:
        zeroCount = r.fixed64();
        break;
      case 0x42:
        readBuckets(r, positive);
        break;
      case 0x4a:
        readBuckets(r, negative);
        break;
      case 0x50:
        flags = r.int32();
        break;
      case 0x61:
        min = r.double();
        break;
      case 0x69:
        max = r.double();
        break;
      case 0x71:
        zeroThreshold = r.double();
        break;
      default:
        r.skip(tag);
    }
  }
  r.leave(outer);
  const distribution = { timeUnixNano, attributes: attributes ?? NO_ATTRIBUTES, flags, count, sum, min, max };
  return { ...distribution, scale, zeroCount, zeroThreshold, positive, negative };
}

/** Reads a `SummaryDataPoint`. */
export function readSummaryPoint(r: ProtoReader): OtlpSummaryPoint {
  let timeUnixNano = 0n;
  let count = 0n;
  let sum = 0;
  const quantileValues: { quantile: number; value: number }[] = [];
  let attributes: Map<string, OtlpValue> | undefined;
  let flags = 0;
  const outer = r.enter();
  for (let tag = r.tag(); tag !== 0; tag = r.tag()) {
    if (tag === 0x19) timeUnixNano = r.fixed64();
    else if (tag === 0x21) count = r.fixed64();
    else if (tag === 0x29) sum = r.double();
    else if (tag === 0x32) add(quantileValues, readQuantile(r));
    else if (tag === 0x3a) readAttribute(r, attributes ??= new Map());
    else if (tag === 0x40) flags = r.int32();
    else r.skip(tag);
  }
  r.leave(outer);
  return { timeUnixNano, attributes: attributes ?? NO_ATTRIBUTES, flags, count, sum, quantileValues };
}

interface BucketsInTheMaking extends OtlpBuckets {
  offset: number;
  readonly bucketCounts: bigint[];
}

function readBuckets(r: ProtoReader, buckets: BucketsInTheMaking): void {
  const readCount = (): void => add(buckets.bucketCounts, r.uint64());
  const outer = r.enter();
  for (let tag = r.tag(); tag !== 0; tag = r.tag()) {
    if (tag === 0x08) buckets.offset = r.sint32();
    else if (tag === 0x10) readCount();
    else if (tag === 0x12) r.packed(readCount);
    else r.skip(tag);
  }
  r.leave(outer);
}

function readQuantile(r: ProtoReader): { quantile: number; value: number } {
  let quantile = 0;
  let value = 0;
  const outer = r.enter();
  for (let tag = r.tag(); tag !== 0; tag = r.tag()) {
    if (tag === 0x09) quantile = r.double();
    else if (tag === 0x11) value = r.double();
    else r.skip(tag);
  }
  r.leave(outer);
  return { quantile, value };
}

/** One byte can be a bucket, and each becomes a point: the list is bounded. */
function add<T>(list: T[], item: T): void {
  if (list.length === MAX_BUCKETS) {
    throw new ProtoError(`Cannot read a data point as it may have ${MAX_BUCKETS} buckets at most`);
  }
  list.push(item);
}
