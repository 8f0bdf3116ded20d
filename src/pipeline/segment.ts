import { POINT_FRAME_BYTES, type PointRange, putFrame, putFramed } from "../point/point_range.ts";
import { varintSize } from "../point/protobuf_writer.ts";

/** What a segment writes into. */
export interface SegmentMemory {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where each point ends. */
  ends: Int32Array;
  /** Bits of the common keys that each point has. */
  masks: Int32Array;
  /** The source of each point, as the caller numbers them. */
  sources: Uint8Array;
}

/** A piece of the store's memory: framed points of one category, filled once from front to back. */
export interface Segment extends SegmentMemory {
  /** Order among the segments of its category. */
  readonly sequence: number;
  /** Points written. */
  count: number;
  /** Bytes written. */
  used: number;
  /** Points that somebody still holds. */
  live: number;
}

/** Points of one segment, and whose they are. */
export interface HeldRange extends PointRange {
  readonly segment: Segment;
}

/** Segments of this size are used again; a larger one is for a single point. In bytes. */
export const SEGMENT_BYTES = 64 * 1024;
const INITIAL_POINTS = 32;

/** An empty segment with room for `sizeBytes`, in `memory` that is not used any more if there is any. */
export function createSegment(sequence: number, sizeBytes: number, memory?: SegmentMemory): Segment {
  return {
    sequence,
    bytes: memory?.bytes ?? new Uint8Array(sizeBytes),
    ends: memory?.ends ?? new Int32Array(INITIAL_POINTS),
    masks: memory?.masks ?? new Int32Array(INITIAL_POINTS),
    sources: memory?.sources ?? new Uint8Array(INITIAL_POINTS),
    count: 0,
    used: 0,
    live: 0,
  };
}

/** Bytes that a point of `length` bytes takes in a segment, at most. */
export function segmentRoom(length: number): number {
  return length + POINT_FRAME_BYTES;
}

/** Bytes of the frame of a point of `length` bytes. */
export function frameOf(length: number): number {
  return 1 + varintSize(length);
}

/**
 * Appends a point, for which there must be room, and returns the bytes that it takes. `isThere`: its bytes are in the
 * segment already, behind the room of its frame.
 */
export function appendPoint(
  segment: Segment,
  bytes: Uint8Array,
  length: number,
  source: number,
  mask: number,
  isThere = false,
): number {
  const { count, used } = segment;
  if (count === segment.ends.length) growIndex(segment);
  const end = isThere
    ? putFrame(segment.bytes, used, length) + length
    : putFramed(segment.bytes, used, bytes, length);
  segment.ends[count] = end;
  segment.masks[count] = mask;
  segment.sources[count] = source;
  segment.count = count + 1;
  segment.used = end;
  segment.live++;
  return end - used;
}

/** The bytes that a segment's point takes, its frame included. */
export function heldPointBytes({ ends }: Segment, index: number): number {
  return (ends[index] ?? 0) - (index === 0 ? 0 : ends[index - 1] ?? 0);
}

/** The points `from` to `to` of a segment. */
export function rangeOfSegment(segment: Segment, from: number, to: number): HeldRange {
  return { segment, bytes: segment.bytes, ends: segment.ends, masks: segment.masks, from, to };
}

function growIndex(segment: Segment): void {
  const length = segment.ends.length * 2;
  const ends = new Int32Array(length);
  const masks = new Int32Array(length);
  const sources = new Uint8Array(length);
  ends.set(segment.ends);
  masks.set(segment.masks);
  sources.set(segment.sources);
  segment.ends = ends;
  segment.masks = masks;
  segment.sources = sources;
}
