/** Bounds of encoded points, for filling batches without encoding each point twice. */
import { isArray } from "./clean_field_value.ts";
import type { FieldValue, Point, Scalar } from "./point.ts";
import { varintSize } from "./protobuf_writer.ts";
import { utf8Length } from "./utf8.ts";

/** Key and length of a point in its `PBPoints`; five bytes hold any length. */
const POINT_OVERHEAD_BYTES = 6;
/** Key byte and the longest varint. */
const INTEGER_BYTES = 11;
const DOUBLE_BYTES = 9;
const BOOL_BYTES = 2;
/** Key and length of a field's array, its type's name, key and length of the array's value. */
const ARRAY_OVERHEAD_BYTES = 6 + 33 + 6;

/** Bytes of the point in a body without common tags; never less than the true size. */
export function protobufSize(point: Point): number {
  let bytes = POINT_OVERHEAD_BYTES + stringSize(point.measurement) + INTEGER_BYTES;
  for (const [key, value] of point.fields) bytes += delimitedSize(stringSize(key) + valueSize(value));
  for (const [key, value] of point.tags) bytes += tagSize(key, value);
  return bytes;
}

/** Bytes the common tags add to each point; never less than the true size. */
export function commonTagsProtobufSize(commonTags: ReadonlyMap<string, string>): number {
  let bytes = 0;
  for (const [key, value] of commonTags) bytes += tagSize(key, value);
  return bytes;
}

function tagSize(key: string, value: string): number {
  return delimitedSize(stringSize(key) + BOOL_BYTES + stringSize(value));
}

function valueSize(value: FieldValue): number {
  if (!isArray(value)) return scalarSize(value);
  let bytes = ARRAY_OVERHEAD_BYTES;
  for (const element of value) bytes += delimitedSize(scalarSize(element));
  return bytes;
}

function scalarSize(value: Scalar): number {
  switch (typeof value) {
    case "string":
      return stringSize(value);
    case "number":
      return DOUBLE_BYTES;
    case "boolean":
      return BOOL_BYTES;
    case "bigint":
      return INTEGER_BYTES;
    default:
      return value instanceof Uint8Array ? delimitedSize(value.length) : INTEGER_BYTES;
  }
}

function stringSize(text: string): number {
  return delimitedSize(utf8Length(text));
}

function delimitedSize(bytes: number): number {
  return 1 + varintSize(bytes) + bytes;
}
