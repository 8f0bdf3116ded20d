/** Writes the points of a body, in slices of time: all that can be taken, all or none, or none for a try. */
import type { Category, Point } from "../../point/point.ts";
import { decodePoint } from "../../point/point_range.ts";
import { createPointWriter } from "../../point/create_point_writer.ts";
import type { ReceiverContext } from "../../pipeline/receiver.ts";
import { createTimeSlice, type TimeSlice } from "../../time_slice.ts";
import type { PointTarget } from "../write_point.ts";
import type { BeginDecoding, Destination, PointDecoder } from "./decoded.ts";
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
  /** `begin` begins at the body's start each time it is called. */
  readonly write: (begin: BeginDecoding, options: WriteOptions) => Promise<WriteResult>;
}

interface Count {
  accepted: number;
  malformed: number;
  /** The first that breaks a rule. */
  broken: string | undefined;
}

/** Work after which the clock is looked at: a look takes longer than a short line. */
const WORK_BETWEEN_LOOKS = 1000;

/** A writer of bodies into an intake. */
export function createBodyWriter(intake: PointTarget & Pick<ReceiverContext, "isFilling">): BodyWriter {
  const rehearsal = createRehearsal();

  async function write(begin: BeginDecoding, options: WriteOptions): Promise<WriteResult> {
    const slice = createTimeSlice(intake.isFilling);
    const { isStrict, isDry } = options;
    const echo = options.echo === undefined ? undefined : createEcho(options.echo);
    const isRehearsed = isStrict || isDry || echo !== undefined;
    const rehearsed = (): string | undefined => {
      if (rehearsal.wasTrimmed() && isStrict) return "trimmed";
      echo?.add(rehearsal.point(options.category));
      return undefined;
    };
    const target = isRehearsed ? rehearsal.target : intake;
    const decoder = begin(destinationOf(target, options));
    const count = await eachPoint(decoder, target, slice, isRehearsed ? rehearsed : undefined);
    const malformed = count.malformed + decoder.malformed;
    if (isRehearsed && !isDry && !(isStrict && malformed > 0)) {
      await eachPoint(begin(destinationOf(intake, options)), intake, slice);
    }
    return {
      accepted: count.accepted,
      malformed,
      firstError: decoder.firstError ?? count.broken,
      echoed: echo?.end(),
    };
  }

  return { write };
}

function destinationOf({ writer, begin }: PointTarget, options: WriteOptions): Destination {
  const { category, nowNs, ownTagsOnly } = options;
  return { writer, begin, category, nowNs, ownTagsOnly };
}

/** Writes each point; `look` tells the rule that the one just written breaks. */
async function eachPoint(
  decoder: PointDecoder,
  { writer }: PointTarget,
  slice: TimeSlice,
  look?: () => string | undefined,
): Promise<Count> {
  const count: Count = { accepted: 0, malformed: 0, broken: undefined };
  for (let lookAt = 0;;) {
    if (decoder.work >= lookAt) {
      if (slice.isOver()) await slice.pause();
      lookAt = decoder.work + WORK_BETWEEN_LOOKS;
    }
    const step = decoder.next();
    if (writer.hasUnfinished) await writer.finishLong(slice);
    if (step === "end") return count;
    if (step !== "point" && step !== "no_field") continue;
    const broken = step === "no_field" ? step : look?.();
    if (broken === undefined) count.accepted++;
    else {
      count.malformed++;
      count.broken ??= `Cannot take a point as it breaks a rule: ${broken}`;
    }
  }
}

/** Points written for a look at them only. */
interface Rehearsal {
  readonly target: PointTarget;
  /** Whether the last point lost anything; a strict write lets nothing be shortened or left out. */
  wasTrimmed(): boolean;
  /** The last point, as it is stored. */
  point(category: Category): Point;
}

function createRehearsal(): Rehearsal {
  let bytes = new Uint8Array(0) as Uint8Array;
  let isTrimmed = false;
  const writer = createPointWriter({
    commit: (_kind, _source, buffer, length) => void (bytes = buffer.slice(0, length)),
    trimmed: () => void (isTrimmed = true),
  });
  return {
    target: { writer, begin: (kind) => writer.begin(kind, "datakit") },
    wasTrimmed: () => {
      const was = isTrimmed;
      isTrimmed = false;
      return was;
    },
    point: (category) => decodePoint(category, bytes),
  };
}
