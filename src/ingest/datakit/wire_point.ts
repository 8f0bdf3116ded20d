/** Points of the forms that are decoded to values before they are written: JSON and protobuf. */
import type { LongContent } from "../../point/long_text.ts";
import type { FieldValue } from "../../point/point.ts";
import { writePoint } from "../write_point.ts";
import type { Destination, PointDecoder, Step } from "./decoded.ts";

/** A point as a client wrote it: without category, which the path tells, and without Dataway's rules applied. */
export interface WirePoint {
  /** Empty when the client sent none. */
  readonly measurement: string;
  readonly tags: readonly (readonly [string, string])[];
  readonly fields: readonly (readonly [string, FieldValue | LongContent | undefined])[];
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

/** Decodes a body point by point. */
export interface WireDecoder {
  /**
   * Decodes on for a bounded time: a point, what is none, {@link NOTHING_YET}, or `undefined` at the body's end.
   * Never throws.
   */
  readonly next: () => WirePoint | Malformed | undefined;
}

/** The body goes on, but no point was whole yet. */
export const NOTHING_YET: Malformed = { error: "", count: 0 };

/** Steps of these forms take long enough for a look at the clock after each. */
const WORK_OF_STEP = 1000;

/** Whether a decoder's answer is no point. */
export function isMalformed(next: WirePoint | Malformed): next is Malformed {
  return "error" in next;
}

/** Writes what a decoder gives. */
export function createWirePointWriter(decoder: WireDecoder, destination: Destination): PointDecoder {
  const { category, nowNs, ownTagsOnly } = destination;
  let work = 0;
  let malformed = 0;
  let firstError: string | undefined;

  function next(): Step {
    work += WORK_OF_STEP;
    const point = decoder.next();
    if (point === undefined) return "end";
    if (isMalformed(point)) {
      if (point.count === 0) return "unfinished";
      malformed += point.count;
      firstError ??= point.error;
      return "malformed";
    }
    const { measurement, tags, fields, timeNs = nowNs, isTrimmed = false } = point;
    const isWritten = writePoint(destination, {
      category,
      measurement,
      tags,
      fields,
      timeNs,
      isTrimmed,
      ownTagsOnly,
      isFinishedLater: true,
    });
    return isWritten ? "point" : "no_field";
  }

  return {
    next,
    get work() {
      return work;
    },
    get malformed() {
      return malformed;
    },
    get firstError() {
      return firstError;
    },
  };
}
