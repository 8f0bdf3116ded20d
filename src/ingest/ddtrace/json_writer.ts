/** Composes JSON as bytes, out of texts that lie in a payload. */
import { sliceText } from "./msgpack_cursor.ts";
import { MAX_DIGITS, putDecimal } from "./int64.ts";

/** A text that is composed from its start again and again. What is put stays valid until the next start. */
export interface JsonWriter {
  /** Holds what was put, from 0. */
  readonly bytes: Uint8Array;
  /** Bytes put. A smaller number takes back what is after it. */
  length: number;
  /** Bytes that are JSON already. */
  put(bytes: Uint8Array): void;
  /** One byte. */
  putByte(byte: number): void;
  /** ASCII, or any other text that is JSON already. */
  putText(json: string): void;
  /** `bytes[from, to)` as a JSON string; cut to what one tag may have, which is told by `false`. */
  putString(bytes: Uint8Array, from: number, to: number): boolean;
  /** What that takes at least, in bytes. */
  leastLength(from: number, to: number): number;
  /** An unsigned 64-bit integer. */
  putInteger(low: number, high: number): void;
  /** A finite number, as JavaScript writes it. */
  putNumber(value: number): void;
}

/** Longest text of one tag, in UTF-16 units: the agent's own limit. */
const MAX_TEXT_LENGTH = 25_000;
/** Bytes of a text that matter for that: a unit has three at most. */
export const MAX_CLIPPABLE_BYTES = 3 * MAX_TEXT_LENGTH + 3;
const INITIAL_BYTES = 4096;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const ZERO = 0x30;

/** Cut to what one tag may have, never within a surrogate pair. */
export function clip(text: string): string {
  return text.length <= MAX_TEXT_LENGTH ? text : `${text.slice(0, MAX_TEXT_LENGTH).toWellFormed()}...`;
}

/** The text of `bytes[from, to)`, as far as {@link clip} needs it. */
export function clippableText(bytes: Uint8Array, from: number, to: number): string {
  return sliceText(bytes, from, Math.min(to, from + MAX_CLIPPABLE_BYTES));
}

/** An empty text. */
export function createJsonWriter(): JsonWriter {
  const encoder = new TextEncoder();
  let buffer = new Uint8Array(INITIAL_BYTES);
  let at = 0;

  function ensure(bytes: number): void {
    if (at + bytes <= buffer.length) return;
    const more = new Uint8Array(Math.max(2 * buffer.length, at + bytes));
    more.set(buffer.subarray(0, at));
    buffer = more;
  }

  function put(bytes: Uint8Array): void {
    const { length } = bytes;
    ensure(length);
    if (length > 48) buffer.set(bytes, at);
    else for (let i = 0; i < length; i++) buffer[at + i] = bytes[i] ?? 0;
    at += length;
  }

  function putText(json: string): void {
    ensure(3 * json.length);
    at += encoder.encodeInto(json, buffer.subarray(at)).written;
  }

  function putString(bytes: Uint8Array, from: number, to: number): boolean {
    // Fewer bytes than that are fewer UTF-16 units too.
    if (to - from > MAX_TEXT_LENGTH) return putLongString(bytes, from, to);
    // Every byte may become six: \u001f.
    ensure(6 * (to - from) + 2);
    buffer[at++] = QUOTE;
    for (let i = from; i < to; i++) {
      const byte = bytes[i] ?? 0;
      if (byte < 0x20 || byte === QUOTE || byte === BACKSLASH) putEscaped(byte);
      else buffer[at++] = byte;
    }
    buffer[at++] = QUOTE;
    return true;
  }

  function putEscaped(byte: number): void {
    const escape = ESCAPES[byte];
    if (escape !== undefined) put(escape);
  }

  function putLongString(bytes: Uint8Array, from: number, to: number): boolean {
    const text = clippableText(bytes, from, to);
    putText(JSON.stringify(clip(text)));
    return text.length <= MAX_TEXT_LENGTH;
  }

  function putNumber(value: number): void {
    if (value >= 0 && value <= 0xffff_ffff && Math.floor(value) === value) putInteger(value, 0);
    else putText(String(value));
  }

  function putInteger(low: number, high: number): void {
    ensure(MAX_DIGITS);
    if (high === 0 && low < 10) buffer[at++] = ZERO + low;
    else at = putDecimal(buffer, at, low, high);
  }

  return {
    get bytes(): Uint8Array {
      return buffer;
    },
    get length(): number {
      return at;
    },
    set length(length: number) {
      at = length;
    },
    put,
    putByte: (byte) => {
      ensure(1);
      buffer[at++] = byte;
    },
    putText,
    putString,
    leastLength: (from, to) => Math.min(to - from, MAX_TEXT_LENGTH) + 2,
    putInteger,
    putNumber,
  };
}

/** How JSON writes the bytes that it cannot have in a string, as `JSON.stringify` does. */
const ESCAPES: readonly (Uint8Array | undefined)[] = Array.from({ length: BACKSLASH + 1 }, (_, byte) => {
  if (byte >= 0x20 && byte !== QUOTE && byte !== BACKSLASH) return undefined;
  return new TextEncoder().encode(JSON.stringify(String.fromCharCode(byte)).slice(1, -1));
});
