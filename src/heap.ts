import type { Libc } from "./libc.ts";

/** What a program can do to have less memory, beyond no longer using it. */
export interface Heap {
  /** Memory that is the process's own, without pages of its file, in bytes. Costs 20 µs. */
  usedBytes(): number;
  /** The same with pages of its file (RSS), in bytes. */
  residentBytes(): number;
  /** Collects garbage. Takes some ten ms of CPU. */
  collect(): void;
  /**
   * Collects twice, and moves together what is left, so that V8 has free pages to give back: a single collection leaves
   * almost all of them a little of what is still used. Takes twice as long.
   */
  compact(): void;
  /** Hands to the kernel what is free, which the C library keeps for the next time. Takes some ms of CPU. */
  trim(): void;
  /**
   * Lets go of the pages of the executable, most of which only the start, a compiler or a rare request has needed. Takes
   * some 1 ms of CPU, and as many as 5 ms more in the turns that follow: what is busy needs its pages again.
   */
  dropPages(): void;
}

/** The heap of this process; `undefined` where the runtime lets nobody touch it. `libc`: where it can be called. */
export function openHeap(libc: Libc | undefined): Heap | undefined {
  /** There under V8's `--expose-gc`, which the executable is compiled with. */
  const gc: unknown = Reflect.get(globalThis, "gc");
  if (typeof gc !== "function") return undefined;
  return {
    usedBytes: () => libc?.ownBytes() ?? Deno.memoryUsage().rss,
    residentBytes: () => Deno.memoryUsage().rss,
    collect: () => void gc(),
    // Other collections move little, and keep for later the pages that they have made free.
    compact: () => void gc({ type: "major", execution: "sync", flavor: "last-resort" }),
    trim: () => libc?.trim(),
    dropPages: () => libc?.dropPages(),
  };
}
