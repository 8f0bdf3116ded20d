import type { Logger } from "@std/log";
import type { Reclaimer } from "../reclaimer.ts";
import type { PointStore } from "./store.ts";

/** Keeps the extension within its share of the function's memory, at the cost of the oldest data if need be. */
export interface MemoryGuard {
  /** Whether more is used than may be. */
  readonly short: boolean;
  /**
   * Drops the oldest of what is held, a part at a time, counted and with one line, if too much is used even after a
   * garbage collection and dropping helps. What is only garbage costs no data.
   */
  relieve(): void;
}

export interface MemoryGuardOptions {
  /** Memory of the process that may be used, in bytes. */
  readonly limitBytes: number;
  /** Memory of the process in use (RSS), in bytes. */
  readonly usedBytes: () => number;
  /** Without one, what is only garbage counts as used. */
  readonly reclaimer?: Pick<Reclaimer, "collect">;
  readonly store: Pick<PointStore, "heldBytes" | "shed">;
  readonly log: Logger;
  /** Unix time in ms. */
  readonly now: () => number;
}

/** So little held is not what fills the memory, and dropping it would not help. In bytes. */
const HARMLESS_BYTES = 256 * 1024;
/** At most this part of what is held goes at a time: how much of the memory comes back is seen only afterwards. */
const STEP_SHARE = 0.25;
/** A drop helped if at least this part of it came back. */
const EFFECT_SHARE = 0.5;
/** After one that did not, another is tried when this much more is used. */
const GROWTH_BYTES = 8 * 1024 * 1024;
/** Time between two of them, in ms. */
const COLLECT_INTERVAL_MS = 10_000;
/**
 * A look at the memory costs 20 µs and more. One that saw this much room holds for a while, unless what is held has grown
 * by half of it. In bytes, and ms.
 */
const AMPLE_BYTES = 16 * 1024 * 1024;
const AMPLE_FOR_MS = 100;

/** A guard that looks only when asked to. */
export function createMemoryGuard(options: MemoryGuardOptions): MemoryGuard {
  const { limitBytes, reclaimer, store, log, now } = options;
  let collectedAt = -Infinity;
  /** What the last drop was to lower the memory from, and by. */
  let lastDrop: { readonly fromBytes: number; readonly byBytes: number } | undefined;

  let ample: { readonly usedBytes: number; readonly heldBytes: number; readonly at: number } | undefined;

  function usedBytes(): number {
    if (
      ample !== undefined && Math.abs(now() - ample.at) < AMPLE_FOR_MS &&
      store.heldBytes - ample.heldBytes < AMPLE_BYTES / 2
    ) return ample.usedBytes;
    const used = options.usedBytes();
    ample = limitBytes - used < AMPLE_BYTES
      ? undefined
      : { usedBytes: used, heldBytes: store.heldBytes, at: now() };
    return used;
  }

  /** What is used, without garbage if it would be too much. */
  function usedAfterAll(): number {
    const used = usedBytes();
    if (used <= limitBytes || reclaimer === undefined) return used;
    if (Math.abs(now() - collectedAt) < COLLECT_INTERVAL_MS) return used;
    collectedAt = now();
    reclaimer.collect();
    return usedBytes();
  }

  /** Whether a drop would be useless: the last one gave no memory back, so it is not the data that takes it. */
  function isVain(used: number): boolean {
    if (lastDrop === undefined) return false;
    const { fromBytes, byBytes } = lastDrop;
    return used > fromBytes - byBytes * EFFECT_SHARE && used < fromBytes + GROWTH_BYTES;
  }

  return {
    get short() {
      return usedBytes() > limitBytes;
    },
    relieve: () => {
      const used = usedAfterAll();
      const held = store.heldBytes;
      const surplus = Math.min(used - limitBytes, held * STEP_SHARE);
      const keptBytes = Math.max(HARMLESS_BYTES, held - surplus);
      if (surplus <= 0) lastDrop = undefined;
      if (surplus <= 0 || keptBytes >= held || isVain(used)) return;
      lastDrop = { fromBytes: used, byBytes: held - keptBytes };
      store.shed(keptBytes, "memory_pressure");
      log.error("The oldest data was dropped as the extension uses too much memory", {
        usedBytes: used,
        limitBytes,
        droppedBytes: held - store.heldBytes,
      });
    },
  };
}
