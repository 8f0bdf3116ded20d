import type { Category } from "../../point/point.ts";
import type { PointTarget } from "../write_point.ts";

/** Where a body's points go, and what the request says of all of them. */
export interface Destination extends PointTarget {
  readonly category: Category;
  /** Unix time in nanoseconds, for points without one. */
  readonly nowNs: bigint;
  readonly ownTagsOnly: boolean;
}

/**
 * What a step came to: a point was written; one was read, but the rules leave no field of it; what stands there is no
 * point; more steps are needed; the body is at its end.
 */
export type Step = "point" | "no_field" | "malformed" | "unfinished" | "end";

/**
 * Writes a body's points one by one; nothing is kept of those before. Points fail one by one, the rest stands, and
 * what fails leaves nothing behind.
 */
export interface PointDecoder {
  /** Decodes on for a bounded time. Never throws. */
  readonly next: () => Step;
  /** A measure of the work done so far: 1000 take less than a millisecond. */
  readonly work: number;
  /** Points that could not be read so far. */
  readonly malformed: number;
  /** Why the first of them could not. */
  readonly firstError: string | undefined;
}

/** What begins to decode a body. */
export type BeginDecoding = (destination: Destination) => PointDecoder;

/**
 * Tags, fields and values of arrays that are read of one point: several times what it may have. One with more is
 * malformed, for a point is read in one go.
 */
export const MAX_PARTS = 8192;
/** The rule that it breaks. */
export const TOO_MANY_PARTS = `it may have ${MAX_PARTS} tags, fields and values of arrays`;
