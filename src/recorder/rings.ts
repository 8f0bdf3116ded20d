/**
 * The recorder's memory: what is held of each request, as the bytes that points travel in. Bounded for each request and
 * for all together; what does not fit pushes out the oldest, a segment at a time.
 */
import type { Category, Source } from "../point/point.ts";
import { contentOf } from "../point/point_range.ts";
import {
  appendPoint,
  createSegment,
  rangeOfSegment,
  type Segment,
  segmentRoom,
} from "../pipeline/segment.ts";

/** Why a point is held instead of sent. */
export type HoldReason =
  /** Its level is below the recorder's. */
  | "level"
  /** Sampling leaves it out. */
  | "sampled";

/** What is known of a held point besides its bytes. */
export interface HeldKind {
  readonly source: Source;
  readonly category: Category;
  readonly reason: HoldReason;
}

/** Takes points out: `bytes` is a `PBPoint`, valid for the time of the call. */
export type TakeHeld = (held: HeldKind, bytes: Uint8Array, commonMask: number) => void;

/** What is held of one request, oldest first. */
export interface Ring {
  /** Copies `bytes[0, length)`; `false`: it alone is more than a ring may have. */
  add(held: HeldKind, bytes: Uint8Array, length: number, commonMask: number): boolean;
  /** Shows the oldest, if there is one, and leaves it there. */
  oldest(show: TakeHeld): void;
  /** Takes all out. */
  drain(take: TakeHeld): void;
  /** Throws all away; `lost` is told of each kind how many. */
  clear(lost: CountHeld): void;
  /** It is not likely to be needed: from now on it is pushed out before others. */
  yield(): void;
  /** Points held. */
  readonly count: number;
}

/** Counts points of a kind. */
export type CountHeld = (held: HeldKind, count: number) => void;

export interface RingsOptions {
  /** Bound of one ring, in bytes. */
  readonly ringBytes: number;
  /** Bound of all rings together, in bytes. */
  readonly totalBytes: number;
}

/** All rings there are. */
export interface Rings {
  /** An empty ring. `evicted` is told what others, or its own newer points, push out of it. */
  open(evicted: CountHeld): Ring;
  /** Throws away the oldest segments, as if they were pushed out, until at most `maxBytes` are held. */
  shed(maxBytes: number): void;
  /** Memory of all rings, in bytes. */
  readonly heldBytes: number;
  /** Points in all rings. */
  readonly held: number;
}

/** The first segment of a ring, in bytes; each next one has twice as many: most requests hold little. */
const FIRST_SEGMENT_BYTES = 2 * 1024;
const SEGMENT_BYTES = 16 * 1024;

interface RingState {
  readonly segments: Segment[];
  readonly evicted: CountHeld;
  bytes: number;
  nextBytes: number;
  count: number;
  yields: boolean;
}

/** No rings yet. */
export function createRings({ ringBytes, totalBytes }: RingsOptions): Rings {
  const kinds: HeldKind[] = [];
  /** Those that hold something, the one that has held the longest first; apart from them those that yield. */
  const rings = new Set<RingState>();
  const yielding = new Set<RingState>();
  let heldBytes = 0;
  let held = 0;

  function codeOf({ source, category, reason }: HeldKind): number {
    const found = kinds.findIndex((kind) =>
      kind.source === source && kind.category === category && kind.reason === reason
    );
    return found >= 0 ? found : kinds.push({ source, category, reason }) - 1;
  }

  function kindOf(segment: Segment, index: number): HeldKind | undefined {
    return kinds[segment.sources[index] ?? 0];
  }

  function orderOf({ yields }: RingState): Set<RingState> {
    return yields ? yielding : rings;
  }

  /** The segment is no part of its ring any more. */
  function give(ring: RingState, segment: Segment): void {
    const { length } = segment.bytes;
    ring.bytes -= length;
    ring.count -= segment.count;
    heldBytes -= length;
    held -= segment.count;
    segment.bytes.buffer.transfer(0);
  }

  function evictOldest(ring: RingState): void {
    const segment = ring.segments.shift();
    if (ring.segments.length === 0) orderOf(ring).delete(ring);
    if (segment === undefined) return;
    countKinds(segment, ring.evicted);
    give(ring, segment);
  }

  function countKinds(segment: Segment, tell: CountHeld): void {
    const counts = new Map<HeldKind, number>();
    for (let i = 0; i < segment.count; i++) {
      const kind = kindOf(segment, i);
      if (kind !== undefined) counts.set(kind, (counts.get(kind) ?? 0) + 1);
    }
    for (const [kind, count] of counts) tell(kind, count);
  }

  function shed(maxBytes: number): void {
    while (heldBytes > maxBytes) {
      const oldest = [...yielding.values().take(1), ...rings.values().take(1)][0];
      if (oldest === undefined) return;
      evictOldest(oldest);
    }
  }

  /** A segment with this much room; the oldest go for it. */
  function segmentFor(ring: RingState, room: number): Segment | undefined {
    const open = ring.segments.at(-1);
    if (open !== undefined && open.used + room <= open.bytes.length) return open;
    const sizeBytes = Math.max(room, ring.nextBytes);
    if (sizeBytes > ringBytes) return undefined;
    while (ring.bytes + sizeBytes > ringBytes) evictOldest(ring);
    shed(totalBytes - sizeBytes);
    ring.nextBytes = Math.min(SEGMENT_BYTES, ring.nextBytes * 2);
    const made = createSegment(0, sizeBytes);
    ring.segments.push(made);
    ring.bytes += sizeBytes;
    heldBytes += sizeBytes;
    orderOf(ring).add(ring);
    return made;
  }

  function empty(ring: RingState, each: (segment: Segment) => void): void {
    orderOf(ring).delete(ring);
    ring.nextBytes = FIRST_SEGMENT_BYTES;
    for (const segment of ring.segments.splice(0)) {
      each(segment);
      give(ring, segment);
    }
  }

  function show(segment: Segment, count: number, take: TakeHeld): void {
    const range = rangeOfSegment(segment, 0, count);
    for (let i = 0; i < count; i++) {
      const kind = kindOf(segment, i);
      if (kind !== undefined) take(kind, contentOf(range, i), segment.masks[i] ?? 0);
    }
  }

  return {
    open: (evicted) => {
      const ring: RingState = {
        segments: [],
        evicted,
        bytes: 0,
        nextBytes: FIRST_SEGMENT_BYTES,
        count: 0,
        yields: false,
      };
      return {
        add: (kind, bytes, length, commonMask) => {
          const segment = segmentFor(ring, segmentRoom(length));
          if (segment === undefined) return false;
          appendPoint(segment, bytes, length, codeOf(kind), commonMask);
          ring.count++;
          held++;
          return true;
        },
        oldest: (take) => {
          const [segment] = ring.segments;
          if (segment !== undefined) show(segment, 1, take);
        },
        drain: (take) => empty(ring, (segment) => show(segment, segment.count, take)),
        clear: (lost) => empty(ring, (segment) => countKinds(segment, lost)),
        yield: () => {
          orderOf(ring).delete(ring);
          ring.yields = true;
          if (ring.segments.length > 0) yielding.add(ring);
        },
        get count() {
          return ring.count;
        },
      };
    },
    shed,
    get heldBytes() {
      return heldBytes;
    },
    get held() {
      return held;
    },
  };
}
