/** Writes the points of a body, in slices of time: all that can be taken, all or none, or none for a try. */
import type { Category, Point } from "../../point/point.ts";
import { decodePoint } from "../../point/point_range.ts";
import { createPointWriter } from "../../point/create_point_writer.ts";
import { createTimeSlice, type TimeSlice } from "../time_slice.ts";
import { type PointTarget, type RawPoint, writePoint } from "../write_point.ts";
import { isMalformed, type PointDecoder, type WirePoint } from "./decoded.ts";
import { createEcho, type EchoForm } from "./echo.ts";

/** How a body is written. */
export interface WriteOptions {
  readonly category: Category;
  /** All points or none; a point that loses anything is malformed. */
  readonly isStrict: boolean;
  /** Nothing is stored, and nothing is counted. */
  readonly isDry: boolean;
  readonly echo: EchoForm | undefined;
  readonly ownTagsOnly: boolean;
  /** Unix time in nanoseconds, for points without one. */
  readonly nowNs: bigint;
}

/** What became of a body. */
export interface WriteResult {
  /** Points that were stored, or would have been in a dry run; of a strict write with a malformed point too. */
  readonly accepted: number;
  readonly malformed: number;
  /** Why a malformed point is none: the first that could not be read, before those that break a rule. */
  readonly firstError: string | undefined;
  /** What the client wanted to see. */
  readonly echoed: Uint8Array<ArrayBuffer> | undefined;
}

/** Writes bodies. Any number may be under way at once. */
export interface BodyWriter {
  /** `decoderOf` begins at the body's start each time it is called. */
  readonly write: (decoderOf: () => PointDecoder, options: WriteOptions) => Promise<WriteResult>;
}

interface Count {
  accepted: number;
  malformed: number;
  /** The first that could not be read, and the first that breaks a rule. */
  unread: string | undefined;
  broken: string | undefined;
}

/** A writer of bodies into an intake. */
export function createBodyWriter(intake: PointTarget): BodyWriter {
  const rehearsal = createRehearsal();

  async function write(decoderOf: () => PointDecoder, options: WriteOptions): Promise<WriteResult> {
    const slice = createTimeSlice();
    const echo = options.echo === undefined ? undefined : createEcho(options.echo);
    const isRehearsed = options.isStrict || options.isDry || echo !== undefined;
    const store = (point: WirePoint): string | undefined =>
      writePoint(intake, rawPoint(point, options)) ? undefined : "no_field";
    const count = await eachPoint(decoderOf(), slice, (point) => {
      if (!isRehearsed) return store(point);
      const broken = rehearsal.rehearse(point, options);
      if (broken !== undefined) return broken;
      echo?.add(rehearsal.point(options.category));
      if (!options.isStrict && !options.isDry) store(point);
      return undefined;
    });
    if (options.isStrict && !options.isDry && count.malformed === 0) {
      await eachPoint(decoderOf(), slice, store);
    }
    const { accepted, malformed, unread, broken } = count;
    return { accepted, malformed, firstError: unread ?? broken, echoed: echo?.end() };
  }

  return { write };
}

/** Takes each point; `take` tells the rule that one breaks. */
async function eachPoint(
  decoder: PointDecoder,
  slice: TimeSlice,
  take: (point: WirePoint) => string | undefined,
): Promise<Count> {
  const count: Count = { accepted: 0, malformed: 0, unread: undefined, broken: undefined };
  for (;;) {
    if (slice.isOver()) await slice.pause();
    const next = decoder.next();
    if (next === undefined) return count;
    if (isMalformed(next)) {
      count.malformed += next.count;
      if (next.count > 0) count.unread ??= next.error;
      continue;
    }
    const broken = take(next);
    if (broken === undefined) count.accepted++;
    else {
      count.malformed++;
      count.broken ??= `Cannot take a point as it breaks a rule: ${broken}`;
    }
  }
}

function rawPoint(point: WirePoint, { category, nowNs, ownTagsOnly }: WriteOptions): RawPoint {
  const { measurement, tags, fields, timeNs = nowNs, isTrimmed = false } = point;
  return { category, measurement, tags, fields, timeNs, isTrimmed, ownTagsOnly };
}

/** Writes points for a look at them only. */
interface Rehearsal {
  /** The rule that the point breaks; a strict write lets nothing be shortened or left out. */
  rehearse(point: WirePoint, options: WriteOptions): string | undefined;
  /** The last point, as it is stored. */
  point(category: Category): Point;
}

function createRehearsal(): Rehearsal {
  let bytes = new Uint8Array(0) as Uint8Array;
  let isTrimmed = false;
  const writer = createPointWriter({
    commit: (_kind, _source, buffer, length) => void (bytes = buffer.subarray(0, length)),
    trimmed: () => void (isTrimmed = true),
  });
  const target: PointTarget = { writer, begin: (kind) => writer.begin(kind, "datakit") };

  return {
    rehearse: (point, options) => {
      isTrimmed = false;
      if (!writePoint(target, rawPoint(point, options))) return "no_field";
      return options.isStrict && isTrimmed ? "trimmed" : undefined;
    },
    point: (category) => decodePoint(category, bytes),
  };
}
