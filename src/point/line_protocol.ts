/**
 * Dataway's text encoding: InfluxDB's line protocol with three additions of Guance (unsigned integers, base64
 * bytes, arrays).
 * @see `spec/datakit.md` 3.5, and E1 to E9 for bytes seen on the wire
 */
import { isArray } from "./clean_field_value.ts";
import { cleanCommonTags } from "./clean_text.ts";
import { formatFloat } from "./format_float.ts";
import type { FieldValue, Point, Scalar } from "./point.ts";
import { compareUtf8, utf8Length } from "./utf8.ts";

/**
 * Longest measurement with its tags, escaped, in bytes. Parsers refuse a series key, four bytes of separator and a
 * field key that together exceed 65535 bytes; a field key takes at most 512 when each of its bytes is escaped.
 */
const MAX_SERIES_KEY_BYTES = 65535 - 4 - 512;

/** A tag's or field's key beside its text in the line, `key=value`. */
type Part = readonly [key: string, text: string];

/**
 * Encodes points as lines, each ended by a newline. A common tag is left out of a point that has its key already,
 * as tag or field, and all out of one that is sent with its own tags only. Tags that would make the series key too long for a parser are written as string fields, longest
 * first, so that the point stays legal and whole.
 */
export function encodeLineProtocol(
  points: readonly Point[],
  commonTags: ReadonlyMap<string, string>,
): Uint8Array<ArrayBuffer> {
  const common = [...cleanCommonTags(commonTags)].map(toTagPart);
  let lines = "";
  for (const point of points) lines += encodeLine(point, point.ownTagsOnly === true ? [] : common);
  return new TextEncoder().encode(lines);
}

function encodeLine(point: Point, common: readonly Part[]): string {
  const tags = Array.from(point.tags, toTagPart);
  for (const part of common) {
    if (!point.tags.has(part[0]) && !point.fields.has(part[0])) tags.push(part);
  }
  const fields = toFieldParts(point);
  const measurement = escapeMeasurement(point.measurement);
  while (isTooLong(measurement, tags)) {
    const [key, value] = takeLongest(tags);
    fields.push(toFieldPart([toWritableFieldKey(key), value]));
  }

  let line = measurement;
  for (const tag of tags.sort(byKey)) line += "," + tag[1];
  let separator = " ";
  for (const field of fields.sort(byKey)) {
    line += separator + field[1];
    separator = ",";
  }
  return `${line} ${point.timeNs}\n`;
}

function toTagPart([key, value]: readonly [string, string]): Part {
  return [key, `${escapeTag(key)}=${escapeTag(value)}`];
}

/** The fields; a key that cannot be written as it is gives way, with `_` behind it, to one that can. */
function toFieldParts(point: Point): Part[] {
  const parts: Part[] = [];
  const unwritable: (readonly [string, FieldValue])[] = [];
  for (const field of point.fields) {
    if (toWritableFieldKey(field[0]) === field[0]) parts.push(toFieldPart(field));
    else unwritable.push(field);
  }
  for (const [key, value] of unwritable) {
    let writable = toWritableFieldKey(key);
    while (point.tags.has(writable) || parts.some(([taken]) => taken === writable)) writable += "_";
    parts.push(toFieldPart([writable, value]));
  }
  return parts;
}

function toFieldPart([key, value]: readonly [string, FieldValue]): Part {
  return [key, `${escapeFieldKey(key)}=${formatValue(value)}`];
}

function byKey(a: Part, b: Part): number {
  return compareUtf8(a[0], b[0]);
}

function isTooLong(measurement: string, tags: readonly Part[]): boolean {
  let length = measurement.length;
  for (const tag of tags) length += tag[1].length + 1;
  if (length * 3 <= MAX_SERIES_KEY_BYTES) return false;
  let bytes = utf8Length(measurement);
  for (const tag of tags) bytes += utf8Length(tag[1]) + 1;
  return bytes > MAX_SERIES_KEY_BYTES;
}

/** Removes the tag that takes most room and returns it as it was before escaping. */
function takeLongest(tags: Part[]): readonly [string, string] {
  let longest = 0;
  tags.forEach((tag, i) => {
    if (tag[1].length > (tags[longest]?.[1].length ?? 0)) longest = i;
  });
  const [key, text] = tags.splice(longest, 1)[0] ?? ["", ""];
  return [key, text.slice(escapeTag(key).length + 1).replace(/\\([,= ])/g, "$1")];
}

function escapeMeasurement(measurement: string): string {
  return guardStart(/[, ]/.test(measurement) ? measurement.replace(/[, ]/g, "\\$&") : measurement);
}

function escapeTag(text: string): string {
  return /[,= ]/.test(text) ? text.replace(/[,= ]/g, "\\$&") : text;
}

/**
 * The field key as a line can say it. Backslashes right before a character that will be escaped are left out:
 * parsers disagree about them in field keys, and one key must not cost a whole body.
 */
function toWritableFieldKey(key: string): string {
  return guardStart(key.includes("\\") ? key.replace(/\\+(?=[,= "])/g, "") : key);
}

function escapeFieldKey(key: string): string {
  return /[,= "]/.test(key) ? key.replace(/[,= "]/g, "\\$&") : key;
}

/**
 * Parsers take `#` at the start of a line for a comment and skip tabs and NULs before measurement and fields; a
 * backslash before them stays in the name and saves the point.
 */
function guardStart(text: string): string {
  const first = text.charCodeAt(0);
  return first === 35 || first === 9 || first === 0 ? `\\${text}` : text;
}

function formatValue(value: FieldValue): string {
  return isArray(value) ? `[${value.map(formatScalar).join(",")}]` : formatScalar(value);
}

function formatScalar(value: Scalar): string {
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
