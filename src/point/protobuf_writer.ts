import { utf8Length } from "./utf8.ts";

/** Beyond this a string's bytes are counted before room is made: the bound of three a unit would waste memory. */
const COUNTED_STRING_LENGTH = 65_536;
/** Below this many units a loop beats the call into the text encoder. */
const SHORT_STRING_LENGTH = 48;
/** Longest varint. */
const MAX_VARINT_BYTES = 10;

/**
 * Writes protobuf's wire types into one growing buffer. Lengths come before what they measure: room for them is
 * made by an expected length, and the rare wrong guess moves the bytes, so the result is canonical either way.
 */
export interface ProtobufWriter {
  /** A key: field number and wire type in one byte, for field numbers below 16. */
  readonly tag: (tag: number) => void;
  /** A non-negative safe integer. */
  readonly varint: (value: number) => void;
  /** An integer's low 64 bits. */
  readonly varint64: (value: bigint) => void;
  readonly double: (value: number) => void;
  /** Length and bytes. */
  readonly bytes: (value: Uint8Array) => void;
  /** Bytes alone. */
  readonly raw: (value: Uint8Array) => void;
  /** Length and UTF-8. */
  readonly string: (value: string) => void;
  /** Opens a message of about `expectedBytes`; returns where its content begins, for {@link end}. */
  readonly begin: (expectedBytes: number) => number;
  /** Closes the message, with the same arguments. */
  readonly end: (contentAt: number, expectedBytes: number) => void;
  /** What was written; nothing can be written after it. */
  readonly finish: () => Uint8Array<ArrayBuffer>;
}

/** Bytes of a non-negative safe integer as varint. */
export function varintSize(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  let bytes = 3;
  for (let rest = value / 0x20_0000; rest >= 1; rest /= 128) bytes++;
  return bytes;
}

/** A writer whose buffer starts with `initialBytes`. */
export function createProtobufWriter(initialBytes: number): ProtobufWriter {
  let buffer = new Uint8Array(initialBytes);
  let at = 0;
  const encoder = new TextEncoder();
  const number = new DataView(new ArrayBuffer(8));
  const numberBytes = new Uint8Array(number.buffer);

  function ensure(bytes: number): void {
    if (at + bytes <= buffer.length) return;
    // What is outgrown is given back at once, not at some garbage collection to come.
    buffer = new Uint8Array(buffer.buffer.transfer(Math.max(buffer.length * 2, at + bytes)));
  }

  function tag(value: number): void {
    ensure(1);
    buffer[at++] = value;
  }

  function varint(value: number): void {
    ensure(MAX_VARINT_BYTES);
    at = putVarint(value, at);
  }

  function putVarint(value: number, start: number): number {
    let rest = value;
    let position = start;
    while (rest >= 0x80) {
      buffer[position++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    buffer[position++] = rest;
    return position;
  }

  function varint64(value: bigint): void {
    ensure(MAX_VARINT_BYTES);
    // A view cuts a bigint into halves without making new ones.
    number.setBigInt64(0, value, true);
    let low = number.getUint32(0, true);
    let high = number.getUint32(4, true);
    while (high !== 0) {
      buffer[at++] = (low & 0x7f) | 0x80;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    at = putVarint(low, at);
  }

  function double(value: number): void {
    number.setFloat64(0, value, true);
    raw(numberBytes);
  }

  function raw(value: Uint8Array): void {
    ensure(value.length);
    buffer.set(value, at);
    at += value.length;
  }

  function bytes(value: Uint8Array): void {
    varint(value.length);
    raw(value);
  }

  function string(value: string): void {
    const { length } = value;
    const room = length > COUNTED_STRING_LENGTH ? utf8Length(value) : length * 3;
    ensure(room + MAX_VARINT_BYTES);
    if (length < SHORT_STRING_LENGTH && putAscii(value)) return;
    const contentAt = begin(length);
    at += encoder.encodeInto(value, buffer.subarray(at)).written;
    end(contentAt, length);
  }

  /** Writes a short string if it is ASCII; else writes nothing that stays. */
  function putAscii(value: string): boolean {
    const { length } = value;
    for (let i = 0; i < length; i++) {
      const unit = value.charCodeAt(i);
      if (unit >= 0x80) return false;
      buffer[at + 1 + i] = unit;
    }
    buffer[at] = length;
    at += length + 1;
    return true;
  }

  function begin(expectedBytes: number): number {
    const room = varintSize(expectedBytes);
    ensure(room);
    at += room;
    return at;
  }

  function end(contentAt: number, expectedBytes: number): void {
    const length = at - contentAt;
    const lengthAt = contentAt - varintSize(expectedBytes);
    const movedTo = lengthAt + varintSize(length);
    if (movedTo !== contentAt) {
      ensure(MAX_VARINT_BYTES);
      buffer.copyWithin(movedTo, contentAt, at);
      at = movedTo + length;
    }
    putVarint(length, lengthAt);
  }

  const finish = (): Uint8Array<ArrayBuffer> => new Uint8Array(buffer.buffer.transfer(at));
  return { tag, varint, varint64, double, bytes, raw, string, begin, end, finish };
}
