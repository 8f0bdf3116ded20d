/** Text composed as UTF-8 bytes: JSON out of pieces of a body, without a string for each. */

import { isAscii } from "node:buffer";
import { ESCAPED_BYTES, putEscaped as escape } from "../../json/json_escape.ts";
import { cutCodePoint, type LongText, PLAIN, type TextForm, type TextPiece } from "../../point/long_text.ts";
import { BASE64 } from "../text_forms.ts";

/** Bytes that grow; what they hold is `bytes[0, at)`. */
export interface ByteBuffer {
  bytes: Uint8Array<ArrayBuffer>;
  at: number;
}

/** A text, of which long values stay where they lie. */
export interface TextBuffer extends ByteBuffer {
  /** Those, and where they come into the bytes. */
  readonly longs: LongPart[];
  /** Their bytes together, and those of the texts before it. */
  longBytes: number;
  /** Bytes of all these from which on no more of the text is wanted. */
  fullBytes: number;
}

interface LongPart {
  readonly at: number;
  readonly piece: TextPiece;
}

const INITIAL_BYTES = 16 * 1024;
/** A larger buffer is given back with the next text. */
const KEPT_BYTES = 512 * 1024;
/** A value of so many bytes stays where it lies, and a shorter one where the text has so many already. */
const LONG_BYTES = 64 * 1024;
const LONG_TEXT_BYTES = 128 * 1024;
const LONG_IN_LONG_BYTES = 128;
/** Below this many bytes a loop beats a call. */
const SHORT = 48;
/** Bytes that are escaped at a time. */
const PART = 8192;

const QUOTE = 0x22;
const encoder = new TextEncoder();
const decoder = new TextDecoder();
const integer64 = new BigUint64Array(1);
const halves = new Uint32Array(integer64.buffer);
const HEX_DIGITS = encoder.encode("0123456789abcdef");

export function createTextBuffer(): TextBuffer {
  return { bytes: new Uint8Array(INITIAL_BYTES), at: 0, longs: [], longBytes: 0, fullBytes: Infinity };
}

/**
 * Begins another text, of an element that has `before` bytes of texts already; `most`: no more of it is wanted, and of a
 * value hardly more is put.
 */
export function clearText(buffer: TextBuffer, before = 0, most = Infinity): void {
  if (buffer.bytes.length > KEPT_BYTES) buffer.bytes = new Uint8Array(INITIAL_BYTES);
  buffer.at = 0;
  buffer.longBytes = before;
  buffer.fullBytes = before + most;
  if (buffer.longs.length > 0) buffer.longs.length = 0;
}

/** Begins a part of a text that has all values in it, however long: it is no larger than what is converted at a time. */
export function beginPart(buffer: TextBuffer): void {
  clearText(buffer);
  buffer.longBytes = -Infinity;
}

/** Whether no more of the text is wanted. */
export function isFull({ at, longBytes, fullBytes }: TextBuffer): boolean {
  return at + longBytes > fullBytes;
}

/** Whether the text is so long that what comes is to stay where it lies; never of one that is wanted in part. */
export function isLongText({ at, longBytes, fullBytes }: TextBuffer): boolean {
  return at + longBytes > LONG_TEXT_BYTES && fullBytes === Infinity;
}

/** Where a value that is put ends: at its end, or where more is no longer wanted. */
function endOf({ fullBytes }: TextBuffer, from: number, to: number): number {
  // Base64 has whole groups of three.
  return to - from > fullBytes ? Math.min(to, from + 3 * Math.ceil(fullBytes / 3)) : to;
}

/** Whether a value of so many bytes is to stay where it lies. */
function isLong({ at, longBytes }: TextBuffer, bytes: number): boolean {
  return bytes > LONG_BYTES || (bytes > LONG_IN_LONG_BYTES && at + longBytes > LONG_TEXT_BYTES);
}

/** Puts what stays where it lies. */
export function putLong(
  buffer: TextBuffer,
  bytes: Uint8Array,
  from: number,
  to: number,
  form: TextForm,
): void {
  buffer.longs.push({ at: buffer.at, piece: { bytes, from, to, form } });
  buffer.longBytes += to - from;
}

/** All that was put, the buffer's own bytes copied; of what lies elsewhere it keeps nothing. */
export function takeText(buffer: TextBuffer): LongText {
  const { bytes, at, longs } = buffer;
  const own = bytes.slice(0, at);
  const pieces: TextPiece[] = [];
  let from = 0;
  for (const { at: to, piece } of longs) {
    if (from < to) pieces.push({ bytes: own, from, to, form: PLAIN });
    pieces.push(piece);
    from = to;
  }
  if (from < at) pieces.push({ bytes: own, from, to: at, form: PLAIN });
  clearText(buffer);
  return pieces;
}

/** Puts a text that was taken. */
export function putTaken(buffer: TextBuffer, text: LongText): void {
  for (const { bytes, from, to, form } of text) {
    if (form === PLAIN) putSlice(buffer, bytes, from, to);
    else putLong(buffer, bytes, from, to, form);
  }
}

/** Puts text that is UTF-8 already: pieces of JSON that are always the same. */
export function putBytes(buffer: ByteBuffer, piece: Uint8Array): void {
  const { length } = piece;
  ensure(buffer, length);
  const { bytes, at } = buffer;
  if (length > SHORT) bytes.set(piece, at);
  else for (let i = 0; i < length; i++) bytes[at + i] = piece[i] ?? 0;
  buffer.at = at + length;
}

/** Puts bytes of a body as they are. */
export function putSlice(buffer: TextBuffer, source: Uint8Array, from: number, until: number): void {
  const to = endOf(buffer, from, until);
  if (isLong(buffer, to - from)) return putLong(buffer, source, from, to, PLAIN);
  ensure(buffer, to - from);
  buffer.bytes.set(source.subarray(from, to), buffer.at);
  buffer.at += to - from;
}

/** Puts a string. */
export function putText(buffer: ByteBuffer, text: string): void {
  ensure(buffer, text.length * 3);
  const { bytes, at } = buffer;
  const { length } = text;
  if (length < SHORT) {
    let i = 0;
    for (; i < length; i++) {
      const unit = text.charCodeAt(i);
      if (unit >= 0x80) break;
      bytes[at + i] = unit;
    }
    if (i === length) {
      buffer.at = at + length;
      return;
    }
  }
  buffer.at = at + encoder.encodeInto(text, bytes.subarray(at)).written;
}

/** Puts one character of ASCII. */
export function putCode(buffer: ByteBuffer, code: number): void {
  ensure(buffer, 1);
  buffer.bytes[buffer.at++] = code;
}

/** Puts text of a body as a JSON string, as `JSON.stringify` writes it. Invalid UTF-8 stays what it is. */
export function putJsonString(buffer: TextBuffer, source: Uint8Array, from: number, until: number): void {
  const to = endOf(buffer, from, until);
  putCode(buffer, QUOTE);
  if (isLong(buffer, to - from)) putLong(buffer, source, from, to, JSON_STRING);
  else putEscapedParts(buffer, source, from, to);
  putCode(buffer, QUOTE);
}

/** In parts, as what is escaped grows to six bytes at most, and room is made for that. */
function putEscapedParts(buffer: TextBuffer, source: Uint8Array, from: number, to: number): void {
  const part = Math.min(PART, buffer.fullBytes / 4);
  for (let at = from; at < to && !isFull(buffer); at += part) {
    putEscaped(buffer, source, at, Math.min(to, at + part));
  }
}

/** What is converted at a time. */
const scratch: ByteBuffer = { bytes: new Uint8Array(0), at: 0 };

function inScratch(put: () => void): Uint8Array {
  scratch.at = 0;
  put();
  return scratch.bytes.subarray(0, scratch.at);
}

/** What stands between the quotes of a JSON string. */
const JSON_STRING: TextForm = {
  cut: cutCodePoint,
  convert: (bytes, from, to) => inScratch(() => putLongPart(bytes.subarray(from, to))),
};

/** Whether the part before had much to escape, as the next one will. */
let isDense = false;
/** Growth from which on it is much. */
const DENSE = 1.1;

/**
 * The runtime is faster with ASCII that has little to escape, and only with that: of other text it is slower, and leaves
 * strings of a multiple of it.
 */
function putLongPart(part: Uint8Array): void {
  for (let at = 0; at < part.length; at += PART) {
    const end = Math.min(part.length, at + PART);
    const slice = part.subarray(at, end);
    const start = scratch.at;
    if (!isDense && isAscii(slice)) putText(scratch, JSON.stringify(decoder.decode(slice)).slice(1, -1));
    else putEscaped(scratch, part, at, end);
    isDense = scratch.at - start > DENSE * slice.length;
  }
}

function putEscaped(buffer: ByteBuffer, source: Uint8Array, from: number, to: number): void {
  ensure(buffer, (to - from) * ESCAPED_BYTES);
  buffer.at = escape(buffer.bytes, buffer.at, source, from, to);
}

/** Puts bytes of a body in lower-case hexadecimal. */
export function putHex(buffer: ByteBuffer, source: Uint8Array, from: number, to: number): void {
  ensure(buffer, (to - from) * 2);
  const { bytes } = buffer;
  let { at } = buffer;
  for (let i = from; i < to; i++) {
    const byte = source[i] ?? 0;
    bytes[at++] = HEX_DIGITS[byte >> 4] ?? 0;
    bytes[at++] = HEX_DIGITS[byte & 15] ?? 0;
  }
  buffer.at = at;
}

/** Puts bytes of a body in base64. */
export function putBase64(buffer: TextBuffer, source: Uint8Array, from: number, until: number): void {
  const to = endOf(buffer, from, until);
  if (isLong(buffer, to - from)) return putLong(buffer, source, from, to, BASE64);
  putText(buffer, source.subarray(from, to).toBase64());
}

/** Puts an integer of two halves in decimal. */
export function putInteger(buffer: ByteBuffer, low: number, high: number, isSigned: boolean): void {
  putText(buffer, integerText(low, high, isSigned));
}

/** An integer of two halves in decimal. */
export function integerText(low: number, high: number, isSigned: boolean): string {
  const upper = isSigned ? high | 0 : high;
  // Exact as a number.
  if (upper >= -0x20_0000 && upper < 0x20_0000) return String(upper * 0x1_0000_0000 + low);
  halves[0] = low;
  halves[1] = high;
  const value = integer64[0] ?? 0n;
  return String(isSigned ? BigInt.asIntN(64, value) : value);
}

/** Makes room for this many more bytes. */
export function ensure(buffer: ByteBuffer, bytes: number): void {
  const needed = buffer.at + bytes;
  if (needed <= buffer.bytes.length) return;
  const grown = new Uint8Array(Math.max(buffer.bytes.length * 2, needed));
  grown.set(buffer.bytes.subarray(0, buffer.at));
  buffer.bytes = grown;
}
