/** Puts the pieces of a `PBPoint` into a buffer that has room for them. Each returns where it ended. */
import { varintSize } from "./protobuf_writer.ts";

/** First bytes of a point's members, and of a field's value. */
export const POINT = { name: 0x0a, field: 0x12, time: 0x18 } as const;
export const VALUE = {
  int: 0x10,
  unsigned: 0x18,
  float: 0x21,
  bool: 0x28,
  bytes: 0x32,
  string: 0x5a,
} as const;
/** Arrays: their member of a field, the members of the `Any` that it is, and of the array in that. */
export const ARRAY = { field: 0x3a, element: 0x0a } as const;
export const ANY = { typeUrl: 0x0a, value: 0x12 } as const;
export const ARRAY_TYPE_URL = "type.googleapis.com/point.Array";
export const ELEMENT_VALUE = {
  int: 0x08,
  unsigned: 0x10,
  float: 0x19,
  bool: 0x20,
  bytes: 0x2a,
  string: 0x32,
} as const;

/** A non-negative integer of 32 bits. */
export function putVarint(buffer: Uint8Array, from: number, value: number): number {
  let at = from;
  let rest = value;
  while (rest >= 0x80) {
    buffer[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  buffer[at++] = rest;
  return at;
}

/** 64 bits, as two halves. Those stay within 32 bits with a sign, which V8 keeps without an object. */
export function putVarint64(buffer: Uint8Array, from: number, low: number, high: number): number {
  let at = from;
  let lower = low | 0;
  let upper = high | 0;
  while (upper !== 0 || (lower & ~0x7f) !== 0) {
    buffer[at++] = (lower & 0x7f) | 0x80;
    lower = (lower >>> 7) | (upper << 25);
    upper >>>= 7;
  }
  buffer[at++] = lower;
  return at;
}

/** Bytes as they are. Below some length a loop beats the call. */
export function putBytes(buffer: Uint8Array, at: number, bytes: Uint8Array): number {
  const { length } = bytes;
  if (length > 48) buffer.set(bytes, at);
  else for (let i = 0; i < length; i++) buffer[at + i] = bytes[i] ?? 0;
  return at + length;
}

/** A field's key, and the length in bytes of its text (or what `tag` says), which comes next. */
export function putTextHead(
  buffer: Uint8Array,
  from: number,
  head: Uint8Array,
  bytes: number,
  tag: number = VALUE.string,
): number {
  let at = from;
  buffer[at++] = POINT.field;
  at = putVarint(buffer, at, head.length + 1 + varintSize(bytes) + bytes);
  at = putBytes(buffer, at, head);
  buffer[at++] = tag;
  return putVarint(buffer, at, bytes);
}

/** Takes pieces out of what was put up to `end`: `holes` has begin and end of each, in any order. */
export function closeHoles(buffer: Uint8Array, end: number, holes: readonly number[]): number {
  const gaps: [number, number][] = [];
  for (let i = 0; i < holes.length; i += 2) gaps.push([holes[i] ?? 0, holes[i + 1] ?? 0]);
  gaps.sort((a, b) => a[0] - b[0]);
  let to = gaps[0]?.[0] ?? end;
  for (const [index, [, from]] of gaps.entries()) {
    const until = gaps[index + 1]?.[0] ?? end;
    buffer.copyWithin(to, from, until);
    to += until - from;
  }
  return to;
}
