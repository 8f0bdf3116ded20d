import { CATEGORIES, type Category, type Point, type Source } from "../point/point.ts";
import type { Batch } from "./exporter.ts";
import type { DropReason, Ledger } from "./ledger.ts";
import type { Consumer } from "./receiver.ts";

/** Who lends batches. Each must come back by exactly one of these methods, its halves each on their own. */
export interface Lender<B extends Batch> {
  /** Two halves of a lent batch of at least two points, to be settled each on its own. */
  split(batch: B): readonly [B, B];
  /** Dataway has it. */
  exported(batch: B): void;
  /** Not sent: back to where it was. */
  putBack(batch: B): void;
  /** Gone for good, for `reason`. */
  drop(batch: B, reason: DropReason): void;
}

/** A batch lent by the store. */
export interface HeldBatch extends Batch {
  readonly entries: readonly HeldPoint[];
}

/** A point with what the store needs to know of it. */
export interface HeldPoint {
  readonly point: Point;
  readonly source: Source;
  /** Bytes in an encoded body without common tags, never less than the true size. */
  readonly sizeBytes: number;
  /** Order of arrival. */
  readonly sequence: number;
}

/** How much a lent batch may hold. */
export interface BatchLimit {
  /** Upper bound of the encoded body, in bytes. */
  readonly maxBytes: number;
  /** What each point's encoding grows by beyond its own size, in bytes. @default 0 */
  readonly pointOverheadBytes?: number;
  readonly newestFirst?: boolean;
}

/** Points between the receivers and the exporter: bounded in bytes, oldest dropped first, every loss counted. */
export interface PointStore extends Lender<HeldBatch> {
  /** The way in for one source. */
  consumer(source: Source): Consumer;
  /**
   * Lends points of one category, oldest first unless asked otherwise. A single point larger than the limit travels
   * alone. `undefined` when there is nothing.
   */
  take(category: Category, limit: BatchLimit): HeldBatch | undefined;
  /** Back to its place in the order of arrival; drops the oldest when the store has filled up meanwhile. */
  putBack(batch: HeldBatch): void;
  /** Somebody else holds it from now on (the spool): neither sent nor dropped, only no longer here. */
  release(batch: HeldBatch): void;
  /** Drops the oldest until at most `maxBytes` are held. */
  shed(maxBytes: number, reason: DropReason): void;
  /** Categories with points to take. */
  categories(): readonly Category[];
  /** Points held, those lent included. */
  held(source?: Source, category?: Category): number;
  /** Estimated memory of all points held, those lent included. */
  readonly heldBytes: number;
}

export interface PointStoreOptions {
  /** Bound of the estimated memory of all points held. */
  readonly maxBytes: number;
  /** Bytes of a point in an encoded body without common tags, never less than the true size. */
  readonly sizeOf: (point: Point) => number;
  readonly ledger: Ledger;
  /** Told, once each time, that 2 MiB or half of `maxBytes` is reached: now is the time to send. */
  readonly onPressure?: () => void;
  /** `false`: nothing can ever be sent, so points are counted as dropped (`export_off`) instead of held. */
  readonly exportOn?: boolean;
}

/** Part of the bound at which the store asks to be emptied. */
const PRESSURE_SHARE = 0.5;
/**
 * It asks at this already, in bytes: what is held costs several times itself in garbage. At 5000 spans/s, sending at
 * 2 MiB instead of at 32 MiB halved the RSS (190 to 109 MB) for 4 % more CPU.
 */
const PRESSURE_BYTES = 2 * 1024 * 1024;
/** Memory of a held point beyond its characters, and of each of its keys (heap of held logs, metrics and spans). */
const POINT_OVERHEAD_BYTES = 460;
const KEY_OVERHEAD_BYTES = 40;

/** A store with nothing in it. */
export function createPointStore(options: PointStoreOptions): PointStore {
  const { maxBytes, sizeOf, ledger, onPressure, exportOn = true } = options;
  const pressureBytes = Math.min(PRESSURE_BYTES, maxBytes * PRESSURE_SHARE);
  const queues = new Map<Category, Queue>();
  const lent = new Set<HeldPoint>();
  let heldBytes = 0;
  let sequence = 0;

  function queueOf(category: Category): Queue {
    const found = queues.get(category);
    if (found !== undefined) return found;
    const made = createQueue();
    queues.set(category, made);
    return made;
  }

  function add(source: Source, points: readonly Point[]): void {
    const before = heldBytes;
    for (const point of points) {
      ledger.received(source, point.category);
      if (!exportOn) {
        ledger.dropped(source, point.category, "export_off");
        continue;
      }
      const entry = { point, source, sizeBytes: sizeOf(point), sequence: sequence++ };
      queueOf(point.category).push(entry);
      heldBytes += memoryOf(entry);
    }
    shed(maxBytes, "store_full");
    if (before < pressureBytes && heldBytes >= pressureBytes) onPressure?.();
  }

  /** The category that holds most pays first: a flood of logs must not push out the metrics. */
  function shed(limitBytes: number, reason: DropReason): void {
    while (heldBytes > limitBytes) {
      let fullest: Queue | undefined;
      for (const queue of queues.values()) {
        if (queue.length > 0 && (fullest === undefined || queue.bytes > fullest.bytes)) fullest = queue;
      }
      const entry = fullest?.shift();
      if (entry === undefined) return;
      heldBytes -= memoryOf(entry);
      ledger.dropped(entry.source, entry.point.category, reason);
    }
  }

  function settle(batch: HeldBatch, count?: (entry: HeldPoint) => void): void {
    for (const entry of batch.entries) {
      if (!lent.delete(entry)) throw new Error("Cannot settle a batch as it was settled before");
      if (count === undefined) continue;
      heldBytes -= memoryOf(entry);
      count(entry);
    }
  }

  return {
    consumer: (source) => (points) => add(source, points),
    take: (category, limit) => {
      const queue = queues.get(category);
      if (queue === undefined || queue.length === 0) return undefined;
      const entries = limit.newestFirst ? queue.takeNewest(limit) : queue.takeOldest(limit);
      for (const entry of entries) lent.add(entry);
      return batchOf(category, entries);
    },
    split: (batch) => {
      const middle = Math.ceil(batch.entries.length / 2);
      return [
        batchOf(batch.category, batch.entries.slice(0, middle)),
        batchOf(batch.category, batch.entries.slice(middle)),
      ];
    },
    exported: (batch) => settle(batch, ({ source }) => ledger.exported(source, batch.category)),
    drop: (batch, reason) => settle(batch, ({ source }) => ledger.dropped(source, batch.category, reason)),
    release: (batch) => settle(batch, () => {}),
    putBack: (batch) => {
      settle(batch);
      queueOf(batch.category).insert(batch.entries);
      shed(maxBytes, "store_full");
    },
    shed,
    categories: () => CATEGORIES.filter((category) => (queues.get(category)?.length ?? 0) > 0),
    held: (source, category) => {
      const matches = (entry: HeldPoint): boolean =>
        (source === undefined || entry.source === source) &&
        (category === undefined || entry.point.category === category);
      let count = 0;
      for (const entry of lent) if (matches(entry)) count++;
      for (const queue of queues.values()) count += queue.count(matches);
      return count;
    },
    get heldBytes() {
      return heldBytes;
    },
  };
}

function batchOf(category: Category, entries: readonly HeldPoint[]): HeldBatch {
  return { category, entries, points: entries.map((entry) => entry.point) };
}

function memoryOf({ point, sizeBytes }: HeldPoint): number {
  return sizeBytes + POINT_OVERHEAD_BYTES + KEY_OVERHEAD_BYTES * (point.tags.size + point.fields.size);
}

/** First in, first out, both ends open. `head` spares shifting the array on every take. */
interface Queue {
  readonly length: number;
  readonly bytes: number;
  push(entry: HeldPoint): void;
  shift(): HeldPoint | undefined;
  /** Puts entries where their sequence belongs: almost always to the front. */
  insert(entries: readonly HeldPoint[]): void;
  takeOldest(limit: BatchLimit): HeldPoint[];
  takeNewest(limit: BatchLimit): HeldPoint[];
  count(matches: (entry: HeldPoint) => boolean): number;
}

function createQueue(): Queue {
  let items: HeldPoint[] = [];
  let head = 0;
  let bytes = 0;

  /** Removes and returns `items[from, to)`, which is at one of the two ends. */
  function cut(from: number, to: number): HeldPoint[] {
    const taken = items.slice(from, to);
    if (from === head) {
      head = to;
      if (head * 2 > items.length) {
        items = items.slice(head);
        head = 0;
      }
    } else items.length = from;
    for (const entry of taken) bytes -= memoryOf(entry);
    return taken;
  }

  return {
    get length() {
      return items.length - head;
    },
    get bytes() {
      return bytes;
    },
    push: (entry) => {
      items.push(entry);
      bytes += memoryOf(entry);
    },
    shift: () => head < items.length ? cut(head, head + 1)[0] : undefined,
    insert: (entries) => {
      items = mergeBySequence(entries, items.slice(head));
      head = 0;
      for (const entry of entries) bytes += memoryOf(entry);
    },
    takeOldest: ({ maxBytes, pointOverheadBytes = 0 }) => {
      let to = head;
      for (let size = 0; to < items.length; to++) {
        size += (items[to]?.sizeBytes ?? 0) + pointOverheadBytes;
        if (size > maxBytes && to > head) break;
      }
      return cut(head, to);
    },
    takeNewest: ({ maxBytes, pointOverheadBytes = 0 }) => {
      let from = items.length;
      for (let size = 0; from > head; from--) {
        size += (items[from - 1]?.sizeBytes ?? 0) + pointOverheadBytes;
        if (size > maxBytes && from < items.length) break;
      }
      return cut(from, items.length);
    },
    count: (matches) => {
      let count = 0;
      for (let at = head; at < items.length; at++) {
        const entry = items[at];
        if (entry !== undefined && matches(entry)) count++;
      }
      return count;
    },
  };
}

/** Both in the order of arrival. Mostly all of the first come before all of the second. */
function mergeBySequence(some: readonly HeldPoint[], others: readonly HeldPoint[]): HeldPoint[] {
  const isBefore = (some.at(-1)?.sequence ?? 0) < (others[0]?.sequence ?? Infinity);
  return isBefore ? [...some, ...others] : [...some, ...others].sort((a, b) => a.sequence - b.sequence);
}
