/** Strings of a JSON body that stay in it until they are written: what their escapes mean, in parts. */
import { hexDigit } from "../../json/json_scanner.ts";
import { putControl, putUnit } from "../../json/json_escape.ts";
import { cutCodePoint, type TextForm } from "../../point/long_text.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LETTER_U = 0x75;
const SPACE = 0x20;
/** Bytes of an escape with `u`. */
const UNIT_BYTES = 6;
const REPLACEMENT = 0xfffd;
/** What stands for the character after a backslash. */
const ESCAPED = new Map(
  [...'"\\/bfnrt'].map((name, index) => [name.charCodeAt(0), '"\\/\b\f\n\r\t'.charCodeAt(index)]),
);

/** Where a part without its escapes is put. */
let scratch = new Uint8Array(0);

/** Puts a character; a lone surrogate is one. Returns where it ended, never beyond its escape's bytes. */
type PutCharacter = (target: Uint8Array, at: number, code: number) => number;

/** What a string says that stands between its quotes in the body. */
export const JSON_TEXT: TextForm = formOf(putUtf8);

/** The same string as `JSON.stringify` writes it again. */
export const NORMAL_JSON: TextForm = formOf((target, at, code) => {
  if (code < SPACE) return putControl(target, at, code);
  if (isSurrogate(code)) return putUnit(target, at, code);
  if (code !== QUOTE && code !== BACKSLASH) return putUtf8(target, at, code);
  target[at] = BACKSLASH;
  target[at + 1] = code;
  return at + 2;
});

function formOf(put: PutCharacter): TextForm {
  return {
    cut: cutEscape,
    convert: (bytes, from, to) => {
      const first = bytes.subarray(from, to).indexOf(BACKSLASH);
      if (first < 0) return bytes.subarray(from, to);
      if (scratch.length < to - from) scratch = new Uint8Array(to - from);
      return scratch.subarray(0, unescape(bytes, from, to, scratch, put));
    },
  };
}

function unescape(
  bytes: Uint8Array,
  from: number,
  to: number,
  target: Uint8Array,
  put: PutCharacter,
): number {
  let at = 0;
  for (let i = from; i < to;) {
    const byte = bytes[i] ?? 0;
    if (byte !== BACKSLASH) {
      target[at++] = byte;
      i++;
      continue;
    }
    const letter = bytes[i + 1] ?? 0;
    if (letter !== LETTER_U) {
      at = put(target, at, ESCAPED.get(letter) ?? REPLACEMENT);
      i += 2;
      continue;
    }
    const unit = unitAt(bytes, i);
    const low = isHigh(unit) && i + UNIT_BYTES < to && isUnit(bytes, i + UNIT_BYTES)
      ? unitAt(bytes, i + UNIT_BYTES)
      : 0;
    const isPair = isSurrogate(low) && !isHigh(low);
    at = put(target, at, isPair ? 0x1_0000 + (unit - 0xd800) * 0x400 + low - 0xdc00 : unit);
    i += isPair ? 2 * UNIT_BYTES : UNIT_BYTES;
  }
  return at;
}

/** An end at most at `until` that splits no escape, no two of them that are one character, and no code point. */
function cutEscape(bytes: Uint8Array, from: number, until: number, to: number): number {
  if (until >= to) return to;
  let end = until;
  for (let at = until - 1; at >= from && at > until - UNIT_BYTES; at--) {
    if (!isEscape(bytes, from, at)) continue;
    if (at + sizeOfEscape(bytes, at) > until) end = at;
    break;
  }
  const before = end - UNIT_BYTES;
  const splitsPair = before >= from && isUnit(bytes, end) && isEscape(bytes, from, before) &&
    isUnit(bytes, before) && isHigh(unitAt(bytes, before));
  if (splitsPair) end = before;
  // A part has at least one character, though it be longer than was asked for.
  if (end <= from) return Math.min(to, from + firstBytes(bytes, from));
  return cutCodePoint(bytes, from, end, to);
}

/** Bytes of the character that begins here, of which a part of another escape may be one. */
function firstBytes(bytes: Uint8Array, from: number): number {
  const isLong = isUnit(bytes, from) && isHigh(unitAt(bytes, from)) && isUnit(bytes, from + UNIT_BYTES);
  return isLong ? 2 * UNIT_BYTES : sizeOfEscape(bytes, from);
}

/** Whether an escape begins here: an even number of backslashes stands before. */
function isEscape(bytes: Uint8Array, from: number, at: number): boolean {
  if (bytes[at] !== BACKSLASH) return false;
  let first = at;
  while (first > from && bytes[first - 1] === BACKSLASH) first--;
  return (at - first) % 2 === 0;
}

function isUnit(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === BACKSLASH && bytes[at + 1] === LETTER_U;
}

function sizeOfEscape(bytes: Uint8Array, at: number): number {
  return bytes[at + 1] === LETTER_U ? UNIT_BYTES : 2;
}

function unitAt(bytes: Uint8Array, at: number): number {
  let unit = 0;
  for (let i = at + 2; i < at + UNIT_BYTES; i++) unit = unit * 16 + hexDigit(bytes[i] ?? 0);
  return unit;
}

function isSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdfff;
}

function isHigh(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}

/** Puts a character as UTF-8, U+FFFD for half of one. */
function putUtf8(target: Uint8Array, start: number, character: number): number {
  const code = isSurrogate(character) ? REPLACEMENT : character;
  let at = start;
  if (code < 0x80) {
    target[at++] = code;
    return at;
  }
  if (code < 0x800) target[at++] = 0xc0 | code >> 6;
  else {
    if (code < 0x1_0000) target[at++] = 0xe0 | code >> 12;
    else {
      target[at++] = 0xf0 | code >> 18;
      target[at++] = 0x80 | (code >> 12 & 0x3f);
    }
    target[at++] = 0x80 | (code >> 6 & 0x3f);
  }
  target[at++] = 0x80 | (code & 0x3f);
  return at;
}
