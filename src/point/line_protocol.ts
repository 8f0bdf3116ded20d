/**
 * Dataway's text encoding: InfluxDB's line protocol with three additions of Guance (unsigned integers, base64
 * bytes, arrays).
 * @see `tests/spec/datakit.md` 3.5, and E1 to E9 for bytes seen on the wire
 */
import { isArray } from "./clean_field_value.ts";
import { cleanCommonTags } from "./clean_text.ts";
import { formatFloat } from "./format_float.ts";
import { type LineWriting, writeCommonTags, writePlainLine } from "./plain_line.ts";
import type { FieldValue, Point, Scalar } from "./point.ts";
import { compareUtf8, utf8Length } from "./utf8.ts";

/**
 * Longest measurement with its tags, escaped, in bytes. Parsers refuse a series key, four bytes of separator and a
 * field key that together exceed 65535 bytes; a field key takes at most 512 when each of its bytes is escaped.
 */
const MAX_SERIES_KEY_BYTES = 65535 - 4 - 512;

export type Tag = readonly [key: string, value: string];
type TagPart = readonly [key: string, text: string, value: string];

/**
 * Encodes points as lines, each ended by a newline. A common tag is left out of a point that has its key already,
 * as tag or field, and all out of one that is sent with its own tags only. Tags that would make the series key too long
 * for a parser are written as string fields, longest first, so that the point stays legal and whole.
 */
export function encodeLineProtocol(
  points: readonly Point[],
  commonTags: ReadonlyMap<string, string>,
): Uint8Array<ArrayBuffer> {
  const common = [...cleanCommonTags(commonTags)];
  const written = writeCommonTags(common, WRITING);
  let lines = "";
  for (const point of points) {
    const hasCommon = point.ownTagsOnly !== true;
    const tags = hasCommon ? written : [];
    const plain = tags === undefined ? undefined : writePlainLine(point, tags, WRITING);
    lines += plain ?? encodeLine(point, hasCommon ? common : []);
  }
  return new TextEncoder().encode(lines);
}

const WRITING: LineWriting = {
  maxUnits: Math.floor(MAX_SERIES_KEY_BYTES / 3),
  measurement: escapeMeasurement,
  tag: (key, value) => `${escapeTag(key)}=${escapeTag(value)}`,
  field: (key, value) => `${escapeFieldKey(key)}=${formatValue(value)}`,
};

function encodeLine(point: Point, common: readonly Tag[]): string {
  const { series, fields } = arrangeLine(point, common, isUnsayable);
  let line = series;
  let separator = " ";
  for (const [name, value] of fields) {
    line += `${separator}${name}=${formatValue(value)}`;
    separator = ",";
  }
  return `${line} ${point.timeNs}\n`;
}

/** A point whose values may be of another form than a point's are. */
export interface LinePoint<V> {
  readonly measurement: string;
  readonly tags: ReadonlyMap<string, string>;
  readonly fields: ReadonlyMap<string, V>;
}

/** A line whose values are still to be written. */
export interface ArrangedLine<V> {
  /** Measurement and tags. */
  readonly series: string;
  /** Names as they stand in the line, in its order. */
  readonly fields: readonly (readonly [name: string, value: V | string])[];
}

/** Finds what stands where in a point's line, and under which names. */
export function arrangeLine<V>(
  point: LinePoint<V>,
  common: readonly Tag[],
  isUnsayable: (value: V) => boolean,
): ArrangedLine<V> {
  const missing = common.filter(([key]) => !point.tags.has(key) && !point.fields.has(key));
  const sayable = sayableFields(point, isUnsayable);
  const pairs = [...point.tags, ...missing];
  const tagKeys = pairs.map(([key]) => key);
  const fieldKeys = sayable.map(([key]) => key);
  // Those that can be written as they are keep their names.
  const taken = new Set([
    ...tagKeys.filter((key) => toWritableTag(key) === key),
    ...fieldKeys.filter((key) => toWritableFieldKey(key) === key),
  ]);
  const tagNames = writableNames(tagKeys, toWritableTag, taken);
  const fieldNames = writableNames(fieldKeys, toWritableFieldKey, taken);
  const hasQuote = point.measurement.includes('"') ||
    pairs.some((pair) => pair[0].includes('"') || pair[1].includes('"'));
  const tags = pairs.map(([key, value]) =>
    toTagPart([tagNames(key), hasQuote ? toWritableTag(value) : value])
  );
  const measurement = escapeMeasurement(point.measurement);
  const fields: (readonly [string, V | string])[] = sayable.map(([key, value]) => [fieldNames(key), value]);
  for (const [key, value] of takeTooLong(measurement, tags)) fields.push([toWritableFieldKey(key), value]);

  let series = measurement;
  for (const tag of tags.sort(byKey)) series += "," + tag[1];
  return {
    series,
    fields: fields.sort(byKey).map(([key, value]) => [escapeFieldKey(key), value] as const),
  };
}

/**
 * What each key is written as: itself, or the nearest that a line can say, with `_` after it as long as that is
 * taken.
 */
function writableNames(
  keys: readonly string[],
  toWritable: (key: string) => string,
  taken: Set<string>,
): (key: string) => string {
  const names = new Map<string, string>();
  for (const key of keys) {
    let name = toWritable(key);
    if (name === key) continue;
    while (taken.has(name)) name += "_";
    taken.add(name);
    names.set(key, name);
  }
  return (key) => names.get(key) ?? key;
}

function toTagPart([key, value]: Tag): TagPart {
  return [key, `${escapeTag(key)}=${escapeTag(value)}`, value];
}

/**
 * The fields without empty bytes and arrays: for those DataKit's parser drops the whole point, of these it makes no
 * field. Where nothing is left, each key with an empty text: something must be there for the point to be one.
 */
function sayableFields<V>(
  { fields }: LinePoint<V>,
  isUnsayable: (value: V) => boolean,
): readonly (readonly [string, V | string])[] {
  const all = [...fields];
  const sayable = all.filter(([, value]) => !isUnsayable(value));
  return sayable.length > 0 ? sayable : all.map(([key]) => [key, ""] as const);
}

function isUnsayable(value: FieldValue): boolean {
  return (isArray(value) || value instanceof Uint8Array) && value.length === 0;
}

function byKey(a: readonly [string, ...unknown[]], b: readonly [string, ...unknown[]]): number {
  return compareUtf8(a[0], b[0]);
}

/** Removes tags, those first that take most room, until a parser takes the rest, and returns them as they were. */
function takeTooLong(measurement: string, tags: TagPart[]): readonly Tag[] {
  let units = measurement.length;
  for (const tag of tags) units += tag[1].length + 1;
  if (units * 3 <= MAX_SERIES_KEY_BYTES) return [];
  const sizes = tags.map((tag) => utf8Length(tag[1]) + 1);
  let bytes = sizes.reduce((sum, size) => sum + size, utf8Length(measurement));
  const taken: Tag[] = [];
  while (bytes > MAX_SERIES_KEY_BYTES && tags.length > 0) {
    let longest = 0;
    tags.forEach((tag, i) => {
      if (tag[1].length > (tags[longest]?.[1].length ?? 0)) longest = i;
    });
    bytes -= sizes.splice(longest, 1)[0] ?? 0;
    const [key, , value] = tags.splice(longest, 1)[0] ?? ["", "", ""];
    taken.push([key, value]);
  }
  return taken;
}

function escapeMeasurement(measurement: string): string {
  return guardStart(/[, ]/.test(measurement) ? measurement.replace(/\\*([, ])/g, "\\$1") : measurement);
}

function escapeTag(text: string): string {
  return /[,= ]/.test(text) ? text.replace(/[,= ]/g, "\\$&") : text;
}

/**
 * The tag's key as a line can say it, or its value beside a quote. Backslashes right before a character that is
 * escaped are left out: the parser takes them for an escape of their own when it looks for the line's end, and one
 * tag must not cost a whole body.
 */
function toWritableTag(text: string): string {
  return text.includes("\\") ? text.replace(/\\+(?=[,= ])/g, "") : text;
}

/**
 * The field key as a line can say it. Backslashes right before a character that will be escaped are left out:
 * parsers disagree about them in field keys, and one key must not cost a whole body.
 */
function toWritableFieldKey(key: string): string {
  return guardBlank(key.includes("\\") ? key.replace(/\\+(?=[,= "])/g, "") : key);
}

function escapeFieldKey(key: string): string {
  return /[,= "]/.test(key) ? key.replace(/[,= "]/g, "\\$&") : key;
}

/** Parsers take `#` at the start of a line, and there only, for a comment. */
function guardStart(text: string): string {
  return text.startsWith("#") ? `\\${text}` : guardBlank(text);
}

/**
 * Parsers skip tabs and NULs before measurement and fields; a backslash before them stays in the name and saves the
 * point.
 */
function guardBlank(text: string): string {
  const first = text.charCodeAt(0);
  return first === 9 || first === 0 ? `\\${text}` : text;
}

/**
 * DataKit's parser cuts arrays at commas to see what they are, also at those within text, and then makes no field of
 * them: such arrays are written as their JSON.
 */
export function formatValue(value: FieldValue): string {
  if (!isArray(value)) return formatScalar(value);
  const hasComma = value.some((element) => typeof element === "string" && element.includes(","));
  return hasComma ? formatScalar(JSON.stringify(value)) : `[${value.map(formatScalar).join(",")}]`;
}

export function formatScalar(value: Scalar): string {
  switch (typeof value) {
    case "string":
      return `"${/["\\]/.test(value) ? value.replace(/["\\]/g, "\\$&") : value}"`;
    case "number":
      return formatFloat(value);
    case "bigint":
      return `${value}i`;
    case "boolean":
      return value ? "true" : "false";
    default:
      return value instanceof Uint8Array ? `"${value.toBase64()}"b` : `${value.unsigned}u`;
  }
}
