/**
 * Reads protobuf's wire format where it lies: nothing is copied, and nothing is made for an element.
 * @see https://protobuf.dev/programming-guides/encoding/
 */
import { MAX_FIELDS } from "./limits.ts";

/** A place in a body: the rest of one message. */
export interface ProtoCursor {
  readonly bytes: Uint8Array;
  at: number;
  /** Where the message ends. */
  end: number;
  /** The last 64-bit value read, as two halves of 32 bits. */
  low: number;
  high: number;
  /** Fields and ends of messages that may still be read: where they are used up, every message seems to end. */
  fieldsLeft: number;
  /** Bytes of text that were composed of the element's values. */
  composedBytes: number;
  /** Whether the body was made here, of JSON: then it may have members of our own, see `own_fields.ts`. */
  readonly isOwn: boolean;
}

/** The bytes are not what protobuf allows. */
export class ProtoError extends Error {
  override name = "ProtoError";
}

/** Wire types, the low three bits of a tag. */
const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

const double = new Float64Array(1);
const doubleHalves = new Uint32Array(double.buffer);

/** A cursor over all of a body. */
export function createProtoCursor(bytes: Uint8Array, isOwn = false): ProtoCursor {
  return {
    bytes,
    at: 0,
    end: bytes.length,
    low: 0,
    high: 0,
    fieldsLeft: MAX_FIELDS,
    composedBytes: 0,
    isOwn,
  };
}

/** Sets a cursor on another message of its body. */
export function moveTo(c: ProtoCursor, from: number, to: number): void {
  c.at = from;
  c.end = to;
}

/** Begins an element: allows as many fields to be read as one may have. */
export function allowFields(c: ProtoCursor): void {
  c.fieldsLeft = MAX_FIELDS;
  c.composedBytes = 0;
}

/** Whether the fields that were allowed are used up. */
export function isUsedUp(c: ProtoCursor): boolean {
  return c.fieldsLeft <= 0;
}

/** The next field's tag (`number << 3 | wire type`), or 0 at the message's end. */
export function readTag(c: ProtoCursor): number {
  const { at } = c;
  if (c.fieldsLeft-- <= 0 || at >= c.end) return 0;
  const first = c.bytes[at] ?? 0;
  if (first < 0x80 && first > 7) {
    c.at = at + 1;
    return first;
  }
  const tag = readInt32(c) >>> 0;
  if (tag < 8) throw new ProtoError("Cannot read a field as its number must not be 0");
  return tag;
}

/** The length before a text or message, whose bytes are then `[at, at + length)` and within the message. */
export function readLength(c: ProtoCursor): number {
  const { at } = c;
  if (at >= c.end) throw cutShort();
  let length = c.bytes[at] ?? 0;
  if (length < 0x80) c.at = at + 1;
  else {
    readVarint(c);
    length = c.high * 0x1_0000_0000 + c.low;
  }
  if (length > c.end - c.at) throw cutShort();
  return length;
}

/** `int32`, `uint32`, `bool` and enums: the low 32 bits, signed. */
export function readInt32(c: ProtoCursor): number {
  const { at } = c;
  const first = at < c.end ? c.bytes[at] ?? 0 : 0x80;
  if (first < 0x80) {
    c.at = at + 1;
    return first;
  }
  readVarint(c);
  return c.low | 0;
}

/** `sint32`. */
export function readSint32(c: ProtoCursor): number {
  const value = readInt32(c);
  return value >>> 1 ^ -(value & 1);
}

/** `int64` and `uint64`, into the cursor's halves. */
export function readVarint(c: ProtoCursor): void {
  const { bytes, end } = c;
  let { at } = c;
  let low = 0;
  let high = 0;
  for (let shift = 0; shift < 70; shift += 7) {
    if (at >= end) throw cutShort();
    const byte = bytes[at++] ?? 0;
    const bits = byte & 0x7f;
    if (shift < 28) low |= bits << shift;
    else if (shift === 28) {
      low |= bits << 28;
      high = bits >>> 4;
    } else high |= bits << (shift - 32);
    if (byte < 0x80) {
      c.at = at;
      c.low = low >>> 0;
      c.high = high >>> 0;
      return;
    }
  }
  throw new ProtoError("Cannot read a varint as it must have at most 10 bytes");
}

/** `fixed64` and `sfixed64`, into the cursor's halves. */
export function readFixed64(c: ProtoCursor): void {
  const at = take(c, 8);
  c.low = uint32At(c.bytes, at);
  c.high = uint32At(c.bytes, at + 4);
}

export function readFixed32(c: ProtoCursor): number {
  return uint32At(c.bytes, take(c, 4));
}

export function readDouble(c: ProtoCursor): number {
  readFixed64(c);
  doubleHalves[0] = c.low;
  doubleHalves[1] = c.high;
  return double[0] ?? 0;
}

/** Skips the value of an unknown field. */
export function skipField(c: ProtoCursor, tag: number): void {
  switch (tag & 7) {
    case VARINT:
      return readVarint(c);
    case FIXED64:
      return void take(c, 8);
    case LENGTH_DELIMITED: {
      const length = readLength(c);
      c.at += length;
      return;
    }
    case FIXED32:
      return void take(c, 4);
    default:
      throw new ProtoError(`Cannot read a field as its wire type is ${tag & 7}`);
  }
}

/** Moves on by `sizeBytes` and returns where it was. */
function take(c: ProtoCursor, sizeBytes: number): number {
  const { at } = c;
  if (sizeBytes > c.end - at) throw cutShort();
  c.at = at + sizeBytes;
  return at;
}

function uint32At(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) | (bytes[at + 1] ?? 0) << 8 | (bytes[at + 2] ?? 0) << 16 |
    (bytes[at + 3] ?? 0) << 24) >>> 0;
}

function cutShort(): ProtoError {
  return new ProtoError("Cannot read a field as it ends after its message");
}
