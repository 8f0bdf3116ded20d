/** A place in a JSON text that is read as bytes, one value after the other; nothing is made of what is not wanted. */

/** Where a scanner is. */
export interface JsonScanner {
  readonly bytes: Uint8Array;
  at: number;
  readonly end: number;
}

/** The text is no JSON. */
export class JsonSyntaxError extends Error {
  override name = "JsonSyntaxError";
}

export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const MINUS = 0x2d;
export const COLON = 0x3a;
export const OPEN_BRACKET = 0x5b;
export const BACKSLASH = 0x5c;
export const CLOSE_BRACKET = 0x5d;
export const LETTER_N = 0x6e;
export const OPEN_BRACE = 0x7b;
export const CLOSE_BRACE = 0x7d;
const SPACE = 0x20;

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** A scanner at the start of a text; a byte order mark is passed over. */
export function createJsonScanner(bytes: Uint8Array): JsonScanner {
  const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return { bytes, at: hasMark ? 3 : 0, end: bytes.length };
}

/** The next byte that is no white space, not taken; -1 at the end. */
export function peek(s: JsonScanner): number {
  const { bytes, end } = s;
  let { at } = s;
  while (at < end) {
    const byte = bytes[at] ?? 0;
    if (byte > SPACE || (byte !== SPACE && byte !== 10 && byte !== 13 && byte !== 9)) {
      s.at = at;
      return byte;
    }
    at++;
  }
  s.at = at;
  return -1;
}

/** Takes a byte that must come next. */
export function expectByte(s: JsonScanner, byte: number): void {
  if (peek(s) !== byte) throw unexpected(s);
  s.at++;
}

/** Passes over the string that begins here; `true`: it has escapes. Its text is `[start + 1, s.at - 1)`. */
export function skipString(s: JsonScanner): boolean {
  const hasEscapes = skipStringTo(s, s.end);
  if (hasEscapes === undefined) throw unexpected(s);
  return hasEscapes;
}

/** The same for a string that ends before `limit`; `undefined`: it does not, and is not passed over. */
export function skipStringTo(s: JsonScanner, limit: number): boolean | undefined {
  const { bytes } = s;
  const end = Math.min(limit, s.end);
  let hasEscapes = false;
  for (let at = s.at + 1; at < end; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === QUOTE) {
      s.at = at + 1;
      return hasEscapes;
    }
    if (byte === BACKSLASH) {
      hasEscapes = true;
      at++;
    } else if (byte < SPACE) throw unexpected(s);
  }
  return undefined;
}

/** Passes over a number, `true`, `false` or `null`; `false`: over the part of it that is before `limit`. */
export function skipToken(s: JsonScanner, limit: number): boolean {
  const { bytes, at: start } = s;
  const end = Math.min(limit, s.end);
  let { at } = s;
  while (at < end && isTokenByte(bytes[at] ?? 0)) at++;
  if (at === start) throw unexpected(s);
  s.at = at;
  return at === s.end || !isTokenByte(bytes[at] ?? 0);
}

/** The value of a hex digit; far below zero for any other character. */
export function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1000;
}

/** The text of a string whose quotes stand around `[from, to)`. */
export function stringText(s: JsonScanner, from: number, to: number, hasEscapes: boolean): string {
  if (!hasEscapes) return decoder.decode(s.bytes.subarray(from, to));
  const text: unknown = parsePart(s, from - 1, to + 1);
  return String(text);
}

/** The text of `[from, to)`. */
export function rawText(s: JsonScanner, from: number, to: number): string {
  return decoder.decode(s.bytes.subarray(from, to));
}

/** The value of the JSON at `[from, to)`; throws when it is not JSON. */
function parsePart(s: JsonScanner, from: number, to: number): unknown {
  try {
    return JSON.parse(rawText(s, from, to));
  } catch {
    s.at = from;
    throw unexpected(s);
  }
}

/** What stands here is no JSON. */
export function unexpected(s: JsonScanner): JsonSyntaxError {
  return new JsonSyntaxError(`Cannot read JSON as it is malformed at byte ${s.at}`);
}

/** Letters, digits, signs and the dot. */
function isTokenByte(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x7a) || byte === MINUS ||
    byte === 0x2e ||
    byte === 0x2b || byte === 0x45;
}
