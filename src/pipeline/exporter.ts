import type { Category } from "../point/point.ts";
import { type PointRange, rangeBytes } from "../point/point_range.ts";

/** Points that travel together: one batch = one POST = one result, so putting back repeats nothing acknowledged. */
export interface Batch {
  readonly category: Category;
  /** The points, without common tags. */
  readonly ranges: readonly PointRange[];
  /** Points. */
  readonly count: number;
  /** What they count for in the ledger. @default one each */
  readonly data?: number;
  /** Bytes of the points, without common tags. */
  readonly sizeBytes: number;
}

/** A batch of these points. */
export function batchOf(category: Category, ranges: readonly PointRange[]): Batch {
  return {
    category,
    ranges,
    count: ranges.reduce((sum, { from, to }) => sum + to - from, 0),
    sizeBytes: ranges.reduce((sum, range) => sum + rangeBytes(range), 0),
  };
}

/** What became of a batch. Never an exception: the caller decides by `status` alone. */
export type ExportResult =
  | {
    readonly status: "success";
    /** So much of the batch was left out for good, in what its ledger counts, and why. */
    readonly rejected?: number;
    readonly error?: string;
  }
  /** Not taken now, may be taken later. `retryAfterMs` is the receiver's own wish. */
  | { readonly status: "retryable"; readonly error: string; readonly retryAfterMs?: number }
  /** Never to be taken (`reason` names the ledger's drop reason). */
  | { readonly status: "failure"; readonly error: string; readonly reason: FailureReason }
  /** Too large as a whole; halves may be taken. */
  | { readonly status: "too_large"; readonly error: string };

/** Why Dataway will never take a batch: `rejected` (4xx), `forbidden` (403, token), `quota` (`beyondDataUsage`). */
export type FailureReason = "rejected" | "forbidden" | "quota";

/** Sends batches somewhere. */
export interface Exporter {
  readonly name: string;
  /** Upper bound of one encoded body before compression, in bytes. */
  readonly maxBatchBytes: number;
  /** Bytes that each point's encoding grows by on its way out (common tags), as of now; an upper bound. */
  readonly pointOverheadBytes: () => number;
  /**
   * One POST. Ends when `signal` fires (then `retryable`). Never throws. `patienceMs`: of several receivers the next is
   * asked after this time, if that is shorter than usual.
   */
  readonly export: (batch: Batch, signal: AbortSignal, patienceMs?: number) => Promise<ExportResult>;
}
