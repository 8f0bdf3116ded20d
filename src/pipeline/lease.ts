import type { Category } from "../point/point.ts";
import type { PointRange } from "../point/point_range.ts";
import type { Batch } from "./exporter.ts";
import type { DropReason } from "./ledger.ts";

/** What a point of a range belongs to: points of different groups never share an upload. */
export type GroupOf = (category: Category, range: PointRange, index: number) => string;

/**
 * Points lent out for an upload, by whoever holds them: the store, the spool, the own figures. Each lease is settled
 * exactly once, by one of its methods; what settles it again throws.
 */
export interface Lease {
  readonly batch: Batch;
  /** Two halves of at least two points, to be settled each on its own instead of this. */
  split(): readonly [Lease, Lease];
  /** By what `groupOf` tells of each point, in order; the lease itself if all are of one group. */
  divide(groupOf: GroupOf): readonly Lease[];
  /** Taken by whom it was sent to; but for `rejected` of its data, where the store counts them. */
  exported(rejected?: number): void;
  /** Not sent: back to where it was. */
  putBack(): void;
  /** Gone for good, for `reason`. */
  drop(reason: DropReason): void;
}

/** What a lease of one's own calls before it settles: the second call throws. */
export function settlesOnce(): () => void {
  let isSettled = false;
  return () => {
    if (isSettled) throw new Error("Cannot settle a batch as it was settled before");
    isSettled = true;
  };
}
