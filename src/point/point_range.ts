/**
 * Points as bytes, one after the other in a buffer, each framed as `PBPoints` has them: the store's segments, the
 * spool's files and the bodies of uploads are all made of these.
 */
import type { Category, FieldValue, Point } from "./point.ts";
import { putVarint } from "./point_bytes.ts";
import { encodeProtobuf } from "./protobuf.ts";
import {
  decodeProtobufPoint,
  decodeProtobufPoints,
  type ProtobufPoint,
  type WantedKeys,
} from "./protobuf_decoder.ts";

/** The points `from` to `to` (without it) of those in `bytes`, which begin at its start without gaps. */
export interface PointRange {
  readonly bytes: Uint8Array;
  /** Where each point ends. */
  readonly ends: Int32Array;
  /** Bits of the common keys that each point has, {@link UNKNOWN_MASK}, or {@link OWN_TAGS_MASK}. */
  readonly masks?: Int32Array | undefined;
  readonly from: number;
  readonly to: number;
}

/** The common keys that a point has are looked for in the point. */
export const UNKNOWN_MASK = -1;
/** The point is sent with its own tags only. */
export const OWN_TAGS_MASK = -2;
/** Key and longest length of a point in `PBPoints`. */
export const POINT_FRAME_BYTES = 6;
/** Below this a loop beats the two calls that copy. */
const SHORT_BYTES = 48;
const POINT_TAG = 0x0a;
const TIME_TAG = 0x18;
const MAX_INT64 = 2 ** 63;
const NS_PER_MS = 1_000_000;

/** Bytes of a range. */
export function rangeBytes({ ends, from, to }: PointRange): number {
  return from >= to ? 0 : (ends[to - 1] ?? 0) - startOf(ends, from);
}

/** Bytes of a range's point with its frame. `index` counts as `from` and `to` do. */
export function pointBytes({ ends }: PointRange, index: number): number {
  return (ends[index] ?? 0) - startOf(ends, index);
}

/** The bytes of a range, not copied. */
export function sliceOf(range: PointRange): Uint8Array {
  const start = startOf(range.ends, range.from);
  return range.bytes.subarray(start, start + rangeBytes(range));
}

/** The own bytes of a range's point (`PBPoint`), not copied. `index` counts as `from` and `to` do. */
export function contentOf({ bytes, ends }: PointRange, index: number): Uint8Array {
  return bytes.subarray(skipVarint(bytes, startOf(ends, index) + 1), ends[index]);
}

/** The time of a point (`PBPoint` in `bytes[0, length)`), Unix time in ms; 0 for one before 1970 or without any. */
export function timeMsOf(bytes: Uint8Array, length: number): number {
  const at = timeStart(bytes, 0, length);
  let ns = 0;
  for (let i = at + 1, factor = 1; i < length; i++, factor *= 128) ns += ((bytes[i] ?? 0) & 0x7f) * factor;
  return ns > MAX_INT64 ? 0 : ns / NS_PER_MS;
}

/** The points of a `PBPoints` that holds nothing else; `undefined`: it does, or it is broken. */
export function rangeOf(bytes: Uint8Array, count: number): PointRange | undefined {
  // No point is smaller than its frame: a count that cannot be is not believed.
  if (count * 2 > bytes.length) return undefined;
  const ends = new Int32Array(count);
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (bytes[at] !== POINT_TAG) return undefined;
    const contentAt = skipVarint(bytes, at + 1);
    at = contentAt + readVarint(bytes, at + 1);
    if (at > bytes.length) return undefined;
    ends[i] = at;
  }
  return at === bytes.length ? { bytes, ends, from: 0, to: count } : undefined;
}

/** Frames a point's bytes at `at` and returns where it ends. There must be room for `length` + {@link POINT_FRAME_BYTES}. */
export function putFramed(target: Uint8Array, at: number, bytes: Uint8Array, length: number): number {
  const contentAt = putFrame(target, at, length);
  if (length <= SHORT_BYTES) { for (let i = 0; i < length; i++) target[contentAt + i] = bytes[i] ?? 0; }
  else target.set(length === bytes.length ? bytes : bytes.subarray(0, length), contentAt);
  return contentAt + length;
}

/** Puts the frame of a point of `length` bytes, and returns where the point begins. */
export function putFrame(target: Uint8Array, at: number, length: number): number {
  target[at] = POINT_TAG;
  return putVarint(target, at + 1, length);
}

/** The points of ranges, decoded: for the text encoding, and for whoever must look into them. */
export function decodeRanges(category: Category, ranges: readonly PointRange[]): Point[] {
  return ranges.flatMap((range) => {
    return decodeProtobufPoints(sliceOf(range)).points.map((point) => toPoint(category, point));
  });
}

/** Points as they are, without another look at the rules. */
export function encodeRange(points: readonly Point[]): PointRange {
  const bytes = encodeProtobuf(points);
  const range = rangeOf(bytes, points.length);
  if (range === undefined) throw new Error("Cannot find the points that were just encoded");
  return range;
}

/**
 * One point's own bytes, decoded; of its tags and fields those alone that are `wanted`, where that is given. Throws for
 * bytes that no writer of ours made.
 */
export function decodePoint(category: Category, bytes: Uint8Array, wanted?: WantedKeys): Point {
  const point = decodeProtobufPoint(bytes, wanted);
  if (point === undefined) throw new Error("Cannot decode a point as its bytes are broken");
  return toPoint(category, point);
}

function toPoint(category: Category, { measurement, tags, fields, time, ownTagsOnly }: ProtobufPoint): Point {
  const values = fields.flatMap(([key, value]): [string, FieldValue][] => {
    return value === undefined ? [] : [[key, value]];
  });
  const point = { category, measurement, tags: new Map(tags), fields: new Map(values), timeNs: time };
  return ownTagsOnly === undefined ? point : { ...point, ownTagsOnly };
}

/** The same points in parts of at most `maxPoints`, each ended by the point with which it has `maxBytes`. */
export function* partsOf(
  ranges: readonly PointRange[],
  maxPoints: number,
  maxBytes: number,
): Generator<PointRange> {
  for (const range of ranges) {
    const { ends, to } = range;
    for (let from = range.from; from < to;) {
      const fullAt = startOf(ends, from) + maxBytes;
      const most = Math.min(to, from + maxPoints);
      let end = from + 1;
      while (end < most && (ends[end - 1] ?? 0) < fullAt) end++;
      yield { ...range, from, to: end };
      from = end;
    }
  }
}

/** Cuts ranges into two lots of points, the first of `count`. */
export function splitRanges<R extends PointRange>(
  ranges: readonly R[],
  count: number,
): readonly [readonly R[], readonly R[]] {
  const first: R[] = [];
  const second: R[] = [];
  let left = count;
  for (const range of ranges) {
    const middle = Math.min(range.to, range.from + left);
    left -= middle - range.from;
    if (middle > range.from) first.push({ ...range, to: middle });
    if (middle < range.to) second.push({ ...range, from: middle });
  }
  return [first, second];
}

/** Lots of points by what `groupOf` tells of each, in the order in which the lots and their points are first met. */
export function groupRanges<R extends PointRange>(
  ranges: readonly R[],
  groupOf: (range: R, index: number) => string,
): readonly (readonly R[])[] {
  const groups = new Map<string, R[]>();
  for (const range of ranges) {
    let from = range.from;
    let name = from < range.to ? groupOf(range, from) : undefined;
    while (name !== undefined) {
      let to = from;
      let next: string | undefined = name;
      while (next === name) next = ++to < range.to ? groupOf(range, to) : undefined;
      const part = { ...range, from, to };
      const group = groups.get(name);
      if (group === undefined) groups.set(name, [part]);
      else group.push(part);
      from = to;
      name = next;
    }
  }
  return [...groups.values()];
}

/** Where a point's last member begins, its time: before it there is a byte that ends something else. */
export function timeStart(bytes: Uint8Array, from: number, end: number): number {
  let at = end - 2;
  while (at > from && (bytes[at] ?? 0) >= 0x80) at--;
  return bytes[at] === TIME_TAG ? at : end;
}

/** Where a point begins, with its frame. */
export function startOf(ends: Int32Array, index: number): number {
  return index === 0 ? 0 : ends[index - 1] ?? 0;
}

/** Lengths below 2^28, as all here are; one that goes on is longer than any buffer. */
function readVarint(bytes: Uint8Array, start: number): number {
  let value = 0;
  for (let i = 0; i < 5; i++) {
    const byte = bytes[start + i] ?? 0;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return value;
  }
  return Infinity;
}

/** What follows the varint at `start`. */
export function skipVarint(bytes: Uint8Array, start: number): number {
  let at = start;
  while ((bytes[at] ?? 0) >= 0x80) at++;
  return at + 1;
}
