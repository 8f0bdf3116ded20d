/** Bounds of encoded lines, for filling batches without encoding each point twice. */
import { isArray } from "./clean_field_value.ts";
import { formatFloat } from "./format_float.ts";
import type { FieldValue, Point, Scalar } from "./point.ts";

/** Digits, sign and suffix of any 64-bit integer. */
const INTEGER_BYTES = 21;
/** Longest float written without many zeros: sign, `0.`, six zeros, 17 digits. */
const SHORT_FLOAT_BYTES = 26;
/** A tag that has to be written as string field takes quotes and guard besides its `,` and `=`. */
const TAG_OVERHEAD_BYTES = 5;
/** Equals sign, separator, and the backslash that guards a key's or measurement's start. */
const FIELD_OVERHEAD_BYTES = 3;

/** Bytes of the point's line without common tags; never less than the true size. */
export function lineProtocolSize(point: Point): number {
  let bytes = FIELD_OVERHEAD_BYTES + escapedSize(point.measurement) + INTEGER_BYTES;
  for (const [key, value] of point.tags) bytes += escapedSize(key) + escapedSize(value) + TAG_OVERHEAD_BYTES;
  for (const [key, value] of point.fields) {
    bytes += escapedSize(key) + valueSize(value) + FIELD_OVERHEAD_BYTES;
  }
  return bytes;
}

/** Bytes the common tags add to each point's line; never less than the true size. */
export function commonTagsLineProtocolSize(commonTags: ReadonlyMap<string, string>): number {
  let bytes = 0;
  for (const [key, value] of commonTags) bytes += escapedSize(key) + escapedSize(value) + TAG_OVERHEAD_BYTES;
  return bytes;
}

function valueSize(value: FieldValue): number {
  if (!isArray(value)) return scalarSize(value);
  let bytes = 2;
  for (const element of value) bytes += scalarSize(element) + 1;
  return bytes;
}

function scalarSize(value: Scalar): number {
  switch (typeof value) {
    case "string":
      return quotedSize(value);
    case "number":
      return floatSize(value);
    case "boolean":
      return 5;
    case "bigint":
      return INTEGER_BYTES;
    default:
      return value instanceof Uint8Array ? Math.ceil(value.length / 3) * 4 + 3 : INTEGER_BYTES;
  }
}

function floatSize(value: number): number {
  const magnitude = Math.abs(value);
  if (magnitude === 0 || (magnitude >= 1e-6 && magnitude < 1e21)) return SHORT_FLOAT_BYTES;
  return formatFloat(value).length;
}

/** Bytes of a measurement, key or tag value. What any of them escapes counts twice, a newline as `\ `. */
function escapedSize(text: string): number {
  const { length } = text;
  let bytes = length;
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x80) bytes += unit < 0x800 ? 1 : 2;
    else if (unit === 32 || unit === 44 || unit === 61 || unit === 34 || unit === 92 || unit === 10) bytes++;
  }
  return bytes;
}

/** Bytes of a string field. A surrogate counts three bytes where a pair takes four: bounded, and no look ahead. */
function quotedSize(text: string): number {
  const { length } = text;
  let bytes = length + 2;
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x80) bytes += unit < 0x800 ? 1 : 2;
    else if (unit === 34 || unit === 92) bytes++;
  }
  return bytes;
}
