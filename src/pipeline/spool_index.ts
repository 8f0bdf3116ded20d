import { describeError, type Logger } from "@std/log";
import type { Category, Source } from "../point/point.ts";
import type { DropReason, Ledger } from "./ledger.ts";
import { ForeignFolderError, type SpoolFolder } from "./spool_folder.ts";
import {
  checksumOf,
  countPoints,
  decodeSpoolFile,
  encodeSpoolFile,
  hasWholePoints,
  headOfTornFile,
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
  /** Of what is known to be in it: another file of that name is not ours. */
  checksum?: number;
  /** All that is left of its points, where the disk still has more: it could not be rewritten. */
  rest?: SpooledPoints;
  /** It could not be read for now, for reasons that are not its own: not before this is it tried again. Unix ms. */
  retryAt?: number;
  /** Its points are on their way to Dataway. */
  isLent?: boolean;
  /** Of an earlier life, which may be another process that is not over yet: it is sent, but not written anew. */
  readonly isFound?: boolean;
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
   * Reads a file. `undefined`: it is torn, gone or another, which is counted, and out of the index; or it cannot be read
   * for now.
   */
  contentOf(file: SpoolFile): SpoolContent | undefined;
  /** The points of a file, else as {@link contentOf}. */
  pointsOf(file: SpoolFile): SpooledPoints | undefined;
  /** Its points are settled. */
  remove(file: SpoolFile): void;
  /** Counts the points of files that are gone. */
  audit(): void;
  held(source?: Source, category?: Category): number;
  readonly unread: number;
  readonly bytes: number;
  readonly recovered: number;
  readonly torn: number;
  readonly gone: number;
}

export interface SpoolIndexOptions {
  readonly folder: SpoolFolder;
  /** Bound of one file, its head included: what is larger was not written here. In bytes. */
  readonly maxFileBytes: number;
  /** Bound of all files together; the oldest goes first. */
  readonly maxBytes: number;
  readonly ledger: Ledger;
  readonly log: Logger;
  /** Unix time in ms. */
  readonly now: () => number;
}

/** Numbers are times: apart from those of other processes, and enough of them within one millisecond. */
const NUMBERS_PER_MS = 1000;
/** A disk that fails is tried again after this, in ms. */
export const RETRY_MS = 60_000;

/** An index that has not looked at its folder yet. */
export function createSpoolIndex(options: SpoolIndexOptions): SpoolIndex {
  const { folder, maxFileBytes, maxBytes, ledger, log, now } = options;
  let known: SpoolFile[] | undefined;
  let bytes = 0;
  let lastNumber = 0;
  let recovered = 0;
  let torn = 0;
  let gone = 0;

  function open(): SpoolFile[] {
    if (known !== undefined) return known;
    const files = folder.list((problem, rest) =>
      // No account of its points: what it was to replace may have had a part of them, and still be there.
      reportTorn(problem, headOfTornFile(rest, maxFileBytes))
    );
    known = files.map(({ number, sizeBytes }) => ({ number, sizeBytes, isFound: true }));
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
    // No two processes write in the same place within a millisecond.
    const place = Math.floor(Math.random() * NUMBERS_PER_MS);
    lastNumber = Math.max(lastNumber + 1, Math.floor(now()) * NUMBERS_PER_MS + place);
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

  /** Gives up the oldest files, but `kept` and those that are lent, until there is room for this much more. */
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
    let found: Uint8Array;
    try {
      found = folder.read(file.number);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) lose(file, describeError(error));
      else wait(file, describeError(error));
      return undefined;
    }
    const content = decodeSpoolFile(found);
    const isKnown = file.checksum !== undefined;
    if (content !== undefined && isKnown && content.checksum !== file.checksum) {
      // Whoever wrote it may still send it.
      lose(file, "It is another than was written");
      return undefined;
    }
    if (content !== undefined && (isKnown || hasWholePoints(content))) {
      if (!isKnown) adopt(file, content, content.checksum);
      return content;
    }
    // One that is whole and has no points was made up.
    if (!isKnown) tear(file, content === undefined ? headOfTornFile(found, maxFileBytes) : undefined);
    else lose(file, "It is torn", remove);
    return undefined;
  }

  function wait(file: SpoolFile, error: string): void {
    log.warn("A spooled file waits as it cannot be read for now", { error });
    file.retryAt = now() + RETRY_MS;
  }

  function pointsOf(file: SpoolFile): SpooledPoints | undefined {
    const content = contentOf(file);
    if (content === undefined) return undefined;
    return createSpooledPoints(content.range, content.runs);
  }

  /** A file of an earlier life: from now on its points are this life's. */
  function adopt(file: SpoolFile, { category, runs }: SpoolHead, checksum?: number): void {
    file.head = { category, runs };
    if (checksum !== undefined) file.checksum = checksum;
    for (const [source, count] of runs) ledger.received(source, category, count);
    recovered += countPoints(file.head);
  }

  /** A file of an earlier life that nobody can send, and what it was to hold if that is known. */
  function tear(file: SpoolFile, head: SpoolHead | undefined): void {
    reportTorn("It is torn", head);
    if (head !== undefined) adopt(file, head);
    drop(file, "spool_lost");
  }

  /** Counts what is not there any more. What is there instead is not ours. */
  function lose(file: SpoolFile, problem: string, leave: (file: SpoolFile) => void = forget): void {
    if (file.head !== undefined) {
      log.error("Spooled data was lost as its file cannot be read", {
        points: countPoints(file.head),
        error: problem,
      });
    } else {
      gone++;
      log.warn("A spooled file of an earlier life was gone before it was read", { error: problem });
    }
    drop(file, "spool_lost", leave);
  }

  function reportTorn(problem: string, head: SpoolHead | undefined): void {
    torn++;
    log.error("Spooled data of an earlier life was lost as its file is torn", {
      error: problem,
      ...(head === undefined ? {} : { pointsAtMost: countPoints(head) }),
    });
  }

  function drop(file: SpoolFile, reason: DropReason, leave: (file: SpoolFile) => void = remove): void {
    const { head } = file;
    if (head !== undefined) {
      for (const [source, count] of head.runs) ledger.dropped(source, head.category, reason, count);
    }
    leave(file);
  }

  /** Whether it was known until now. */
  function forget(file: SpoolFile): boolean {
    const at = known?.indexOf(file) ?? -1;
    if (at < 0) return false;
    known?.splice(at, 1);
    bytes -= file.sizeBytes;
    return true;
  }

  function remove(file: SpoolFile): void {
    // Already gone: another file must not go in its place.
    if (!forget(file)) return;
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
      there = new Map(folder.list().map(({ number, sizeBytes }) => [number, sizeBytes]));
    } catch (error) {
      // What cannot be looked at for now may well be there.
      if (!(error instanceof ForeignFolderError)) return;
      there = new Map();
    }
    for (const file of [...known]) {
      if (file.head === undefined || file.isLent) continue;
      const sizeBytes = there.get(file.number);
      if (sizeBytes === undefined) lose(file, "It is gone");
      else if (sizeBytes !== file.sizeBytes) contentOf(file);
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
    get unread() {
      return known?.filter(({ head, isLent = false }) => head === undefined && !isLent).length ?? 0;
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
    get gone() {
      return gone;
    },
  };
}
