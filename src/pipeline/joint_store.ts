import type { PointStore } from "./store.ts";

/** What the memory guard needs of a store. */
type Shedding = Pick<PointStore, "heldBytes" | "shed">;

/** Several stores as one, for when memory is short: each gives up the same part of what it holds. */
export function joinStores(stores: readonly Shedding[]): Shedding {
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
