/** Several holders of data as one, for when memory is short. */
import type { PointStore } from "./store.ts";

/** What the memory guard needs of a store. */
export type Sheddable = Pick<PointStore, "heldBytes" | "shed">;

/** Points that are not the store's yet, and may never be. */
export interface HeldAside {
  /** Points. */
  readonly held: number;
  /** Memory of them, in bytes. */
  readonly heldBytes: number;
  /** Gives up the oldest until at most `maxBytes` are held. */
  shed(maxBytes: number): void;
}

/** Stores of equal rank: each gives up the same part of what it holds. */
export function joinStores(stores: readonly Sheddable[]): Sheddable {
  const held = (): number => stores.reduce((sum, { heldBytes }) => sum + heldBytes, 0);
  return {
    get heldBytes() {
      return held();
    },
    shed: (maxBytes, reason) => {
      const all = held();
      if (all <= maxBytes) return;
      const share = maxBytes / all;
      for (const store of stores) store.shed(store.heldBytes * share, reason);
    },
  };
}

/** A store and what is held aside from it, which goes first. */
export function withAside(store: Sheddable, aside: HeldAside | undefined): Sheddable {
  if (aside === undefined) return store;
  return {
    get heldBytes() {
      return store.heldBytes + aside.heldBytes;
    },
    shed: (maxBytes, reason) => {
      aside.shed(Math.max(0, maxBytes - store.heldBytes));
      store.shed(maxBytes - aside.heldBytes, reason);
    },
  };
}
