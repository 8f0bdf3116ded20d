/**
 * Decodes `PBPoints`, what {@link encodeProtobuf} writes and what DataKit's clients send. A point that is broken
 * inside its frame is counted alone; one whose frame is broken ends the body, as nothing tells where the next begins.
 * @see `tests/spec/datakit.md` 3.6
 */
import type { ByteTable } from "./byte_table.ts";
import type { FieldValue, Scalar } from "./point.ts";
import { createProtobufReader, nextField, type ProtobufReader, readDouble } from "./protobuf_reader.ts";

/** A point as the bytes say it: without category, and without Dataway's rules applied. */
export interface ProtobufPoint {
  readonly measurement: string;
  readonly tags: readonly (readonly [string, string])[];
  /** `undefined`: a key without a value, or with one that Dataway does not store. */
  readonly fields: readonly (readonly [string, FieldValue | undefined])[];
  /** In the sender's unit; 0 when there is none. */
  readonly time: bigint;
  /** A part of it could not be read, or Dataway has no type for it: it is not among tags and fields. */
  readonly isTrimmed?: true;
  /** The spool's mark of a point that never gets common tags. */
  readonly ownTagsOnly?: true;
}

/** What a body held. */
export interface ProtobufPoints {
  readonly points: readonly ProtobufPoint[];
  /** Points that could not be read. */
  readonly broken: number;
}

/** Members that may still be read, all of a point's tags, fields, arrays and their values counted. */
export interface MemberBudget {
  left: number;
}

/** Keys, as they lie in a point. */
export type WantedKeys = Pick<ByteTable<unknown>, "get">;

const ARRAY_TYPE = "point.Array";
/** Field 1, length-delimited. */
const KEY_TAG = 0x0a;

/** Decodes a body. Never throws. */
export function decodeProtobufPoints(body: Uint8Array): ProtobufPoints {
  const points: ProtobufPoint[] = [];
  let broken = 0;
  // A text may begin with a byte order mark: it is the customer's.
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const reader = createProtobufReader(body);
  while (nextField(reader)) {
    if (reader.field !== 1 || reader.wireType !== 2) continue;
    const point = decodePoint(reader.bytes, decoder);
    if (point === undefined) broken++;
    else points.push(point);
  }
  if (reader.failed) broken++;
  return { points, broken };
}

/** One point without its frame, of its tags and fields those alone that are wanted; `undefined`: it is broken. */
export function decodeProtobufPoint(bytes: Uint8Array, wanted?: WantedKeys): ProtobufPoint | undefined {
  return decodePoint(bytes, new TextDecoder("utf-8", { ignoreBOM: true }), wanted);
}

function decodePoint(
  bytes: Uint8Array,
  decoder: TextDecoder,
  wanted?: WantedKeys,
): ProtobufPoint | undefined {
  const reader = createProtobufReader(bytes);
  const tags: [string, string][] = [];
  const fields: [string, FieldValue | undefined][] = [];
  let measurement = "";
  let time = 0n;
  let isTrimmed = false;
  let ownTagsOnly = false;
  while (nextField(reader)) {
    if (reader.field === 1 && reader.wireType === 2) measurement = decoder.decode(reader.bytes);
    else if (reader.field === 2 && reader.wireType === 2) {
      if (wanted !== undefined && !hasKeyOf(wanted, reader.bytes)) continue;
      const pair = decodeField(reader.bytes, decoder);
      if (pair === undefined) isTrimmed = true;
      else if (!pair.isTag) fields.push([pair.key, pair.value]);
      else if (typeof pair.value === "string") tags.push([pair.key, pair.value]);
      else isTrimmed ||= pair.value !== undefined;
    } else if (reader.field === 3 && reader.wireType === 0) time = BigInt.asIntN(64, reader.varint);
    else if (reader.field === 15 && reader.wireType === 0) ownTagsOnly = reader.varint !== 0n;
  }
  if (reader.failed) return undefined;
  return {
    measurement,
    tags,
    fields,
    time,
    ...(isTrimmed ? { isTrimmed } : {}),
    ...(ownTagsOnly ? { ownTagsOnly } : {}),
  };
}

/** Whether a tag or field may be wanted: writers put its key first. */
function hasKeyOf(wanted: WantedKeys, bytes: Uint8Array): boolean {
  if (bytes[0] !== KEY_TAG) return true;
  const reader = createProtobufReader(bytes);
  nextField(reader);
  return wanted.get(bytes, reader.at - reader.bytes.length, reader.at) !== undefined;
}

/**
 * One tag or field; `undefined` when it is broken in its frame, of no type that Dataway stores, or beyond the budget,
 * of which less than nothing is left then.
 */
export function decodeField(
  bytes: Uint8Array,
  decoder: TextDecoder,
  budget: MemberBudget = { left: Infinity },
): { key: string; value: FieldValue | undefined; isTag: boolean } | undefined {
  const reader = createProtobufReader(bytes);
  let key = "";
  let isTag = false;
  let value: FieldValue | undefined;
  while (nextField(reader)) {
    if (--budget.left < 0) return undefined;
    const { field, wireType } = reader;
    if (field === 1 && wireType === 2) key = decoder.decode(reader.bytes);
    else if (field === 8 && wireType === 0) isTag = reader.varint !== 0n;
    else if (field === 7 && wireType === 2) {
      const values = decodeAny(reader.bytes, decoder, budget);
      if (values === undefined) return undefined;
      value = values;
    } else if (field === 11 && wireType === 2) value = decoder.decode(reader.bytes);
    else if (field >= 2 && field <= 6) value = decodeScalar(field - 1, reader, decoder) ?? value;
  }
  return reader.failed || key === "" ? undefined : { key, value, isTag };
}

/** The value of an array; `undefined` for a broken one, and for dictionaries, which Dataway does not store. */
function decodeAny(bytes: Uint8Array, decoder: TextDecoder, budget: MemberBudget): Scalar[] | undefined {
  const reader = createProtobufReader(bytes);
  let isArray = false;
  let packed = bytes.subarray(0, 0);
  while (nextField(reader)) {
    if (--budget.left < 0) return undefined;
    if (reader.field === 1 && reader.wireType === 2) {
      isArray = isArrayType(reader.bytes, decoder);
    } else if (reader.field === 2 && reader.wireType === 2) packed = reader.bytes;
  }
  if (reader.failed || !isArray) return undefined;
  const values: Scalar[] = [];
  const items = createProtobufReader(packed);
  while (nextField(items)) {
    if (--budget.left < 0) return undefined;
    if (items.field !== 1 || items.wireType !== 2) continue;
    const item = createProtobufReader(items.bytes);
    let value: Scalar | undefined;
    while (nextField(item)) {
      if (--budget.left < 0) return undefined;
      value = decodeScalar(item.field, item, decoder) ?? value;
    }
    if (value === undefined || item.failed) return undefined;
    values.push(value);
  }
  return items.failed ? undefined : values;
}

/** Whether an `Any` that names its type so is an array. */
export function isArrayType(url: Uint8Array, decoder: TextDecoder): boolean {
  return decoder.decode(url.subarray(-ARRAY_TYPE.length)) === ARRAY_TYPE;
}

/** A value by its number in `BasicTypes`; a field's own numbers are one more. */
export function decodeScalar(
  number: number,
  reader: ProtobufReader,
  decoder: TextDecoder,
): Scalar | undefined {
  const { wireType } = reader;
  if (number === 1 && wireType === 0) return BigInt.asIntN(64, reader.varint);
  if (number === 2 && wireType === 0) return { unsigned: reader.varint };
  if (number === 3 && wireType === 1) return readDouble(reader);
  if (number === 4 && wireType === 0) return reader.varint !== 0n;
  if (number === 5 && wireType === 2) return reader.bytes.slice();
  if (number === 6 && wireType === 2) return decoder.decode(reader.bytes);
  return undefined;
}
