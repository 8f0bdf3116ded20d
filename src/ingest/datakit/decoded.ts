import type { FieldValue } from "../../point/point.ts";

/** A point as a client wrote it: without category, which the path tells, and without Dataway's rules applied. */
export interface WirePoint {
  /** Empty when the client sent none. */
  readonly measurement: string;
  readonly tags: readonly (readonly [string, string])[];
  readonly fields: readonly (readonly [string, FieldValue | undefined])[];
  /** Unix time in nanoseconds; `undefined`: the time of receipt. */
  readonly timeNs: bigint | undefined;
  /** A part of it could not be read, or is NaN or infinite: it is not among tags and fields. */
  readonly isTrimmed?: true;
}

/** What stands where points should: so many of them, and why the first is none. */
export interface Malformed {
  readonly error: string;
  readonly count: number;
}

/** Decodes a body point by point; nothing is kept of those before. Points fail one by one, the rest stands. */
export interface PointDecoder {
  /**
   * Decodes on for a bounded time: a point, what is none, {@link NOTHING_YET}, or `undefined` at the body's end.
   * Never throws.
   */
  readonly next: () => WirePoint | Malformed | undefined;
}

/** The body goes on, but no point was whole yet. */
export const NOTHING_YET: Malformed = { error: "", count: 0 };

/**
 * Tags, fields and values of arrays that are read of one point: several times what it may have. One with more is
 * malformed, for a point is read in one go.
 */
export const MAX_PARTS = 8192;
/** The rule that it breaks. */
export const TOO_MANY_PARTS = `it may have ${MAX_PARTS} tags, fields and values of arrays`;

/** Whether a decoder's answer is no point. */
export function isMalformed(next: WirePoint | Malformed): next is Malformed {
  return "error" in next;
}
