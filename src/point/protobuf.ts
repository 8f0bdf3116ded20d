/**
 * Dataway's binary encoding, its default: `PBPoints` of package `point`. Bytes are canonical (known order of field
 * numbers, shortest varints), keys keep their order, and no warnings are sent.
 * @see `tests/spec/datakit.md` 3.6, and E8 for bytes seen on the wire
 */
import { isArray } from "./clean_field_value.ts";
import type { FieldValue, Point, Scalar } from "./point.ts";
import { ANY, ARRAY, ARRAY_TYPE_URL, ELEMENT_VALUE, POINT, VALUE } from "./point_bytes.ts";
import { createProtobufWriter, type ProtobufWriter } from "./protobuf_writer.ts";

/** Field number × 8 + wire type (0 varint, 1 eight bytes, 2 length-delimited), of each message's fields. */
const POINTS = { point: 0x0a } as const;
/** Our own member, before the time, of a point that is sent with its own tags only; it is left out when it is sent. */
export const OWN_TAGS_ONLY: Uint8Array = Uint8Array.of(0x78, 1);
const FIELD = { key: 0x0a, isTag: 0x40 } as const;

/** The members of a value: the same types have other numbers in a field than in an array's element. */
interface ValueTags {
  readonly int: number;
  readonly unsigned: number;
  readonly float: number;
  readonly bool: number;
  readonly bytes: number;
  readonly string: number;
}

/** A guess that makes room for a length of two bytes, which nearly all points need. */
const EXPECTED_POINT_BYTES = 1000;
const INITIAL_BYTES_PER_POINT = 512;
const MAX_INITIAL_BYTES = 1024 * 1024;

/** Encodes points as one `PBPoints` message: fields, then tags. Common tags are joined to them when they are sent. */
export function encodeProtobuf(points: readonly Point[]): Uint8Array<ArrayBuffer> {
  const writer = createProtobufWriter(Math.min(points.length * INITIAL_BYTES_PER_POINT, MAX_INITIAL_BYTES));
  for (const point of points) {
    writer.tag(POINTS.point);
    const contentAt = writer.begin(EXPECTED_POINT_BYTES);
    writeMembers(writer, point);
    writer.end(contentAt, EXPECTED_POINT_BYTES);
  }
  return writer.finish();
}

function writeMembers(writer: ProtobufWriter, point: Point): void {
  writer.tag(POINT.name);
  writer.string(point.measurement);
  for (const [key, value] of point.fields) writeField(writer, key, value);
  for (const [key, value] of point.tags) writeTag(writer, key, value);
  if (point.ownTagsOnly === true) writer.raw(OWN_TAGS_ONLY);
  // Written even if it is 0: it tells where common tags are put.
  writer.tag(POINT.time);
  writer.varint64(point.timeNs);
}

function writeTag(writer: ProtobufWriter, key: string, value: string): void {
  const expectedBytes = key.length + value.length + 6;
  writer.tag(POINT.field);
  const contentAt = writer.begin(expectedBytes);
  writer.tag(FIELD.key);
  writer.string(key);
  writer.tag(FIELD.isTag);
  writer.tag(1);
  writer.tag(VALUE.string);
  writer.string(value);
  writer.end(contentAt, expectedBytes);
}

function writeField(writer: ProtobufWriter, key: string, value: FieldValue): void {
  const expectedBytes = key.length + 2 + expectedSize(value);
  writer.tag(POINT.field);
  const contentAt = writer.begin(expectedBytes);
  writer.tag(FIELD.key);
  writer.string(key);
  if (isArray(value)) writeArray(writer, value);
  else writeScalar(writer, value, VALUE);
  writer.end(contentAt, expectedBytes);
}

/** One field of a point as it stands in the point's bytes: for values that the point's writer has no way of its own for. */
export function encodeFieldValue(key: string, value: FieldValue): Uint8Array<ArrayBuffer> {
  const writer = createProtobufWriter(key.length + 2 + expectedSize(value) + 16);
  writeField(writer, key, value);
  return writer.finish();
}

/** A point's own bytes, neither framed nor with common tags. */
export function encodePoint(point: Point): Uint8Array<ArrayBuffer> {
  const writer = createProtobufWriter(INITIAL_BYTES_PER_POINT);
  writeMembers(writer, point);
  return writer.finish();
}

/** One tag of a point as it stands in the point's bytes. */
export function encodeTag(key: string, value: string): Uint8Array<ArrayBuffer> {
  const writer = createProtobufWriter(key.length + value.length + 16);
  writeTag(writer, key, value);
  return writer.finish();
}

function expectedSize(value: FieldValue): number {
  if (typeof value === "string" || value instanceof Uint8Array || isArray(value)) return value.length + 2;
  return 9;
}

/** An empty array is an `Any` without value: proto3 leaves empty members out. */
function writeArray(writer: ProtobufWriter, values: readonly Scalar[]): void {
  const expectedBytes = values.length * 10 + ARRAY_TYPE_URL.length + 6;
  writer.tag(ARRAY.field);
  const anyAt = writer.begin(expectedBytes);
  writer.tag(ANY.typeUrl);
  writer.string(ARRAY_TYPE_URL);
  if (values.length > 0) {
    writer.tag(ANY.value);
    const arrayAt = writer.begin(expectedBytes);
    for (const value of values) {
      const elementBytes = expectedSize(value);
      writer.tag(ARRAY.element);
      const elementAt = writer.begin(elementBytes);
      writeScalar(writer, value, ELEMENT_VALUE);
      writer.end(elementAt, elementBytes);
    }
    writer.end(arrayAt, expectedBytes);
  }
  writer.end(anyAt, expectedBytes);
}

/** Zeros are written too: a member left out of a oneof is no value at all. */
function writeScalar(writer: ProtobufWriter, value: Scalar, tags: ValueTags): void {
  switch (typeof value) {
    case "string":
      writer.tag(tags.string);
      return writer.string(value);
    case "number":
      writer.tag(tags.float);
      return writer.double(value);
    case "bigint":
      writer.tag(tags.int);
      return writer.varint64(value);
    case "boolean":
      writer.tag(tags.bool);
      return writer.tag(value ? 1 : 0);
    default:
      if (value instanceof Uint8Array) {
        writer.tag(tags.bytes);
        return writer.bytes(value);
      }
      writer.tag(tags.unsigned);
      return writer.varint64(value.unsigned);
  }
}
