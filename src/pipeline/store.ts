import { CATEGORIES, type Category, type Source, SOURCES } from "../point/point.ts";
import { groupRanges, splitRanges } from "../point/point_range.ts";
import { batchOf } from "./exporter.ts";
import { type GroupOf, type Lease, settlesOnce } from "./lease.ts";
import type { DropReason, Ledger } from "./ledger.ts";
import { type BatchLimit, createPointQueue, type PointQueue } from "./point_queue.ts";
import {
  appendPoint,
  createSegment,
  frameOf,
  heldPointBytes,
  type HeldRange,
  type Segment,
  SEGMENT_BYTES,
  type SegmentMemory,
  segmentRoom,
} from "./segment.ts";

/** A batch lent by the store. */
export interface StoreLease extends Lease {
  split(): readonly [StoreLease, StoreLease];
  divide(groupOf: GroupOf): readonly StoreLease[];
  /** Somebody else holds it from now on (the spool): neither sent nor dropped, only no longer here. */
  release(): void;
  /** The sources of its points, in order. */
  sources(): readonly Source[];
}

/** Whether the store has lent these points. */
export function isStoreLease(lease: Lease): lease is StoreLease {
  return "release" in lease;
}

/** The way into a store. */
export interface StoreDoor extends Pick<PointStore, "append"> {
  /** The same for a point of megabytes in steps of some milliseconds at most, where `append` would take longer. */
  readonly appendSteps?: (
    source: Source,
    category: Category,
    bytes: Uint8Array,
    commonMask: number,
    isOwn: boolean,
  ) => Generator<undefined, void>;
}

/**
 * Points between the receivers and the exporter, as the bytes that they travel in: bounded, oldest dropped first,
 * every loss counted.
 */
export interface PointStore {
  /**
   * Takes in a point: `bytes[0, length)`, copied, a `PBPoint` without the common tags. `commonMask`: see
   * `PointRange.masks`. `isOwn`: it may be kept instead, with the memory around it that nobody else uses any more:
   * before it is room for its frame.
   */
  append(
    source: Source,
    category: Category,
    bytes: Uint8Array,
    length: number,
    commonMask: number,
    isOwn?: boolean,
  ): void;
  /**
   * Lends points of one category, oldest first unless asked otherwise. A single point larger than the limit travels
   * alone. `undefined` when there is nothing. What is put back goes to its place in the order of arrival; the oldest
   * are dropped when the store has filled up meanwhile.
   */
  take(category: Category, limit: BatchLimit): StoreLease | undefined;
  /** Drops the oldest until at most `maxBytes` are held. */
  shed(maxBytes: number, reason: DropReason): void;
  /** Categories with points to take. */
  categories(): readonly Category[];
  /** Points held, those lent included. */
  held(source?: Source, category?: Category): number;
  /** Memory of all points held, those lent included, in bytes. */
  readonly heldBytes: number;
}

export interface PointStoreOptions {
  /** Bound of the memory of all points held, in bytes. */
  readonly maxBytes: number;
  readonly ledger: Ledger;
  /** Told, once each time, that 2 MiB or half of `maxBytes` is reached: now is the time to send. */
  readonly onPressure?: () => void;
  /** `false`: nothing can ever be sent, so points are counted as dropped (`export_off`) instead of held. */
  readonly exportOn?: boolean;
  /** What is held is no points but something of another form, whose mask tells how many data it is. */
  readonly masksCount?: boolean;
}

/** Part of the bound at which the store asks to be emptied. */
const PRESSURE_SHARE = 0.5;
/** It asks at this already, in bytes: less is held, and bodies are ready before they are many. */
const PRESSURE_BYTES = 2 * 1024 * 1024;
/** What a point takes besides its bytes: its place in the segment's index. */
const POINT_INDEX_BYTES = 9;
/** The first segment of a category, in bytes; each next one has twice as many until all are full-sized. */
const FIRST_SEGMENT_BYTES = 4 * 1024;
/** Segments' memory kept for the next ones. */
const SPARE_SEGMENTS = 4;

/** Points of a spare segment's index: of smaller ones than are usual not all is kept. */
const SPARE_POINTS = 4096;

/** What becomes of points that are held no more. */
type Settled = (source: Source, category: Category, data: number) => void;

/** One category's points. */
interface Shelf {
  readonly category: Category;
  readonly queue: PointQueue;
  /** Points held, those lent included, by source. */
  readonly held: number[];
  /** The segment that is being filled. */
  open: Segment | undefined;
  nextBytes: number;
}

/** A store with nothing in it. */
export function createPointStore(options: PointStoreOptions): PointStore {
  const { maxBytes, ledger, onPressure, exportOn = true, masksCount = false } = options;
  const pressureBytes = Math.min(PRESSURE_BYTES, maxBytes * PRESSURE_SHARE);
  const shelves = new Map<Category, Shelf>();
  const inOrder: Shelf[] = [];
  const spare: SegmentMemory[] = [];
  const droppedFor = new Map<DropReason, Settled>();
  let heldBytes = 0;
  let sequence = 0;

  function shelfOf(category: Category): Shelf {
    const found = shelves.get(category);
    if (found !== undefined) return found;
    const made: Shelf = {
      category,
      queue: createPointQueue(),
      held: SOURCES.map(() => 0),
      open: undefined,
      nextBytes: FIRST_SEGMENT_BYTES,
    };
    shelves.set(category, made);
    inOrder.push(made);
    return made;
  }

  /** The segment that a point of this length goes into. */
  function segmentFor(shelf: Shelf, length: number): Segment {
    const room = segmentRoom(length);
    const { open } = shelf;
    if (open !== undefined && open.used + room <= open.bytes.length) return open;
    const sizeBytes = Math.max(room, shelf.nextBytes);
    shelf.nextBytes = Math.min(shelf.nextBytes * 2, SEGMENT_BYTES);
    const made = createSegment(sequence++, sizeBytes, sizeBytes === SEGMENT_BYTES ? spare.pop() : undefined);
    shelf.open = made;
    if (open !== undefined) recycle(open);
    return made;
  }

  /** A segment of nothing but this point, which is not copied. */
  function segmentOf(shelf: Shelf, bytes: Uint8Array, length: number): Segment {
    const { open } = shelf;
    const { buffer, byteOffset } = bytes;
    const frameBytes = frameOf(length);
    // `instanceof`: nobody shares memory here, and types do not say so.
    if (!(buffer instanceof ArrayBuffer)) return segmentFor(shelf, length);
    const whole = new Uint8Array(buffer, byteOffset - frameBytes, frameBytes + length);
    const made = createSegment(sequence++, 0, { ...createSegment(0, 0), bytes: whole });
    shelf.open = made;
    if (open !== undefined) recycle(open);
    return made;
  }

  /** Gives memory back that nobody needs any more. */
  function recycle(segment: Segment): void {
    if (segment.live > 0) return;
    const isKept = segment.bytes.length === SEGMENT_BYTES && spare.length < SPARE_SEGMENTS &&
      segment.ends.length <= SPARE_POINTS;
    if (isKept) spare.push(segment);
    else segment.bytes.buffer.transfer(0);
  }

  function append(
    source: Source,
    category: Category,
    bytes: Uint8Array,
    length: number,
    mask: number,
    isOwn = false,
  ): void {
    const data = masksCount ? mask : 1;
    ledger.received(source, category, data);
    if (!exportOn) return ledger.dropped(source, category, "export_off", data);
    const shelf = shelfOf(category);
    const isKept = isOwn && length > SEGMENT_BYTES && bytes.byteOffset >= frameOf(length);
    const segment = isKept ? segmentOf(shelf, bytes, length) : segmentFor(shelf, length);
    const index = SOURCES.indexOf(source);
    const added = appendPoint(segment, bytes, length, index, mask, isKept);
    shelf.queue.pushed(segment, added);
    shelf.held[index] = (shelf.held[index] ?? 0) + data;
    const before = heldBytes;
    heldBytes += added + POINT_INDEX_BYTES;
    if (heldBytes > maxBytes) shed(maxBytes, "store_full");
    if (before < pressureBytes && heldBytes >= pressureBytes) onPressure?.();
  }

  /**
   * The category that holds most pays first: a flood of logs must not push out the metrics. Once the store is full
   * this runs for every point that comes.
   */
  function shed(limitBytes: number, reason: DropReason): void {
    while (heldBytes > limitBytes) {
      let fullest: Shelf | undefined;
      let most = 0;
      let second = 0;
      for (let i = 0; i < inOrder.length; i++) {
        const shelf = inOrder[i];
        const bytes = shelf?.queue.bytes ?? 0;
        if (bytes > most) {
          second = most;
          most = bytes;
          fullest = shelf;
        } else if (bytes > second) second = bytes;
      }
      if (fullest === undefined) return;
      // In one go down to the next fullest.
      dropOldest(fullest, Math.min(heldBytes - limitBytes, Math.max(1, most - second)), reason);
    }
  }

  /** Drops points until at least `wantedBytes` are out. */
  function dropOldest(shelf: Shelf, wantedBytes: number, reason: DropReason): void {
    const { queue } = shelf;
    let left = wantedBytes;
    for (let oldest = queue.oldest; left > 0 && oldest !== undefined; oldest = queue.oldest) {
      const { segment, from, to } = oldest;
      let end = from;
      let bytes = 0;
      while (end < to && left > 0) {
        const size = heldPointBytes(segment, end++);
        bytes += size;
        left -= size + POINT_INDEX_BYTES;
      }
      queue.skip(end - from, bytes);
      settlePoints(shelf, segment, from, end, droppedAs(reason));
    }
  }

  function droppedAs(reason: DropReason): Settled {
    const found = droppedFor.get(reason);
    if (found !== undefined) return found;
    const made: Settled = (source, category, data) => ledger.dropped(source, category, reason, data);
    droppedFor.set(reason, made);
    return made;
  }

  function settlePoints(shelf: Shelf, segment: Segment, from: number, to: number, settled?: Settled): void {
    const { category, held } = shelf;
    for (let i = from; i < to;) {
      const index = segment.sources[i] ?? 0;
      let data = 0;
      for (; i < to && segment.sources[i] === index; i++) {
        data += dataAt(segment, i);
        heldBytes -= heldPointBytes(segment, i) + POINT_INDEX_BYTES;
      }
      held[index] = (held[index] ?? 0) - data;
      const source = SOURCES[index];
      if (source !== undefined) settled?.(source, category, data);
    }
    segment.live -= to - from;
    if (segment !== shelf.open) recycle(segment);
  }

  function dataAt({ masks }: Segment, index: number): number {
    return masksCount ? masks[index] ?? 0 : 1;
  }

  function dataOf(ranges: readonly HeldRange[]): number {
    let data = 0;
    for (const { segment, from, to } of ranges) {
      for (let i = from; i < to; i++) data += dataAt(segment, i);
    }
    return data;
  }

  function lend(category: Category, ranges: readonly HeldRange[]): StoreLease {
    const settling = settlesOnce();
    const settle = (settled?: Settled): void => {
      settling();
      const shelf = shelfOf(category);
      for (const { segment, from, to } of ranges) settlePoints(shelf, segment, from, to, settled);
    };
    const lease: StoreLease = {
      batch: { ...batchOf(category, ranges), ...(masksCount ? { data: dataOf(ranges) } : {}) },
      divide: (groupOf) => {
        const groups = groupRanges(ranges, (range, index) => groupOf(category, range, index));
        if (groups.length < 2) return [lease];
        settling();
        return groups.map((group) => lend(category, group));
      },
      sources: () =>
        ranges.flatMap(({ segment, from, to }) => {
          return Array.from(segment.sources.subarray(from, to), (index) => SOURCES[index] ?? "self");
        }),
      split: () => {
        settling();
        const count = ranges.reduce((sum, { from, to }) => sum + to - from, 0);
        const [first, second] = splitRanges(ranges, Math.ceil(count / 2));
        return [lend(category, first), lend(category, second)];
      },
      exported: (rejected = 0) => {
        let left = rejected;
        settle((source, _category, n) => {
          const lost = Math.min(left, n);
          left -= lost;
          ledger.exported(source, category, n - lost);
          if (lost > 0) ledger.dropped(source, category, "rejected", lost);
        });
      },
      drop: (reason) => settle(droppedAs(reason)),
      release: () => settle(),
      putBack: () => {
        settling();
        shelfOf(category).queue.insert(ranges);
        shed(maxBytes, "store_full");
      },
    };
    return lease;
  }

  return {
    append,
    take: (category, limit) => {
      const queue = shelves.get(category)?.queue;
      if (queue === undefined || queue.length === 0) return undefined;
      return lend(category, queue.take(limit));
    },
    shed,
    categories: () => CATEGORIES.filter((category) => (shelves.get(category)?.queue.length ?? 0) > 0),
    held: (source, category) => {
      const index = source === undefined ? undefined : SOURCES.indexOf(source);
      let count = 0;
      for (const [of, { held }] of shelves) {
        if (category !== undefined && of !== category) continue;
        count += index === undefined ? held.reduce((sum, n) => sum + n, 0) : held[index] ?? 0;
      }
      return count;
    },
    get heldBytes() {
      return heldBytes;
    },
  };
}
