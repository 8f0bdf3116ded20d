import { describeError, type Logger } from "@std/log";
import type { Category, Source } from "../point/point.ts";
import type { DropReason, Ledger } from "./ledger.ts";
import type { SpoolFolder } from "./spool_folder.ts";
import {
  checksumOf,
  countPoints,
  decodeSpoolFile,
  encodeSpoolFile,
  hasWholePoints,
  type SpoolContent,
  type SpoolHead,
} from "./spool_format.ts";
import { createSpooledPoints, type SpooledPoints } from "./spool_points.ts";

/** A file that is there, as far as this process knows. */
export interface SpoolFile {
  readonly number: number;
  sizeBytes: number;
  /** Missing until a file of an earlier life was read. */
  head?: SpoolHead;
  /** Of what is known to be in it: another file of that name is none of ours. */
  checksum?: number;
  /** All that is left of its points, where the disk still has more: it could not be rewritten. */
  rest?: SpooledPoints;
  /** It could not be read for now, for reasons that are not its own: not before this is it tried again. Unix ms. */
  retryAt?: number;
  /** Its points are on their way to Dataway. */
  isLent?: boolean;
}

/** The spool's files with their account: no point comes or goes but through the ledger. */
export interface SpoolIndex {
  /** Oldest first. Reads the folder when first asked; throws when it cannot be read. */
  files(): readonly SpoolFile[];
  /** Whether it may be lent or changed: it is not lent, nor found unreadable just now. */
  isAtRest(file: SpoolFile): boolean;
  /** A new file; `undefined` when there is no room for it. Throws when the disk does. */
  add(head: SpoolHead, payloads: readonly Uint8Array[]): SpoolFile | undefined;
  /** Other content for a file, at once and whole; `false` when there is no room. Throws when the disk does. */
  replace(file: SpoolFile, head: SpoolHead, payloads: readonly Uint8Array[]): boolean;
  /**
   * Reads a file. `undefined`: it is torn or gone, which is counted, and out of the index; or it cannot be read for now.
   */
  contentOf(file: SpoolFile): SpoolContent | undefined;
  /** The points of a file, else as {@link contentOf}. */
  pointsOf(file: SpoolFile): SpooledPoints | undefined;
  /** Its points are settled. */
  remove(file: SpoolFile): void;
  /** Counts the points of files that are gone. */
  audit(): void;
  held(source?: Source, category?: Category): number;
  readonly bytes: number;
  readonly recovered: number;
  readonly torn: number;
}

export interface SpoolIndexOptions {
  readonly folder: SpoolFolder;
  /** Bound of all files together; the oldest goes first. */
  readonly maxBytes: number;
  readonly ledger: Ledger;
  readonly log: Logger;
  /** Unix time in ms. */
  readonly now: () => number;
}

/** Numbers are times: apart from those of other lives, and enough of them within one millisecond. */
const NUMBERS_PER_MS = 1000;
/** A disk that fails is tried again after this, in ms. */
export const RETRY_MS = 60_000;

/** An index that has not looked at its folder yet. */
export function createSpoolIndex(options: SpoolIndexOptions): SpoolIndex {
  const { folder, maxBytes, ledger, log, now } = options;
  let known: SpoolFile[] | undefined;
  let bytes = 0;
  let lastNumber = 0;
  let recovered = 0;
  let torn = 0;

  function open(): SpoolFile[] {
    if (known !== undefined) return known;
    const { files, cutOff } = folder.list();
    if (cutOff) reportTorn("It was being written");
    known = files.map(({ number, sizeBytes }) => ({ number, sizeBytes }));
    lastNumber = known.at(-1)?.number ?? 0;
    bytes = known.reduce((sum, file) => sum + file.sizeBytes, 0);
    return known;
  }

  function isAtRest({ isLent = false, retryAt = 0 }: SpoolFile): boolean {
    return !isLent && (now() >= retryAt || now() < retryAt - RETRY_MS);
  }

  function add(head: SpoolHead, payloads: readonly Uint8Array[]): SpoolFile | undefined {
    const content = encodeSpoolFile(head, payloads);
    if (!makeRoom(content.length)) return undefined;
    lastNumber = Math.max(lastNumber + 1, Math.floor(now()) * NUMBERS_PER_MS);
    folder.put(lastNumber, content);
    const file = { number: lastNumber, sizeBytes: content.length, head, checksum: checksumOf(content) };
    open().push(file);
    bytes += content.length;
    return file;
  }

  function replace(file: SpoolFile, head: SpoolHead, payloads: readonly Uint8Array[]): boolean {
    const content = encodeSpoolFile(head, payloads);
    if (!makeRoom(content.length - file.sizeBytes, file)) return false;
    folder.put(file.number, content);
    bytes += content.length - file.sizeBytes;
    file.sizeBytes = content.length;
    file.head = head;
    file.checksum = checksumOf(content);
    delete file.rest;
    return true;
  }

  /** Gives up the oldest files, but `kept` and those that are lent, until there is room for so much more. */
  function makeRoom(moreBytes: number, kept?: SpoolFile): boolean {
    if (moreBytes > maxBytes) return false;
    while (open().length > 0 && bytes + moreBytes > maxBytes) {
      const oldest = open().find((file) => isAtRest(file) && file !== kept);
      if (oldest === undefined) return false;
      if (oldest.head === undefined && contentOf(oldest) === undefined) continue;
      log.error("Spooled data was dropped as the spool is full", { maxBytes });
      drop(oldest, "spool_full");
    }
    return true;
  }

  function contentOf(file: SpoolFile): SpoolContent | undefined {
    let problem = "It is torn";
    try {
      const content = decodeSpoolFile(folder.read(file.number));
      const isKnown = file.checksum !== undefined;
      if (content !== undefined && content.checksum === (file.checksum ?? content.checksum)) {
        if (isKnown || hasWholePoints(content)) {
          if (!isKnown) adopt(file, content);
          return content;
        }
      } else if (isKnown) problem = "It is another than was written";
    } catch (error) {
      problem = describeError(error);
      if (!(error instanceof Deno.errors.NotFound)) {
        log.warn("A spooled file waits as it cannot be read for now", { error: problem });
        file.retryAt = now() + RETRY_MS;
        return undefined;
      }
    }
    lose(file, problem);
    return undefined;
  }

  function pointsOf(file: SpoolFile): SpooledPoints | undefined {
    const content = contentOf(file);
    if (content === undefined) return undefined;
    return createSpooledPoints(content.range, content.runs);
  }

  /** A file of an earlier life: from now on its points are this life's. */
  function adopt(file: SpoolFile, { category, runs, checksum }: SpoolContent): void {
    file.head = { category, runs };
    file.checksum = checksum;
    for (const [source, count] of runs) ledger.received(source, category, count);
    recovered += countPoints(file.head);
  }

  function lose(file: SpoolFile, problem: string): void {
    if (file.head === undefined) reportTorn(problem);
    else {
      log.error("Spooled data was lost as its file cannot be read", {
        points: countPoints(file.head),
        error: problem,
      });
    }
    drop(file, "spool_lost");
  }

  function reportTorn(problem: string): void {
    torn++;
    log.error("Spooled data of an earlier life was lost as its file is torn", { error: problem });
  }

  function drop(file: SpoolFile, reason: DropReason): void {
    const { head } = file;
    if (head !== undefined) {
      for (const [source, count] of head.runs) ledger.dropped(source, head.category, reason, count);
    }
    remove(file);
  }

  function remove(file: SpoolFile): void {
    const at = known?.indexOf(file) ?? -1;
    // Already gone: another file must not go in its place.
    if (at < 0) return;
    known?.splice(at, 1);
    bytes -= file.sizeBytes;
    try {
      folder.remove(file.number);
    } catch (error) {
      log.warn("A spooled file cannot be removed: a restart would send it again", {
        error: describeError(error),
      });
    }
  }

  function audit(): void {
    if (known === undefined) return;
    let there: ReadonlyMap<number, number>;
    try {
      there = new Map(folder.list().files.map(({ number, sizeBytes }) => [number, sizeBytes]));
    } catch {
      there = new Map();
    }
    for (const file of [...known]) {
      const isThere = there.get(file.number) === file.sizeBytes;
      if (!isThere && file.head !== undefined && !file.isLent) lose(file, "It is gone");
    }
  }

  return {
    files: open,
    isAtRest,
    add,
    replace,
    contentOf,
    pointsOf,
    remove,
    audit,
    held: (source, category) => {
      let count = 0;
      for (const { head } of known ?? []) {
        if (head === undefined || (category !== undefined && head.category !== category)) continue;
        count += countPoints(head, source);
      }
      return count;
    },
    get bytes() {
      return bytes;
    },
    get recovered() {
      return recovered;
    },
    get torn() {
      return torn;
    },
  };
}
