/** Names of members of a JSON body. */
import { stringText } from "../../json/json_scanner.ts";
import { beginningOf, type TextPiece } from "../../point/long_text.ts";
import { JSON_TEXT } from "./json_text.ts";

/** A string that stands between the quotes at `bytes[from, to)`. */
export interface JsonString {
  readonly bytes: Uint8Array;
  readonly from: number;
  readonly to: number;
  readonly isEscaped: boolean;
}

/** A longer string is not made at once. In bytes, of which an escaped character has six. */
export const LONG_STRING = 24 * 1024;
/** Bytes that are read at a time. */
const STEP = 32 * 1024;
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** A string that is not long. */
export function shortText({ bytes, from, to, isEscaped }: JsonString): string {
  return stringText({ bytes, at: from, end: to }, from, to, isEscaped);
}

/** What a string says, as a piece of a text. */
export function pieceOf({ bytes, from, to }: JsonString): TextPiece {
  return { bytes, from, to, form: JSON_TEXT };
}

/** The beginning of a string, which is far more than the rules leave of a name or tag. */
export function beginningOfString(text: JsonString): string {
  return decoder.decode(beginningOf([pieceOf(text)], LONG_STRING));
}

/**
 * A name, of a long one its beginning and what tells it from all others: no rule leaves any of that, and no name that
 * is not long has so many characters.
 */
export function* nameOf(text: JsonString): Generator<undefined, string, undefined> {
  const { bytes, from, to } = text;
  if (to - from <= LONG_STRING) return shortText(text);
  let length = 0;
  let first = FNV_OFFSET;
  let second = FNV_PRIME;
  for (let at = from; at < to;) {
    const end = JSON_TEXT.cut(bytes, at, Math.min(to, at + STEP), to);
    const part = JSON_TEXT.convert(bytes, at, end);
    for (const byte of part) {
      first = Math.imul(first ^ byte, FNV_PRIME);
      second = Math.imul(second, 31) + byte | 0;
    }
    length += part.length;
    at = end;
    yield;
  }
  return `${beginningOfString(text)}\0${length},${first},${second}`;
}
