/**
 * Reads protobuf's wire format in one pass over the body, without copies.
 * @see `spec/ingest.md` 2.3 for the rules, `spec/deno.md` 5 for why it is made by hand
 */

import { maxMessages } from "./max_messages.ts";

/** A position in a body. Every method throws {@link ProtoError} at the body's or the current message's end. */
export interface ProtoReader {
  /** The next field's tag (`number << 3 | wire type`), or 0 at the end of the current message. */
  tag(): number;
  /** Passes over the value of a field nobody knows. */
  skip(tag: number): void;
  /** Starts an embedded message; what it returns is handed to {@link leave} when its tags are read. */
  enter(): number;
  leave(outerEnd: number): void;
  /** Reads one element by `read`. If it is malformed, only it is lost: counted, and the rest is read on. */
  isolate(read: () => void): void;
  /** Elements lost so far. */
  malformed(): number;
  /** `int32`, `uint32`, `bool` and enums: the low 32 bits, signed. */
  int32(): number;
  /** `sint32`. */
  sint32(): number;
  /** `uint64`. */
  uint64(): bigint;
  /** `int64`. */
  int64(): bigint;
  fixed32(): number;
  fixed64(): bigint;
  sfixed64(): bigint;
  double(): number;
  /** A string; bytes that are no UTF-8 become U+FFFD. */
  string(): string;
  /** A view of the body, not a copy. */
  bytes(): Uint8Array;
  /** Bytes as lower-case hex. */
  hex(): string;
  /** A packed list: reads by `read` until its end. */
  packed(read: () => void): void;
}

/** The bytes are not what protobuf allows. */
export class ProtoError extends Error {
  override name = "ProtoError";
}

const CUT_SHORT = "Cannot read a field as it ends after its message";
const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

/** A reader at the start of `bytes`, which is the outermost message. */
export function createProtoReader(bytes: Uint8Array): ProtoReader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  let end = bytes.length;
  let malformed = 0;
  let messagesLeft = maxMessages(bytes.length);
  // A substring of the body decoded once costs a third of a decoder's call per string.
  let ascii: string | undefined;
  let utf8: TextDecoder | undefined;

  /** Moves on by `sizeBytes` and returns where it was. */
  function take(sizeBytes: number): number {
    const start = at;
    if (sizeBytes > end - start) throw new ProtoError(CUT_SHORT);
    at = start + sizeBytes;
    return start;
  }

  function byte(): number {
    if (at >= end) throw new ProtoError(CUT_SHORT);
    return bytes[at++] ?? 0;
  }

  function uint64(): bigint {
    let low = 0;
    // Seven bytes hold 49 bits, which a number holds exactly.
    for (let scale = 1; scale < 2 ** 49; scale *= 128) {
      const next = byte();
      low += (next & 0x7f) * scale;
      if (next < 0x80) return BigInt(low);
    }
    let value = BigInt(low);
    for (let shift = 49n; shift < 70n; shift += 7n) {
      const next = byte();
      value |= BigInt(next & 0x7f) << shift;
      if (next < 0x80) return BigInt.asUintN(64, value);
    }
    throw new ProtoError("Cannot read a varint as it must have at most 10 bytes");
  }

  function int32(): number {
    const start = at;
    let value = byte();
    if (value < 0x80) return value;
    value &= 0x7f;
    for (let shift = 7; shift < 35; shift += 7) {
      const next = byte();
      value |= (next & 0x7f) << shift;
      if (next < 0x80) return value;
    }
    at = start;
    return Number(BigInt.asIntN(32, uint64()));
  }

  function length(): number {
    let value = byte();
    if (value > 0x7f) {
      at--;
      value = Number(uint64());
    }
    if (value > end - at) throw new ProtoError(CUT_SHORT);
    return value;
  }

  function skip(tag: number): void {
    switch (tag & 7) {
      case VARINT:
        return void uint64();
      case FIXED64:
        return void take(8);
      case LENGTH_DELIMITED:
        return void take(length());
      case FIXED32:
        return void take(4);
      default:
        throw new ProtoError(`Cannot read a field as its wire type is ${tag & 7}`);
    }
  }

  function string(): string {
    const size = length();
    const start = take(size);
    for (let i = start; i < at; i++) {
      if ((bytes[i] ?? 0) > 0x7f) {
        utf8 ??= new TextDecoder("utf-8", { ignoreBOM: true });
        return utf8.decode(bytes.subarray(start, at));
      }
    }
    ascii ??= new TextDecoder("latin1").decode(bytes);
    return ascii.substring(start, at);
  }

  function bytesField(): Uint8Array {
    const size = length();
    const start = take(size);
    return bytes.subarray(start, at);
  }

  function enter(): number {
    if (messagesLeft-- <= 0) throw new ProtoError("Cannot read the body as it has too many messages");
    const sizeBytes = length();
    const outerEnd = end;
    end = at + sizeBytes;
    return outerEnd;
  }

  return {
    tag: () => {
      if (at === end) return 0;
      const tag = int32() >>> 0;
      if (tag < 8) throw new ProtoError("Cannot read a field as its number must not be 0");
      return tag;
    },
    skip,
    enter,
    leave: (outerEnd) => {
      at = end;
      end = outerEnd;
    },
    isolate: (read) => {
      const outerEnd = end;
      const start = at;
      const sizeBytes = length();
      const next = at + sizeBytes;
      at = start;
      try {
        read();
      } catch (error) {
        // Out of messages concerns the whole body.
        if (messagesLeft < 0) throw error;
        malformed++;
        at = next;
        end = outerEnd;
      }
    },
    malformed: () => malformed,
    int32,
    sint32: () => {
      const value = int32();
      return value >>> 1 ^ -(value & 1);
    },
    uint64,
    int64: () => BigInt.asIntN(64, uint64()),
    fixed32: () => view.getUint32(take(4), true),
    fixed64: () => view.getBigUint64(take(8), true),
    sfixed64: () => view.getBigInt64(take(8), true),
    double: () => view.getFloat64(take(8), true),
    string,
    bytes: bytesField,
    hex: () => bytesField().toHex(),
    packed: (read) => {
      const outerEnd = enter();
      while (at < end) read();
      end = outerEnd;
    },
  };
}
