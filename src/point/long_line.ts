/**
 * The line of a point with megabytes of text, in pieces: its long values are never decoded as a whole. To the byte what
 * `line_protocol.ts` makes of the same point at once.
 */
import { isArray } from "./clean_field_value.ts";
import { arrangeLine, formatScalar, formatValue, type Tag } from "./line_protocol.ts";
import type { FieldValue } from "./point.ts";
import { decodeField, decodeScalar, isArrayType } from "./protobuf_decoder.ts";
import { createProtobufReader, nextField, type ProtobufReader } from "./protobuf_reader.ts";
import { escapeBytes, type TextEscapes, textEscapes } from "./text_escapes.ts";

/** A value as it lies in the point. */
interface LyingValue {
  readonly type: "string" | "bytes" | "array";
  /** Of a list its elements, one after the other. */
  readonly lying: Uint8Array;
  /** A list that a parser would not take as such is written as its JSON. */
  isJson: boolean;
}

type LineValue = FieldValue | LyingValue;

interface LyingPoint {
  measurement: string;
  readonly tags: Map<string, string>;
  readonly fields: Map<string, LineValue>;
  timeNs: bigint;
  ownTagsOnly: boolean;
}

/** What a value takes to be left where it lies, and what is written of it at a time, in bytes. */
const LONG_BYTES = 1024;
/** A multiple of three, as base64 takes them. */
const PIECE_BYTES = 12 * 1024;
/** Short texts are written together up to this, in UTF-16 units. */
const TEXT_UNITS = 4096;
const COMMA = 0x2c;
/** Elements of a list that are looked at before everything else may run. */
const STEP_ELEMENTS = 512;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * The line of a point (a `PBPoint` that our writer made), ended by a newline, with the common tags that it lacks. Empty
 * pieces are there to pause at. Throws for bytes that no writer of ours made.
 */
export function* longLinePieces(
  bytes: Uint8Array,
  common: readonly Tag[],
): Generator<Uint8Array<ArrayBuffer>> {
  const point = readPoint(bytes);
  for (const [key, value] of point.fields) {
    if (isLying(value) && value.type === "array" && !(yield* examine(value))) point.fields.delete(key);
  }
  yield new Uint8Array();
  let text = "";
  for (const part of lineParts(point, common)) {
    if (typeof part === "string" && (text += part).length < TEXT_UNITS) continue;
    if (text !== "") yield encoder.encode(text);
    text = "";
    if (typeof part !== "string") yield part;
  }
  yield encoder.encode(text);
}

function* lineParts(point: LyingPoint, common: readonly Tag[]): Generator<string | Uint8Array<ArrayBuffer>> {
  const { series, fields } = arrangeLine(point, point.ownTagsOnly ? [] : common, isUnsayable);
  yield series;
  let separator = " ";
  for (const [name, value] of fields) {
    yield `${separator}${name}=`;
    separator = ",";
    if (isLying(value)) yield* lyingParts(value);
    else yield formatValue(value);
  }
  yield ` ${point.timeNs}\n`;
}

function* lyingParts({ type, lying, isJson }: LyingValue): Generator<string | Uint8Array<ArrayBuffer>> {
  if (type !== "array") return yield* textParts(lying, type, textEscapes(false));
  yield isJson ? '"[' : "[";
  let separator = "";
  const items = createProtobufReader(lying);
  while (nextField(items)) {
    if (items.field !== 1 || items.wireType !== 2) continue;
    const item = createProtobufReader(items.bytes);
    yield separator;
    separator = ",";
    while (nextField(item)) yield* elementParts(item, isJson);
  }
  yield isJson ? ']"' : "]";
}

function* elementParts(item: ProtobufReader, isJson: boolean): Generator<string | Uint8Array<ArrayBuffer>> {
  if (item.wireType === 2 && item.bytes.length > LONG_BYTES) {
    yield* textParts(item.bytes, item.field === 5 ? "bytes" : "string", textEscapes(isJson));
    return;
  }
  const value = decodeScalar(item.field, item, decoder);
  if (value === undefined) return;
  // The quotes around what is formatted are those of the whole list.
  yield isJson ? formatScalar(JSON.stringify(value)).slice(1, -1) : formatScalar(value);
}

function* textParts(
  bytes: Uint8Array,
  type: "string" | "bytes",
  escapes: TextEscapes,
): Generator<string | Uint8Array<ArrayBuffer>> {
  yield type === "bytes" ? '"' : escapes.quote;
  for (let from = 0; from < bytes.length; from += PIECE_BYTES) {
    const piece = bytes.subarray(from, from + PIECE_BYTES);
    yield type === "bytes" ? encoder.encode(piece.toBase64()) : escapeBytes(piece, escapes);
  }
  yield type === "bytes" ? '"b' : escapes.quote;
}

function readPoint(bytes: Uint8Array): LyingPoint {
  const reader = createProtobufReader(bytes);
  const point: LyingPoint = {
    measurement: "",
    tags: new Map(),
    fields: new Map(),
    timeNs: 0n,
    ownTagsOnly: false,
  };
  while (nextField(reader)) {
    if (reader.field === 1 && reader.wireType === 2) point.measurement = decoder.decode(reader.bytes);
    else if (reader.field === 2 && reader.wireType === 2) readMember(reader.bytes, point);
    else if (reader.field === 3 && reader.wireType === 0) point.timeNs = BigInt.asIntN(64, reader.varint);
    else if (reader.field === 15 && reader.wireType === 0) point.ownTagsOnly = reader.varint !== 0n;
  }
  if (reader.failed) throw new Error("Cannot decode a point as its bytes are broken");
  return point;
}

function readMember(bytes: Uint8Array, { tags, fields }: LyingPoint): void {
  const lying = bytes.length > LONG_BYTES ? readLying(bytes) : undefined;
  if (lying !== undefined) return void fields.set(...lying);
  const member = decodeField(bytes, decoder);
  if (member?.value === undefined) return;
  if (!member.isTag) fields.set(member.key, member.value);
  else if (typeof member.value === "string") tags.set(member.key, member.value);
}

/** A field whose value may be left where it lies; `undefined`: it is a tag. */
function readLying(bytes: Uint8Array): readonly [string, LyingValue] | undefined {
  const reader = createProtobufReader(bytes);
  let key = "";
  let value: LyingValue | undefined;
  while (nextField(reader)) {
    const { field, wireType } = reader;
    if (field === 8) return undefined;
    if (wireType !== 2) continue;
    if (field === 1) key = decoder.decode(reader.bytes);
    else if (field === 6) value = { type: "bytes", lying: reader.bytes, isJson: false };
    else if (field === 7) value = readArray(reader.bytes);
    else if (field === 11) value = { type: "string", lying: reader.bytes, isJson: false };
  }
  return reader.failed || key === "" || value === undefined ? undefined : [key, value];
}

function readArray(bytes: Uint8Array): LyingValue | undefined {
  const reader = createProtobufReader(bytes);
  let isList = false;
  let lying = bytes.subarray(0, 0);
  while (nextField(reader)) {
    if (reader.field === 1 && reader.wireType === 2) isList = isArrayType(reader.bytes, decoder);
    else if (reader.field === 2 && reader.wireType === 2) lying = reader.bytes;
  }
  return reader.failed || !isList || lying.length === 0 ? undefined : { type: "array", lying, isJson: false };
}

/** Whether a list can be read to its end; also finds how it is to be written. */
function* examine(array: LyingValue): Generator<Uint8Array<ArrayBuffer>, boolean> {
  const items = createProtobufReader(array.lying);
  for (let count = 1; nextField(items); count++) {
    if (count % STEP_ELEMENTS === 0) yield new Uint8Array();
    if (items.field !== 1 || items.wireType !== 2) continue;
    const item = createProtobufReader(items.bytes);
    let hasValue = false;
    while (nextField(item)) {
      if (item.field === 6 && item.wireType === 2 && item.bytes.includes(COMMA)) array.isJson = true;
      hasValue ||= item.wireType === 2 || decodeScalar(item.field, item, decoder) !== undefined;
    }
    if (item.failed || !hasValue) return false;
  }
  return !items.failed;
}

function isLying(value: LineValue): value is LyingValue {
  return typeof value === "object" && "lying" in value;
}

function isUnsayable(value: LineValue): boolean {
  return !isLying(value) && (isArray(value) || value instanceof Uint8Array) && value.length === 0;
}
