import { describeError, type Logger } from "@std/log";
import type { Category, Source } from "../point/point.ts";
import { groupRanges, type PointRange, sliceOf, splitRanges } from "../point/point_range.ts";
import { type Batch, batchOf } from "./exporter.ts";
import type { Ledger } from "./ledger.ts";
import { createSpoolFolder, type SpoolFiles } from "./spool_folder.ts";
import { countPoints, joinRuns, runsOf } from "./spool_format.ts";
import { createSpoolIndex, RETRY_MS, type SpoolFile } from "./spool_index.ts";
import type { SpooledPoints } from "./spool_points.ts";
import type { HeldBatch, Lender, PointStore } from "./store.ts";

/** Points of one file on their way to Dataway. */
export interface SpooledBatch extends Batch {
  /** Which file: the spool's own matter. */
  readonly file: number;
}

/**
 * Points that could not be sent, in files. What goes to a file leaves memory: a function of 128 MB has 8 MiB for data
 * that waits but 512 MB of `/tmp`, and a point in two places would have to be settled in two. It is in memory, or in
 * exactly one file, and a crash at any moment leaves it so.
 *
 * A file is one POST, and is deleted in the same turn in which Dataway's answer is read. Only a kill between that
 * answer and us sends it again, which no client can tell from a request that never arrived.
 */
export interface Spool extends Lender<SpooledBatch> {
  /**
   * Moves what the store holds, but what is lent, into files, oldest first, for about `maxMs` and one file. What did
   * not fit into that time stays in the store; after a failed write everything does, for a minute.
   */
  stow(maxMs: number): void;
  /** Lends the oldest file's points. Reads the folder when first asked: files of earlier lives are found then. */
  take(): SpooledBatch | undefined;
  /** Counts what is gone: files that were removed or changed by somebody else. */
  audit(): void;
  /** Points in files that this process wrote or read. Files of earlier lives not read yet are not counted. */
  held(source?: Source, category?: Category): number;
  /** Size of all files. */
  readonly bytes: number;
  /** Points found in files of earlier lives; they are among those received. */
  readonly recovered: number;
  /** Files of earlier lives found torn, whose points nobody can count. */
  readonly torn: number;
}

export interface SpoolOptions {
  readonly files: SpoolFiles;
  /** Bound of all files together; the oldest goes first. */
  readonly maxBytes: number;
  /** Upper bound of one body for Dataway; a file never holds more. In bytes. */
  readonly maxBatchBytes: number;
  /** Bytes that each point's encoding grows by on its way out; an upper bound. */
  readonly pointOverheadBytes: () => number;
  readonly store: Pick<PointStore, "take" | "putBack" | "release" | "categories" | "sourcesOf">;
  readonly ledger: Ledger;
  readonly log: Logger;
  /** Unix time in ms. */
  readonly now: () => number;
}

/** Bounds the time between two looks at the clock, and what a kill after an answer sends again. */
const FILE_BYTES = 256 * 1024;
/** A file below this is written anew with what comes next: else each invocation of an outage would be a POST. */
const SMALL_FILE_BYTES = 64 * 1024;

/** Points above this stay in memory: no file of ours is so large. In bytes. */
const MAX_POINTS_BYTES = 768 * 1024;
/** Bound of one file, its head included: what is larger was not written here. In bytes. */
export const MAX_SPOOL_FILE_BYTES = 1024 * 1024;

/** A spool that has not looked at its folder yet. */
export function createSpool(options: SpoolOptions): Spool {
  const { pointOverheadBytes, store, ledger, log, now } = options;
  const index = createSpoolIndex({ ...options, folder: createSpoolFolder(options.files) });
  const fileBytes = Math.min(FILE_BYTES, options.maxBatchBytes);
  const writing = createPause(now);
  const reading = createPause(now);

  /** One line for both. */
  function switchOff(pause: Pause, message: string, error: unknown): void {
    if (!writing.isOn() && !reading.isOn()) log.warn(message, { error: describeError(error) });
    pause.begin();
  }

  function stow(maxMs: number): void {
    const endAt = now() + maxMs;
    const kept: HeldBatch[] = [];
    for (const category of store.categories()) {
      while (now() < endAt && !writing.isOn()) {
        const batch = store.take(category, { maxBytes: fileBytes, pointOverheadBytes: pointOverheadBytes() });
        if (batch === undefined) break;
        if (batch.sizeBytes > MAX_POINTS_BYTES) kept.push(batch);
        else if (save(batch)) store.release(batch);
        else {
          kept.push(batch);
          break;
        }
      }
    }
    for (const batch of kept) store.putBack(batch);
  }

  /** Whether the batch is in a file now. */
  function save(batch: HeldBatch): boolean {
    const { category } = batch;
    try {
      const payloads = batch.ranges.map(sliceOf);
      const runs = runsOf(store.sourcesOf(batch));
      const small = smallFile(category, batch.sizeBytes, batch.count);
      const before = small === undefined ? undefined : index.contentOf(small);
      if (small === undefined || before === undefined) return index.add({ category, runs }, payloads);
      const head = { category, runs: joinRuns(before.runs, runs) };
      return index.replace(small, head, [before.payload, ...payloads]);
    } catch (error) {
      switchOff(writing, "The spool is off as it cannot be written: data waits in memory", error);
      return false;
    }
  }

  /** The newest file of the category, if it is at rest and has room for so much more. */
  function smallFile(category: Category, moreBytes: number, morePoints: number): SpoolFile | undefined {
    const file = index.files().findLast(({ head }) => head?.category === category);
    if (file?.head === undefined || !index.isAtRest(file) || file.rest !== undefined) return undefined;
    const overheadBytes = (countPoints(file.head) + morePoints) * pointOverheadBytes();
    const fits = file.sizeBytes + moreBytes + overheadBytes <= fileBytes;
    return fits && file.sizeBytes < SMALL_FILE_BYTES ? file : undefined;
  }

  function take(): SpooledBatch | undefined {
    for (;;) {
      const file = filesToRead().find(index.isAtRest);
      if (file === undefined) return undefined;
      const points = file.rest ?? index.pointsOf(file);
      if (points === undefined || file.head === undefined) continue;
      file.loan = { points, out: points.left };
      return lend(file.head.category, points.ranges(), file.number);
    }
  }

  function lend(category: Category, ranges: readonly PointRange[], file: number): SpooledBatch {
    return { ...batchOf(category, ranges), file };
  }

  function filesToRead(): readonly SpoolFile[] {
    if (reading.isOn()) return [];
    try {
      return index.files();
    } catch (error) {
      switchOff(reading, "The spool is off as it cannot be read", error);
      return [];
    }
  }

  function settle(batch: SpooledBatch, count?: (source: Source, points: number) => void): void {
    const file = index.files().find(({ number }) => number === batch.file);
    if (file?.loan === undefined) throw new Error("Cannot settle a batch as it was settled before");
    const { points } = file.loan;
    file.loan.out -= batch.count;
    if (file.loan.out === 0) delete file.loan;
    if (count === undefined) return;
    const runs = points.settle(batch.ranges);
    // The disk first: from here on nothing may send these points again.
    if (points.left === 0) index.remove(file);
    else keepOnly(file, batch.category, points);
    for (const [source, settled] of runs) count(source, settled);
  }

  function keepOnly(file: SpoolFile, category: Category, points: SpooledPoints): void {
    const { runs, payloads } = points.rest();
    const head = { category, runs };
    try {
      index.replace(file, head, payloads);
    } catch (error) {
      file.head = head;
      file.rest = points;
      log.warn("A spooled file could not be rewritten: a restart would send a part of it again", {
        error: describeError(error),
      });
    }
  }

  return {
    stow,
    take,
    split: ({ category, ranges, count, file }) => {
      const [first, second] = splitRanges(ranges, Math.ceil(count / 2));
      return [lend(category, first, file), lend(category, second, file)];
    },
    divide: (batch, groupOf) => {
      const { category, ranges, file } = batch;
      const groups = groupRanges(ranges, (range, index) => groupOf(category, range, index));
      return groups.length < 2 ? [batch] : groups.map((group) => lend(category, group, file));
    },
    exported: (batch) => settle(batch, (source, points) => ledger.exported(source, batch.category, points)),
    drop: (batch, reason) =>
      settle(batch, (source, points) => ledger.dropped(source, batch.category, reason, points)),
    putBack: (batch) => settle(batch),
    audit: index.audit,
    held: index.held,
    get bytes() {
      return index.bytes;
    },
    get recovered() {
      return index.recovered;
    },
    get torn() {
      return index.torn;
    },
  };
}

/** After the disk failed it is left alone for a while. */
interface Pause {
  readonly isOn: () => boolean;
  readonly begin: () => void;
}

function createPause(now: () => number): Pause {
  let begunAt = -Infinity;
  return {
    // A clock set back must not make it longer.
    isOn: () => Math.abs(now() - begunAt) < RETRY_MS,
    begin: () => void (begunAt = now()),
  };
}
