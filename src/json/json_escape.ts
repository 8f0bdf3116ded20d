/** Characters of JSON strings, as `JSON.stringify` writes them. */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LETTER_U = 0x75;
const ZERO = 0x30;
/** What follows the backslash for control characters; 0: `u00xx`. */
const ESCAPES = new Uint8Array(0x20);
for (const [code, letter] of [[8, "b"], [9, "t"], [10, "n"], [12, "f"], [13, "r"]] as const) {
  ESCAPES[code] = letter.charCodeAt(0);
}
const HEX_DIGITS = new TextEncoder().encode("0123456789abcdef");

/** Most bytes that one byte of text becomes. */
export const ESCAPED_BYTES = 6;

/**
 * Puts `source[from, to)`, which is UTF-8, as what stands between the quotes of a JSON string, where there is room for
 * {@link ESCAPED_BYTES} times as much. Invalid UTF-8 stays what it is. Returns where it ended.
 */
export function putEscaped(
  target: Uint8Array,
  start: number,
  source: Uint8Array,
  from: number,
  to: number,
): number {
  let at = start;
  for (let i = from; i < to; i++) {
    const byte = source[i] ?? 0;
    if (byte < 0x20) at = putControl(target, at, byte);
    else {
      if (byte === QUOTE || byte === BACKSLASH) target[at++] = BACKSLASH;
      target[at++] = byte;
    }
  }
  return at;
}

/** Puts the escape of a control character. */
export function putControl(target: Uint8Array, start: number, code: number): number {
  const letter = ESCAPES[code] ?? 0;
  if (letter === 0) return putUnit(target, start, code);
  target[start] = BACKSLASH;
  target[start + 1] = letter;
  return start + 2;
}

/** Puts a unit of UTF-16 as an escape of four digits. */
export function putUnit(target: Uint8Array, start: number, unit: number): number {
  target[start] = BACKSLASH;
  target[start + 1] = LETTER_U;
  for (let i = 0; i < 4; i++) target[start + 2 + i] = HEX_DIGITS[(unit >> (12 - 4 * i)) & 15] ?? ZERO;
  return start + ESCAPED_BYTES;
}
