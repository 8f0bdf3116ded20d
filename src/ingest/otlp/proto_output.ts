/** Protobuf's wire format into a buffer that grows. */
import type { ByteBuffer } from "./text_buffer.ts";
import { ensure } from "./text_buffer.ts";

/** What is written is `bytes[0, at)`. */
export type ProtoOutput = ByteBuffer;

const double = new Float64Array(1);
const doubleBytes = new Uint8Array(double.buffer);

/** The room of what is not text. */
const ROOM = 32;

/** A tag: field number × 8 + wire type. */
export function putTag(out: ProtoOutput, number: number, wireType: number): void {
  putVarint(out, number * 8 + wireType, 0);
}

/** A varint of two halves. */
export function putVarint(out: ProtoOutput, low: number, high: number): void {
  ensure(out, ROOM);
  const { bytes } = out;
  let lower = low >>> 0;
  let upper = high >>> 0;
  while (upper !== 0 || lower >= 0x80) {
    bytes[out.at++] = (lower & 0x7f) | 0x80;
    lower = ((lower >>> 7) | (upper << 25)) >>> 0;
    upper >>>= 7;
  }
  bytes[out.at++] = lower;
}

export function putFixed32(out: ProtoOutput, value: number): void {
  ensure(out, ROOM);
  const { bytes } = out;
  for (let shift = 0; shift < 32; shift += 8) bytes[out.at++] = value >>> shift;
}

export function putFixed64(out: ProtoOutput, low: number, high: number): void {
  putFixed32(out, low);
  putFixed32(out, high);
}

export function putDoubleValue(out: ProtoOutput, value: number): void {
  double[0] = value;
  ensure(out, ROOM);
  const { bytes } = out;
  for (let i = 0; i < 8; i++) bytes[out.at++] = doubleBytes[i] ?? 0;
}

/** Keeps room for a length; returns where what it measures begins. */
export function beginLength(out: ProtoOutput, lengthBytes: 1 | 4): number {
  ensure(out, ROOM);
  out.at += lengthBytes;
  return out.at;
}

/** Writes the length of what was written since `contentAt`. A longer varint than needed is one, too. */
export function endLength(out: ProtoOutput, contentAt: number, lengthBytes: 1 | 4): void {
  const length = out.at - contentAt;
  if (lengthBytes === 1 && length < 0x80) {
    out.bytes[contentAt - 1] = length;
    return;
  }
  let lengthAt = contentAt - lengthBytes;
  if (lengthBytes === 1) {
    // Moved by what the longer length takes more.
    ensure(out, 3);
    out.bytes.copyWithin(contentAt + 3, contentAt, out.at);
    out.at += 3;
  }
  for (let shift = 0; shift < 21; shift += 7) out.bytes[lengthAt++] = ((length >>> shift) & 0x7f) | 0x80;
  out.bytes[lengthAt] = length >>> 21;
}

/** The same of a message, which if it is short moves to where its length takes one byte: its place must not be kept. */
export function endMessage(out: ProtoOutput, contentAt: number, lengthBytes: 1 | 4): void {
  const length = out.at - contentAt;
  if (lengthBytes === 1 || length >= 0x80) return endLength(out, contentAt, lengthBytes);
  // Of very many that are empty the rest of the room would be more than their JSON.
  const lengthAt = contentAt - lengthBytes;
  out.bytes.copyWithin(lengthAt + 1, contentAt, out.at);
  out.bytes[lengthAt] = length;
  out.at -= lengthBytes - 1;
}
