import type { SpoolFiles } from "./spool_files.ts";

/** Numbered files that are there whole or not at all; a larger number is a younger file. */
export interface SpoolFolder {
  /** What is there, oldest first. The rest of a write that was cut off is removed. Throws when the disk does. */
  list(): {
    readonly files: readonly { readonly number: number; readonly sizeBytes: number }[];
    cutOff: boolean;
  };
  read(number: number): Uint8Array;
  /** Makes or replaces the file. A crash leaves it as it was, or as it is to be. Throws when the disk does. */
  put(number: number, content: Uint8Array): void;
  /** Removes the file, or at least makes it one that nobody can read. Throws when neither works. */
  remove(number: number): void;
}

const SUFFIX = ".spool";
const UNFINISHED = "unfinished.tmp";
/** So that names sort by age too. */
const DIGITS = 17;

/** The folder over a file system. */
export function createSpoolFolder(files: SpoolFiles): SpoolFolder {
  return {
    list: () => {
      const found: { number: number; sizeBytes: number }[] = [];
      let cutOff = false;
      for (const { name, sizeBytes } of files.list()) {
        const number = numberOf(name);
        if (number !== undefined) found.push({ number, sizeBytes });
        else if (name === UNFINISHED) cutOff = true;
      }
      if (cutOff) quietly(() => files.remove(UNFINISHED));
      return { files: found.sort((a, b) => a.number - b.number), cutOff };
    },
    read: (number) => files.read(nameOf(number)),
    put: (number, content) => {
      try {
        files.write(UNFINISHED, content);
        files.rename(UNFINISHED, nameOf(number));
      } catch (error) {
        quietly(() => files.remove(UNFINISHED));
        throw error;
      }
    },
    remove: (number) => {
      try {
        files.remove(nameOf(number));
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return;
        // An empty file is a torn one: a later life does not send it.
        if (!quietly(() => files.write(nameOf(number), new Uint8Array()))) throw error;
      }
    },
  };
}

function nameOf(number: number): string {
  return `${String(number).padStart(DIGITS, "0")}${SUFFIX}`;
}

function numberOf(name: string): number | undefined {
  const digits = name.slice(0, -SUFFIX.length);
  return name.endsWith(SUFFIX) && digits.length === DIGITS && /^\d+$/.test(digits)
    ? Number(digits)
    : undefined;
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
