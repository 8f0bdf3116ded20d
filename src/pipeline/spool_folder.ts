/**
 * The spool's folder: numbered files that are there whole or not at all. It lies where the function's code writes too,
 * under the same user: whatever is there may be a link, a pipe, a device or a file without end, may be swapped at any
 * moment, and is not believed.
 */
import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { emptySpoolFile } from "./spool_format.ts";

/** A larger number is a younger file. */
export interface SpoolFolder {
  /**
   * What is there, oldest first. What is of no more use is removed, after `torn` was told of it with what there is of
   * its bytes: the rest of a write that was cut off, of very many none, and of a file that has grown none. Throws when
   * the disk does.
   */
  list(
    torn?: (problem: string, rest: Uint8Array) => void,
  ): readonly { readonly number: number; readonly sizeBytes: number }[];
  /** Throws `NotFound` when it is not there, or is no file of ours, and what the disk does. */
  read(number: number): Uint8Array;
  /** Makes or replaces the file. A crash leaves it as it was, or as it is to be. Throws when the disk does. */
  put(number: number, content: Uint8Array): void;
  /** Removes the file, or at least makes it one that nobody can read. Throws when neither works. */
  remove(number: number): void;
}

/** A folder of small files. Each method is a few system calls, and throws what these throw. */
export interface SpoolFiles {
  /**
   * Names and sizes; empty when there is no such folder yet. Files that are ours but for their size are not among them:
   * `grown` is told their names.
   */
  list(grown?: (name: string) => void): readonly { readonly name: string; readonly sizeBytes: number }[];
  /** Throws `NotFound` when there is no such file, or something else by its name. */
  read(name: string): Uint8Array;
  /** Makes a file, and the folder first if need be. There must be none of that name. A crash may leave a part of it. */
  write(name: string, bytes: Uint8Array): void;
  /** At once and whole, over a file of that name too. */
  rename(from: string, to: string): void;
  remove(name: string): void;
}

const SUFFIX = ".spool";
/** Numbers are times in µs, and this is in the year 2096: from a larger one we could not count on. */
const MAX_NUMBER = 4e15;
/** So that names sort by age too. */
const DIGITS = 17;
/** Of what is being written. The name is a new one each time: who knows it beforehand can be in its way. */
const UNFINISHED = /^unfinished.*\.tmp$/;
/** So many of these are read: a folder that was flooded must not hold up anybody. */
const MAX_RESTS_READ = 16;

/** Makes or replaces a file at once and whole. Throws when the disk does, and leaves nothing behind then. */
export function putFile(files: Omit<SpoolFiles, "list">, name: string, content: Uint8Array): void {
  const unfinished = `unfinished-${crypto.randomUUID()}.tmp`;
  try {
    files.write(unfinished, content);
    files.rename(unfinished, name);
  } catch (error) {
    quietly(() => files.remove(unfinished));
    throw error;
  }
}

/** The folder over a file system. */
export function createSpoolFolder(files: SpoolFiles): SpoolFolder {
  function write(number: number, content: Uint8Array): void {
    putFile(files, nameOf(number), content);
  }

  /** What there is of a write that was cut off; empty if it cannot be read. */
  function restOf(name: string): Uint8Array {
    let rest = new Uint8Array();
    quietly(() => rest = new Uint8Array(files.read(name)));
    return rest;
  }

  return {
    list: (torn = () => {}) => {
      const found: { number: number; sizeBytes: number }[] = [];
      let rests = 0;
      const grown: string[] = [];
      const listed = files.list((name) => grown.push(name));
      for (const name of grown.filter((name) => numberOf(name) !== undefined)) {
        torn("It has grown", new Uint8Array());
        quietly(() => files.remove(name));
      }
      for (const { name, sizeBytes } of listed) {
        const number = numberOf(name);
        if (number !== undefined) found.push({ number, sizeBytes });
        else if (UNFINISHED.test(name)) {
          // An empty one is what was about to be written, which nothing had left yet.
          if (sizeBytes > 0) {
            torn("It was being written", rests++ < MAX_RESTS_READ ? restOf(name) : new Uint8Array());
          }
          quietly(() => files.remove(name));
        }
      }
      return found.sort((a, b) => a.number - b.number);
    },
    read: (number) => files.read(nameOf(number)),
    put: write,
    remove: (number) => {
      try {
        files.remove(nameOf(number));
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return;
        // Whoever finds it has nothing to send, and nothing to miss.
        if (!quietly(() => write(number, emptySpoolFile()))) throw error;
      }
    },
  };
}

function nameOf(number: number): string {
  return `${String(number).padStart(DIGITS, "0")}${SUFFIX}`;
}

/** The number in a name, if it is one that we may have given. */
function numberOf(name: string): number | undefined {
  const digits = name.slice(0, -SUFFIX.length);
  const number = Number(digits);
  const isOurs = name.endsWith(SUFFIX) && digits.length === DIGITS && /^\d+$/.test(digits);
  return isOurs && number < MAX_NUMBER ? number : undefined;
}

/** Whether it worked. */
function quietly(work: () => void): boolean {
  try {
    work();
    return true;
  } catch {
    return false;
  }
}

/** Readable by nobody else: what is spooled is customers' data. */
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
/** What others may do with the folder: nothing. */
const OTHERS_MODE = 0o077;
/** A pipe is opened at once with this, and refused then; a link is not followed. */
const READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** Never into what is there already. */
const WRITE_FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const OUR_NAMES = /^(\d+\.spool|unfinished.*\.tmp)$/;
/** Files looked at, the youngest: a folder that was flooded must not hold up anybody. */
const MAX_FILES = 10_000;

/** The folder is not ours, or no longer the one that it was: what we had in it is gone. */
export class ForeignFolderError extends Error {
  override readonly name = "ForeignFolderError";

  constructor() {
    super("the folder must be one that nobody else can use, and stay the same");
  }
}

/** Which folder it is, whatever its name leads to by now, and whose. */
interface Identity {
  readonly device: number;
  readonly inode: number | null;
  readonly user: number;
}

/**
 * The disk. Synchronous, so that nothing else happens between "written" and "no longer in memory", and no write is
 * pending when the sandbox is frozen. Never synced: a kill keeps the page cache, and what loses it loses `/tmp` too.
 *
 * @param maxFileBytes A file above this is not ours: it is neither listed nor read.
 */
export function createDiskFiles(directory: string, maxFileBytes: number): SpoolFiles {
  let known: Identity | undefined;
  const path = (name: string): string => `${directory}/${name}`;

  /** The folder, if it is there. Throws when it is not ours alone, or not the one that it was. */
  function folder(): Identity | undefined {
    const found = lookAt(directory);
    if (found === undefined) return undefined;
    const { isDirectory, mode, dev, ino, uid } = found;
    if (!isDirectory || ((mode ?? 0) & OTHERS_MODE) !== 0) throw new ForeignFolderError();
    if (known === undefined) {
      const user = ownUser(directory);
      if (uid !== user) throw new ForeignFolderError();
      known = { device: dev, inode: ino, user };
    }
    if (known.device !== dev || known.inode !== ino) throw new ForeignFolderError();
    return known;
  }

  function makeFolder(): void {
    known = undefined;
    const parent = directory.slice(0, Math.max(1, directory.lastIndexOf("/")));
    if (lookAt(parent) === undefined) Deno.mkdirSync(parent, { recursive: true, mode: FOLDER_MODE });
    Deno.mkdirSync(directory, { mode: FOLDER_MODE });
    folder();
  }

  return {
    list: (grown = () => {}) => {
      const user = folder()?.user;
      if (user === undefined) return [];
      const names = (ifThere(() => Array.from(Deno.readDirSync(directory))) ?? [])
        .flatMap(({ name, isFile }) => isFile && OUR_NAMES.test(name) ? [name] : []);
      return names.sort().slice(-MAX_FILES).flatMap((name) => {
        // It may have gone since it was named.
        const found = ifThere(() => Deno.lstatSync(path(name)));
        if (found === undefined) return [];
        const { isFile, nlink, uid, size } = found;
        if (!isFile || nlink !== 1 || uid !== user) return [];
        if (size <= maxFileBytes) return [{ name, sizeBytes: size }];
        grown(name);
        return [];
      });
    },
    read: (name) => {
      const user = folder()?.user;
      return withFile(path(name), READ_FLAGS, (file) => {
        const stats = fstatSync(file);
        const { size } = stats;
        const isOurs = stats.isFile() && stats.nlink === 1 && stats.uid === user;
        if (!isOurs || size > maxFileBytes) throw new Deno.errors.NotFound("It is no file of ours");
        const bytes = new Uint8Array(size);
        let filled = 0;
        for (let count = -1; count !== 0 && filled < size; filled += count) {
          count = readSync(file, bytes, filled, size - filled, null);
        }
        return bytes.subarray(0, filled);
      });
    },
    write: (name, bytes) => {
      // The function may have emptied /tmp, us included.
      if (folder() === undefined) makeFolder();
      withFile(path(name), WRITE_FLAGS, (file) => {
        for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
      });
    },
    rename: (from, to) => {
      folder();
      Deno.renameSync(path(from), path(to));
    },
    remove: (name) => {
      folder();
      Deno.removeSync(path(name));
    },
  };
}

/** What a name stands for, links not followed; throws when the way to it has one. `undefined`: nothing. */
function lookAt(path: string): Deno.FileInfo | undefined {
  return ifThere(() => {
    // `/tmp` itself is the system's.
    const first = path.indexOf("/", 1);
    for (let end = path.indexOf("/", first + 1); first > 0 && end > 0; end = path.indexOf("/", end + 1)) {
      if (Deno.lstatSync(path.slice(0, end)).isSymlink) throw new ForeignFolderError();
    }
    return Deno.lstatSync(path);
  });
}

/** `undefined` when the file does not exist. */
function ifThere<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Whose this process is: the owner of what it makes, as it may not ask. */
function ownUser(directory: string): number {
  const path = `${directory}/unfinished-${crypto.randomUUID()}.tmp`;
  try {
    return withFile(path, WRITE_FLAGS, (file) => fstatSync(file).uid);
  } finally {
    quietly(() => Deno.removeSync(path));
  }
}

function withFile<T>(path: string, flags: number, use: (file: number) => T): T {
  const file = open(path, flags);
  try {
    return use(file);
  } finally {
    closeSync(file);
  }
}

function open(path: string, flags: number): number {
  try {
    return openSync(path, flags, FILE_MODE);
  } catch (error) {
    // Nothing, a link, or a socket.
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ELOOP" || code === "ENXIO") {
      throw new Deno.errors.NotFound(String(code));
    }
    throw error;
  }
}
