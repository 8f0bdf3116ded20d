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

/** What a body held. Points fail one by one; the rest of the body stands. */
export interface Decoded {
  readonly points: readonly WirePoint[];
  readonly malformed: number;
  /** Why the first malformed point is none. */
  readonly firstError: string | undefined;
}

/** Gathers what a decoder finds. */
export interface DecodeCollector {
  add(point: WirePoint): void;
  fail(error: string, count?: number): void;
  result(): Decoded;
}

/** An empty collector. */
export function createDecodeCollector(): DecodeCollector {
  const points: WirePoint[] = [];
  let malformed = 0;
  let firstError: string | undefined;
  return {
    add: (point) => void points.push(point),
    fail: (error, count = 1) => {
      malformed += count;
      firstError ??= error;
    },
    result: () => ({ points, malformed, firstError }),
  };
}
