/** A folder of small files, as the spool uses it. Each method is one system call or two, and throws what it throws. */
export interface SpoolFiles {
  /** Names and sizes; empty when there is no such folder yet. */
  list(): readonly { readonly name: string; readonly sizeBytes: number }[];
  read(name: string): Uint8Array;
  /** Replaces the file. A crash may leave a part of it. Makes the folder first if need be. */
  write(name: string, bytes: Uint8Array): void;
  /** At once and whole, over a file of that name too. */
  rename(from: string, to: string): void;
  remove(name: string): void;
}

/** Readable by nobody else: what is spooled is customers' data. */
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

/**
 * The disk. Synchronous, so that nothing else happens between "written" and "no longer in memory", and no write is
 * pending when the sandbox is frozen. Never synced: a kill keeps the page cache, and what loses it loses `/tmp` too.
 */
export function createDiskFiles(directory: string): SpoolFiles {
  const path = (name: string): string => `${directory}/${name}`;
  return {
    list: () => {
      try {
        return Array.from(Deno.readDirSync(directory))
          .filter((entry) => entry.isFile)
          .map(({ name }) => ({ name, sizeBytes: Deno.lstatSync(path(name)).size }));
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return [];
        throw error;
      }
    },
    read: (name) => Deno.readFileSync(path(name)),
    write: (name, bytes) => {
      try {
        Deno.writeFileSync(path(name), bytes, { mode: FILE_MODE });
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
        // The function may have emptied /tmp, us included.
        Deno.mkdirSync(directory, { recursive: true, mode: FOLDER_MODE });
        Deno.writeFileSync(path(name), bytes, { mode: FILE_MODE });
      }
    },
    rename: (from, to) => Deno.renameSync(path(from), path(to)),
    remove: (name) => Deno.removeSync(path(name)),
  };
}
