/** The escapes of JSON strings, for those who read texts as bytes. */
import { BACKSLASH, hexDigit, type JsonScanner, unexpected } from "./json_scanner.ts";

const LETTER_U = 0x75;
const REPLACEMENT = 0xfffd;
/** What stands for the character after a backslash. */
const ESCAPED = new Map(
  [...'"\\/bfnrt'].map((name, index) => [name.charCodeAt(0), '"\\/\b\f\n\r\t'.charCodeAt(index)]),
);

/** Takes the escape here: the code point that it stands for; U+FFFD for half of one. */
export function takeEscape(s: JsonScanner): number {
  if (s.bytes[s.at + 1] === LETTER_U) {
    const unit = takeUnit(s);
    if (unit < 0xd800 || unit > 0xdfff) return unit;
    if (unit > 0xdbff || s.bytes[s.at] !== BACKSLASH || s.bytes[s.at + 1] !== LETTER_U) return REPLACEMENT;
    const { at } = s;
    const low = takeUnit(s);
    if (low >= 0xdc00 && low <= 0xdfff) return 0x1_0000 + (unit - 0xd800) * 0x400 + low - 0xdc00;
    s.at = at;
    return REPLACEMENT;
  }
  const code = ESCAPED.get(s.bytes[s.at + 1] ?? 0);
  if (code === undefined) throw unexpected(s);
  s.at += 2;
  return code;
}

/** The UTF-16 unit of an escape with `u`. */
function takeUnit(s: JsonScanner): number {
  let unit = 0;
  for (let at = s.at + 2; at < s.at + 6; at++) {
    const digit = hexDigit(at < s.end ? s.bytes[at] ?? 0 : 0);
    if (digit < 0) throw unexpected(s);
    unit = unit * 16 + digit;
  }
  s.at += 6;
  return unit;
}

/** Puts a code point as UTF-8, for which there is room. */
export function putCodePoint(out: { readonly bytes: Uint8Array; at: number }, code: number): void {
  const { bytes } = out;
  if (code < 0x80) {
    bytes[out.at++] = code;
    return;
  }
  if (code < 0x800) bytes[out.at++] = 0xc0 | code >> 6;
  else {
    if (code < 0x1_0000) bytes[out.at++] = 0xe0 | code >> 12;
    else {
      bytes[out.at++] = 0xf0 | code >> 18;
      bytes[out.at++] = 0x80 | (code >> 12 & 0x3f);
    }
    bytes[out.at++] = 0x80 | (code >> 6 & 0x3f);
  }
  bytes[out.at++] = 0x80 | (code & 0x3f);
}
