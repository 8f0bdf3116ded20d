import { describeError, type Logger } from "@std/log";
import type { Category, Source } from "../point/point.ts";
import { groupRanges, type PointRange, sliceOf, splitRanges } from "../point/point_range.ts";
import { batchOf } from "./exporter.ts";
import { type Lease, settlesOnce } from "./lease.ts";
import type { Ledger } from "./ledger.ts";
import { createSpoolFolder, type SpoolFiles } from "./spool_folder.ts";
import { countPoints, joinRuns, runsOf, type SpoolHead } from "./spool_format.ts";
import { createSpoolIndex, RETRY_MS, type SpoolFile } from "./spool_index.ts";
import type { SpooledPoints } from "./spool_points.ts";
import type { PointStore, StoreLease } from "./store.ts";

/**
 * Points that could not be sent, in files. What goes to a file leaves memory: a function of 128 MB has 8 MiB for data
 * that waits but 512 MB of `/tmp`, and a point in two places would have to be settled in two. It is in memory, or in
 * exactly one file, and a crash at any moment leaves it so. Only what is on its way to Dataway when the sandbox may be
 * frozen is in both.
 *
 * A file is one POST, and is deleted in the same turn in which Dataway's answer is read. Only a kill between that
 * answer and us sends it again, which no client can tell from a request that never arrived.
 */
export interface Spool {
  /**
   * Moves what the store holds, but what is lent, into files, oldest first, for about `maxMs` and one file. What did
   * not fit into that time stays in the store; after a failed write everything does, for a minute. Returns whether it was
   * the time that ended it.
   */
  spill(maxMs: number): boolean;
  /**
   * Puts points that are being uploaded into a file as well, which goes with the lease that it returns: so they
   * outlive a kill. `undefined`: they cannot be, and the lease stays as it was.
   */
  secure(lease: StoreLease): Lease | undefined;
  /** Lends the oldest file's points. Reads the folder when first asked: files of earlier processes are found then. */
  take(): Lease | undefined;
  /** Counts what is gone: files that were removed or changed by somebody else. */
  audit(): void;
  /** Points in files that this process wrote or read. Files of earlier processes not read yet are not counted. */
  held(source?: Source, category?: Category): number;
  /** Files of earlier processes that were found and not read, so that nobody knows how many points wait in them. */
  readonly unread: number;
  /** Why it is off for now, as the disk failed; `undefined`: it is not. */
  readonly off: string | undefined;
  /** Size of all files. */
  readonly bytes: number;
  /** Points found in files of earlier processes; they are among those received. */
  readonly recovered: number;
  /** Files of earlier processes found torn. What they were to hold is received and dropped, where that can be told. */
  readonly torn: number;
  /** Files of earlier processes that were gone before they were read: removed, or taken by somebody else. */
  readonly gone: number;
}

export interface SpoolOptions {
  readonly files: SpoolFiles;
  /** Bound of all files together; the oldest goes first. */
  readonly maxBytes: number;
  /** Upper bound of one body for Dataway; a file never holds more. In bytes. */
  readonly maxBatchBytes: number;
  /** Bytes that each point's encoding grows by on its way out; an upper bound. */
  readonly pointOverheadBytes: () => number;
  readonly store: Pick<PointStore, "take" | "categories">;
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
  const index = createSpoolIndex({
    ...options,
    folder: createSpoolFolder(options.files),
    maxFileBytes: MAX_SPOOL_FILE_BYTES,
  });
  const fileBytes = Math.min(FILE_BYTES, options.maxBatchBytes);
  const writing = createPause(now);
  const reading = createPause(now);
  let failure: string | undefined;

  /** One line for both. */
  function switchOff(pause: Pause, message: string, error: unknown): void {
    if (!writing.isOn() && !reading.isOn()) log.warn(message, { error: describeError(error) });
    failure = describeError(error);
    pause.begin();
  }

  /** The result of a write; `false` when there is no room or the disk fails. */
  function tryWrite<T>(write: () => T): T | false {
    try {
      return write();
    } catch (error) {
      switchOff(writing, "The spool is off as it cannot be written: data waits in memory", error);
      return false;
    }
  }

  function spill(maxMs: number): boolean {
    const endAt = now() + maxMs;
    const kept: StoreLease[] = [];
    for (const category of store.categories()) {
      while (now() < endAt && !writing.isOn()) {
        const lease = store.take(category, { maxBytes: fileBytes, pointOverheadBytes: pointOverheadBytes() });
        if (lease === undefined) break;
        if (lease.batch.sizeBytes > MAX_POINTS_BYTES) kept.push(lease);
        else if (tryWrite(() => save(lease))) lease.release();
        else {
          kept.push(lease);
          break;
        }
      }
    }
    const hasRest = now() >= endAt && !writing.isOn() && store.categories().length > 0;
    for (const lease of kept) lease.putBack();
    return hasRest;
  }

  /** Whether the batch is in a file now. Throws when the disk does. */
  function save(lease: StoreLease): boolean {
    const { category, ranges, sizeBytes, count } = lease.batch;
    const payloads = ranges.map(sliceOf);
    const runs = runsOf(lease.sources());
    const small = smallFile(category, sizeBytes, count);
    const before = small === undefined ? undefined : index.contentOf(small);
    if (small === undefined || before === undefined) {
      return index.add({ category, runs }, payloads) !== undefined;
    }
    const head = { category, runs: joinRuns(before.runs, runs) };
    return index.replace(small, head, [before.payload, ...payloads]);
  }

  /** The newest file of the category, if it is at rest and has room for this much more. */
  function smallFile(category: Category, moreBytes: number, morePoints: number): SpoolFile | undefined {
    const file = index.files().findLast(({ head }) => head?.category === category);
    if (file?.head === undefined || file.isFound || !index.isAtRest(file) || file.rest !== undefined) {
      return undefined;
    }
    const overheadBytes = (countPoints(file.head) + morePoints) * pointOverheadBytes();
    const fits = file.sizeBytes + moreBytes + overheadBytes <= fileBytes;
    return fits && file.sizeBytes < SMALL_FILE_BYTES ? file : undefined;
  }

  function secure(lease: StoreLease): Lease | undefined {
    const { category, ranges, sizeBytes } = lease.batch;
    if (sizeBytes > MAX_POINTS_BYTES || writing.isOn()) return undefined;
    const head: SpoolHead = { category, runs: runsOf(lease.sources()) };
    const file = tryWrite(() => index.add(head, ranges.map(sliceOf)) ?? false);
    if (file === false) return undefined;
    // As long as the store accounts for the points, the file does not.
    delete file.head;
    file.isLent = true;
    return {
      batch: lease.batch,
      // The disk first: from here on nothing may send these points again.
      exported: (rejected) => {
        index.remove(file);
        lease.exported(rejected);
      },
      drop: (reason) => {
        index.remove(file);
        lease.drop(reason);
      },
      split: () => {
        index.remove(file);
        return lease.split();
      },
      divide: (groupOf) => {
        index.remove(file);
        return lease.divide(groupOf);
      },
      putBack: () => {
        lease.release();
        file.head = head;
        file.isLent = false;
      },
    };
  }

  function take(): Lease | undefined {
    for (;;) {
      const file = filesToRead().find(index.isAtRest);
      if (file === undefined) return undefined;
      const points = file.rest ?? index.pointsOf(file);
      if (points === undefined || file.head === undefined) continue;
      if (points.left === 0) {
        index.remove(file);
        continue;
      }
      file.isLent = true;
      return lend(file, file.head.category, points, points.ranges(), { count: points.left });
    }
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

  /** `out`: the points of the file that are lent, of this lease and of those that were split from it. */
  function lend(
    file: SpoolFile,
    category: Category,
    points: SpooledPoints,
    ranges: readonly PointRange[],
    out: { count: number },
  ): Lease {
    const settling = settlesOnce();
    const batch = batchOf(category, ranges);
    const settle = (count?: (source: Source, points: number) => void): void => {
      settling();
      out.count -= batch.count;
      if (out.count === 0) file.isLent = false;
      if (count === undefined) return;
      const runs = points.settle(ranges);
      // The disk first: from here on nothing may send these points again.
      if (points.left === 0) index.remove(file);
      else keepOnly(file, category, points);
      for (const [source, settled] of runs) count(source, settled);
    };
    const lease: Lease = {
      batch,
      split: () => {
        settling();
        const [first, second] = splitRanges(ranges, Math.ceil(batch.count / 2));
        return [lend(file, category, points, first, out), lend(file, category, points, second, out)];
      },
      divide: (groupOf) => {
        const groups = groupRanges(ranges, (range, index) => groupOf(category, range, index));
        if (groups.length < 2) return [lease];
        settling();
        return groups.map((group) => lend(file, category, points, group, out));
      },
      exported: () => settle((source, settled) => ledger.exported(source, category, settled)),
      drop: (reason) => settle((source, settled) => ledger.dropped(source, category, reason, settled)),
      putBack: () => settle(),
    };
    return lease;
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
    spill,
    secure,
    take,
    audit: index.audit,
    held: index.held,
    get unread() {
      return index.unread;
    },
    get bytes() {
      return index.bytes;
    },
    get off() {
      return writing.isOn() || reading.isOn() ? failure : undefined;
    },
    get recovered() {
      return index.recovered;
    },
    get torn() {
      return index.torn;
    },
    get gone() {
      return index.gone;
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
