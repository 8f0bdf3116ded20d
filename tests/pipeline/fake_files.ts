import type { SpoolFiles } from "../../src/pipeline/spool_folder.ts";

/** Thrown where a process would have died. */
export class Crash extends Error {}

/** A disk in memory that survives its processes, fills up, and can be written only if it is told so. */
export interface FakeDisk extends SpoolFiles {
  readonly contents: Map<string, Uint8Array>;
  /** Operations until the process dies in the middle of one; `Infinity`: it goes on. */
  crashIn: number;
  /** Bytes that fit. */
  capacity: number;
  readOnly: boolean;
  /** A file that cannot be read, as when descriptors have run out. */
  unreadable: string | undefined;
  /** A new process: the disk works again. */
  restart(): void;
  /** Bytes of all files. */
  used(): number;
}

/** An empty disk. A write that dies, or finds no room, leaves the first half of its bytes. */
export function createFakeDisk(): FakeDisk {
  const contents = new Map<string, Uint8Array>();
  let dead = false;

  /** `partial` is what a crash in the middle leaves done. */
  function operate(partial: () => void = () => {}): void {
    if (!dead && disk.crashIn-- <= 0) {
      dead = true;
      partial();
    }
    if (dead) throw new Crash("The process is dead");
  }

  function change(): void {
    if (disk.readOnly) throw new Deno.errors.PermissionDenied("Read-only file system");
  }

  function existing(name: string): Uint8Array {
    const bytes = contents.get(name);
    if (bytes === undefined) throw new Deno.errors.NotFound(name);
    return bytes;
  }

  const disk: FakeDisk = {
    contents,
    crashIn: Infinity,
    capacity: Infinity,
    readOnly: false,
    unreadable: undefined,
    restart: () => {
      dead = false;
      disk.crashIn = Infinity;
    },
    used: () => contents.values().reduce((sum, bytes) => sum + bytes.length, 0),
    list: () => {
      operate();
      return Array.from(contents, ([name, bytes]) => ({ name, sizeBytes: bytes.length }));
    },
    read: (name) => {
      operate();
      if (name === disk.unreadable) throw new Error("Too many open files");
      return existing(name).slice();
    },
    write: (name, bytes) => {
      const half = (): void => void contents.set(name, bytes.slice(0, bytes.length / 2));
      operate(half);
      change();
      if (disk.used() + bytes.length > disk.capacity) {
        half();
        throw new Error("No space left on device");
      }
      contents.set(name, bytes.slice());
    },
    rename: (from, to) => {
      operate();
      change();
      const bytes = existing(from);
      contents.delete(from);
      contents.set(to, bytes);
    },
    remove: (name) => {
      operate();
      change();
      existing(name);
      contents.delete(name);
    },
  };
  return disk;
}
