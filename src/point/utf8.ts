/**
 * Text measured, cut and ordered by its UTF-8 bytes without encoding it: every limit of Dataway counts bytes, and
 * most text never needs to be touched.
 */

/** Bytes of `text` in UTF-8; a lone surrogate counts as U+FFFD, three bytes. */
export function utf8Length(text: string): number {
  const { length } = text;
  let bytes = length;
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    if (unit < 0x800) {
      bytes++;
    } else if (isPairAt(text, i, unit)) {
      // Two units, four bytes.
      bytes += 2;
      i++;
    } else {
      bytes += 2;
    }
  }
  return bytes;
}

/** The longest beginning of `text` of at most `maxBytes` UTF-8 bytes; never splits a code point. */
export function cutUtf8(text: string, maxBytes: number): string {
  // No unit takes more than three bytes, so short text needs no look.
  if (text.length * 3 <= maxBytes) return text;
  let bytes = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    const isPair = isPairAt(text, i, unit);
    bytes += unit < 0x80 ? 1 : unit < 0x800 ? 2 : isPair ? 4 : 3;
    if (bytes > maxBytes) return text.slice(0, i);
    if (isPair) i++;
  }
  return text;
}

/** Orders text as its UTF-8 bytes would be ordered; UTF-16, JavaScript's own order, puts U+E000 to U+FFFF last. */
export function compareUtf8(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    const isSurrogateX = isSurrogate(x);
    return isSurrogateX === isSurrogate(y) ? x - y : isSurrogateX ? 1 : -1;
  }
  return a.length - b.length;
}

function isPairAt(text: string, index: number, unit: number): boolean {
  // At the end charCodeAt is NaN, which is no low surrogate.
  return (unit & 0xfc00) === 0xd800 && (text.charCodeAt(index + 1) & 0xfc00) === 0xdc00;
}

function isSurrogate(unit: number): boolean {
  return (unit & 0xf800) === 0xd800;
}
