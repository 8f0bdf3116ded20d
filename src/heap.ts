/** What a program can do to have less memory, beyond no longer using it. */
export interface Heap {
  /** Memory of the process (RSS), in bytes. Costs 13 µs. */
  usedBytes(): number;
  /** Collects garbage. Takes some ten ms of CPU. */
  collect(): void;
  /** Hands what is free to the kernel, which the C library keeps for the next time. Takes some ms of CPU. */
  trim(): void;
}

/** The heap of this process; `undefined` where the runtime lets nobody touch it. */
export function openHeap(): Heap | undefined {
  /** There under V8's `--expose-gc`, which the executable is compiled with. */
  const gc: unknown = Reflect.get(globalThis, "gc");
  if (typeof gc !== "function") return undefined;
  let trim = (): void => {
    // Not at the start, when nobody needs it.
    void import("node:os").then(({ getPriority }) => {
      // In the executable this is `malloc_trim(0)`: see layer/build/trim_heap.ts. Elsewhere it does nothing.
      trim = (): void => void getPriority();
      trim();
    }).catch(() => {});
  };
  return { usedBytes: () => Deno.memoryUsage().rss, collect: () => void gc(), trim: () => trim() };
}
