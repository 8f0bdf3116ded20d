import { isLongContent, type LongContent, longContent, plainText, textOfString } from "../point/long_text.ts";
import type { Category, FieldValue } from "../point/point.ts";
import type { Key } from "../point/point_keys.ts";
import type { PointKind } from "../point/point_kind.ts";
import type { PointWriter } from "../point/point_writer.ts";

/** A point as its protocol says it, before Dataway's rules. */
export interface RawPoint {
  readonly category: Category;
  readonly measurement: string;
  readonly tags: Iterable<readonly [string, string]>;
  readonly fields: Iterable<readonly [string, FieldValue | LongContent | undefined]>;
  /** Unix time in nanoseconds. */
  readonly timeNs: bigint;
  /** A part of it was left out already. */
  readonly isTrimmed?: boolean;
  /** It gets no common tags. */
  readonly ownTagsOnly?: boolean;
  /** The caller awaits `finishLong`, so that long texts need not be written at once. */
  readonly isFinishedLater?: boolean;
}

/** Where it goes: `begin` opens a point of the caller's source. */
export interface PointTarget {
  readonly writer: PointWriter;
  readonly begin: (kind: PointKind) => void;
}

/** Writes a point; `false`: the rules leave no field of it, and nothing was written or counted. */
export function writePoint({ writer, begin }: PointTarget, point: RawPoint): boolean {
  const kind = writer.kind(point.category, point.measurement);
  begin(kind);
  for (const pair of point.tags) {
    const key = keyOf(writer, kind, pair[0], true);
    if (key !== undefined) writer.tag(key, pair[1]);
    else if (pair[1] !== "") writer.trim();
  }
  for (const [name, value] of point.fields) {
    if (value === undefined) continue;
    const key = keyOf(writer, kind, name, false);
    if (key === undefined) writer.trim();
    else if (typeof value === "object" && isLongContent(value)) writer.long(key, value);
    else if (point.isFinishedLater === true && isLong(writer, value)) {
      writer.long(
        key,
        typeof value === "string" ? longContent(textOfString(value)) : longContent(plainText(value), "bytes"),
      );
    } else writer.field(key, value);
  }
  if (point.isTrimmed === true) writer.trim();
  if (point.ownTagsOnly === true) writer.ownTagsOnly();
  return writer.endAt(point.timeNs);
}

/** The key of a tag or field; `undefined`: the point is full, and does not have it. No key is made for that. */
function keyOf(writer: PointWriter, { keys }: PointKind, name: string, isTag: boolean): Key | undefined {
  return writer.hasRoom(isTag) ? keys.of(name) : keys.known(name);
}

/** Whether a value is to be written later. */
function isLong(writer: PointWriter, value: FieldValue | undefined): value is string | Uint8Array {
  return (typeof value === "string" || value instanceof Uint8Array) && writer.isLong(value.length);
}
