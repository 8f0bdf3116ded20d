/** Long texts part by part, as fields have them: valid UTF-8 that ends at the bound of a field. */
import { isUtf8 } from "node:buffer";
import { MAX_STRING_BYTES } from "./limits.ts";
import { type AnyText, isMade, type LongType, partsOf } from "./long_text.ts";

/** A text of less is read in one go. */
const SHORT_BYTES = 4096;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** A text's own bytes on the way, part by part. */
export interface PartReader {
  /** The next part, which may be empty, valid UTF-8, never longer than what is left of the bound; `undefined` at the end. */
  next(): Uint8Array | undefined;
  /** The text was longer than a field may be. */
  readonly isCut: boolean;
  /** It was no valid UTF-8 so far. */
  readonly isMended: boolean;
}

/**
 * All of a text that is short, valid UTF-8; `undefined`: it is to be read in parts. Of lists with very many texts each
 * reader would be garbage of half a kilobyte.
 */
export function shortText(text: AnyText, type: LongType): Uint8Array | undefined {
  const [piece, other] = isMade(text) ? [] : text;
  if (piece === undefined || other !== undefined || piece.to - piece.from > SHORT_BYTES) return undefined;
  const part = piece.form.convert(piece.bytes, piece.from, piece.to);
  return type === "bytes" || isUtf8(part) ? part : mend(part);
}

/** Reads a text from its beginning. */
export function createPartReader(text: AnyText, type: LongType): PartReader {
  const parts = partsOf(text);
  let leftBytes = MAX_STRING_BYTES;
  const reader = { isCut: false, isMended: false, next };

  function next(): Uint8Array | undefined {
    if (reader.isCut) return undefined;
    const { done, value } = parts.next();
    if (done === true) return undefined;
    const part = validPart(value);
    if (part.length > leftBytes) return last(part);
    leftBytes -= part.length;
    return part;
  }

  function validPart(part: Uint8Array): Uint8Array {
    if (type === "bytes" || isUtf8(part)) return part;
    reader.isMended = true;
    return mend(part);
  }

  /** Of a text that is too long the last part, cut. */
  function last(part: Uint8Array): Uint8Array | undefined {
    reader.isCut = true;
    let end = leftBytes;
    while (type === "string" && end > 0 && ((part[end] ?? 0) & 0xc0) === 0x80) end--;
    return end === 0 ? undefined : part.subarray(0, end);
  }

  return reader;
}

/** Where invalid UTF-8 is put once it is mended. */
let mended = new Uint8Array(0);

function mend(bytes: Uint8Array): Uint8Array {
  // A byte that is none becomes three.
  if (mended.length < 3 * bytes.length) mended = new Uint8Array(3 * bytes.length);
  return mended.subarray(0, encoder.encodeInto(decoder.decode(bytes), mended).written);
}
