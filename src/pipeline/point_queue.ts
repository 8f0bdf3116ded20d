import { rangeBytes } from "../point/point_range.ts";
import { heldPointBytes, type HeldRange, rangeOfSegment, type Segment } from "./segment.ts";

/** How much a lent batch may hold. */
export interface BatchLimit {
  /** Upper bound of the encoded body, in bytes. */
  readonly maxBytes: number;
  /** What each point's encoding grows by beyond its own size, in bytes. @default 0 */
  readonly pointOverheadBytes?: number;
  readonly newestFirst?: boolean;
}

/** The points of one category that wait, in the order of their arrival: ranges of segments, both ends open. */
export interface PointQueue {
  readonly length: number;
  readonly bytes: number;
  /** The segment grew by its last point, of this many bytes. */
  pushed(segment: Segment, bytes: number): void;
  /** Takes at least one point, and as many as the limit allows. */
  take(limit: BatchLimit): readonly HeldRange[];
  /** The oldest points that are of one segment, valid until the queue changes. */
  readonly oldest: QueuePart | undefined;
  /** Takes out this many of {@link oldest}, which have this many bytes together. */
  skip(points: number, bytes: number): void;
  /** Puts points where they belong: almost always to the front. */
  insert(ranges: readonly HeldRange[]): void;
}

/** What is left of a segment in the queue. */
export interface QueuePart {
  readonly segment: Segment;
  readonly from: number;
  readonly to: number;
}

interface Part extends QueuePart {
  from: number;
  to: number;
}

/** A queue with nothing in it. */
export function createPointQueue(): PointQueue {
  let parts: Part[] = [];
  let length = 0;
  let bytes = 0;

  function takeOldest(isFull: (size: number, count: number) => boolean): HeldRange[] {
    const taken: HeldRange[] = [];
    let size = 0;
    let count = 0;
    for (let full = false; !full && parts.length > 0;) {
      const part = parts[0];
      if (part === undefined) break;
      const from = part.from;
      while (part.from < part.to) {
        size += heldPointBytes(part.segment, part.from);
        if (isFull(size, count)) {
          full = true;
          break;
        }
        part.from++;
        count++;
      }
      if (part.from > from) taken.push(rangeOfSegment(part.segment, from, part.from));
      if (part.from === part.to) parts.shift();
    }
    return out(taken);
  }

  function takeNewest(isFull: (size: number, count: number) => boolean): HeldRange[] {
    const taken: HeldRange[] = [];
    let size = 0;
    let count = 0;
    for (let full = false; !full && parts.length > 0;) {
      const part = parts.at(-1);
      if (part === undefined) break;
      const to = part.to;
      while (part.to > part.from) {
        size += heldPointBytes(part.segment, part.to - 1);
        if (isFull(size, count)) {
          full = true;
          break;
        }
        part.to--;
        count++;
      }
      if (part.to < to) taken.unshift(rangeOfSegment(part.segment, part.to, to));
      if (part.from === part.to) parts.pop();
    }
    return out(taken);
  }

  function out(ranges: HeldRange[]): HeldRange[] {
    for (const range of ranges) {
      length -= range.to - range.from;
      bytes -= rangeBytes(range);
    }
    return ranges;
  }

  function insert(ranges: readonly HeldRange[]): void {
    for (const range of ranges) {
      length += range.to - range.from;
      bytes += rangeBytes(range);
    }
    const added = ranges.map(({ segment, from, to }): Part => ({ segment, from, to }));
    const isBefore = isOlder(added.at(-1), parts[0]);
    const all = isBefore ? [...added, ...parts] : [...added, ...parts].sort(byArrival);
    parts = [];
    for (const part of all) {
      const last = parts.at(-1);
      if (last?.segment === part.segment && last.to === part.from) last.to = part.to;
      else parts.push(part);
    }
  }

  return {
    get length() {
      return length;
    },
    get bytes() {
      return bytes;
    },
    pushed: (segment, pushedBytes) => {
      const { count } = segment;
      length++;
      bytes += pushedBytes;
      const last = parts.at(-1);
      if (last?.segment === segment && last.to === count - 1) last.to = count;
      else parts.push({ segment, from: count - 1, to: count });
    },
    take: ({ maxBytes, pointOverheadBytes = 0, newestFirst = false }) => {
      const isFull = (size: number, count: number): boolean =>
        count > 0 && size + (count + 1) * pointOverheadBytes > maxBytes;
      return newestFirst ? takeNewest(isFull) : takeOldest(isFull);
    },
    get oldest() {
      return parts[0];
    },
    skip: (skipped, skippedBytes) => {
      const part = parts[0];
      if (part === undefined) return;
      part.from += skipped;
      length -= skipped;
      bytes -= skippedBytes;
      if (part.from >= part.to) parts.shift();
    },
    insert,
  };
}

function isOlder(a: Part | undefined, b: Part | undefined): boolean {
  return a === undefined || b === undefined || byArrival(a, b) < 0;
}

function byArrival(a: Part, b: Part): number {
  return a.segment.sequence - b.segment.sequence || a.from - b.from;
}
