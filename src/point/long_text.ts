/**
 * Texts of megabytes: places in a body and how their bytes become text, turned into UTF-8 piece by piece, as a body's
 * one value must not keep all others waiting. Nothing is held of a text but the piece at hand.
 */
import { isUtf8 } from "node:buffer";
import { MAX_STRING_BYTES } from "./limits.ts";
import type { FieldValue } from "./point.ts";

/** How the bytes of a piece become text. */
export interface TextForm {
  /** Where a part that begins at `from` may end, at most at `until` and after `from`, so that it can be converted alone. */
  readonly cut: (bytes: Uint8Array, from: number, until: number, to: number) => number;
  /** A part as UTF-8, which may be invalid. Valid until the next part of any text. */
  readonly convert: (bytes: Uint8Array, from: number, to: number) => Uint8Array;
}

/** `bytes[from, to)`, which must stay as they are until the point is written. */
export interface TextPiece {
  readonly bytes: Uint8Array;
  readonly from: number;
  readonly to: number;
  readonly form: TextForm;
}

/** A text in pieces, one behind the other. No code point is in two of them. */
export type LongText = readonly TextPiece[];

/** A field's value that is such a text. */
export interface LongValue {
  readonly text: LongText;
}

/** Whether a value's bytes are text, which is made valid UTF-8, or any bytes. */
export type LongType = "string" | "bytes";

/** A field's value of any kind that may have megabytes. */
export interface LongContent {
  readonly type: LongType;
  /** Whether it is a list of {@link texts}, of which there is at least one; else there is one. */
  readonly isList: boolean;
  readonly texts: readonly LongText[];
  /** What is written in its place if the one text is no valid UTF-8. */
  readonly otherwise?: LongText;
}

/** The value that is one text, or bytes. */
export function longContent(text: LongText, type: LongType = "string"): LongContent {
  return { type, isList: false, texts: [text] };
}

/** Whether a value is such content. */
export function isLongContent(value: FieldValue | LongContent): value is LongContent {
  return typeof value === "object" && "texts" in value;
}

/** Whether a value is a long text. */
export function isLongValue(value: FieldValue | LongValue): value is LongValue {
  return typeof value === "object" && "text" in value;
}

/** Bytes that are converted at a time. */
const PART_BYTES = 32 * 1024;
/** The same where only the beginning is wanted. */
const BEGINNING_BYTES = 512;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Bytes that are text already. Invalid UTF-8 becomes U+FFFD. */
export const PLAIN: TextForm = {
  cut: cutCodePoint,
  convert: (bytes, from, to) => bytes.subarray(from, to),
};

/** An end at most at `until` that splits no code point. */
export function cutCodePoint(bytes: Uint8Array, from: number, until: number, to: number): number {
  if (until >= to) return to;
  for (let at = until - 1; at > from && at >= until - 3; at--) {
    const byte = bytes[at] ?? 0;
    if (byte < 0x80) return until;
    if (byte < 0xc0) continue;
    const length = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    return at + length > until ? at : until;
  }
  return until;
}

/** A text that is all of `bytes`. */
export function plainText(bytes: Uint8Array): LongText {
  return [{ bytes, from: 0, to: bytes.length, form: PLAIN }];
}

/** The same of a string; a lone surrogate becomes U+FFFD. */
export function textOfString(value: string): LongText {
  const form: TextForm = {
    cut: (_bytes, from, until, to) => {
      const splitsPair = until < to && until > from + 1 && (value.charCodeAt(until - 1) & 0xfc00) === 0xd800;
      return splitsPair ? until - 1 : until;
    },
    convert: (_bytes, from, to) => encoder.encode(value.slice(from, to)),
  };
  return [{ bytes: NO_BYTES, from: 0, to: value.length, form }];
}

const NO_BYTES = new Uint8Array(0);

/** A text's own bytes on the way, part by part. */
interface PartReader {
  /** The next part, valid UTF-8 and never longer than what is left of the bound; `undefined` at the end. */
  next(): Uint8Array | undefined;
  /** The text was longer than a field may be. */
  readonly isCut: boolean;
  /** It was no valid UTF-8 so far. */
  readonly isMended: boolean;
}

function createPartReader(text: LongText, type: LongType): PartReader {
  let index = 0;
  let at = text[0]?.from ?? 0;
  let leftBytes = MAX_STRING_BYTES;
  const reader = { isCut: false, isMended: false, next };

  function next(): Uint8Array | undefined {
    for (let piece = text[index]; piece !== undefined; piece = text[++index], at = piece?.from ?? 0) {
      const { bytes, to, form } = piece;
      if (at >= to) continue;
      const end = form.cut(bytes, at, Math.min(to, at + PART_BYTES), to);
      const part = validPart(form.convert(bytes, at, end));
      at = end;
      if (part.length > leftBytes) return last(part);
      leftBytes -= part.length;
      return part;
    }
    return undefined;
  }

  function validPart(part: Uint8Array): Uint8Array {
    if (type === "bytes" || isUtf8(part)) return part;
    reader.isMended = true;
    return mend(part);
  }

  /** Of a text that is too long the last part, cut. */
  function last(part: Uint8Array): Uint8Array | undefined {
    reader.isCut = true;
    index = text.length;
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

/** Finds how long a text is, and where it would end if it were in parts of at most `partBytes`. */
export interface TextMeasure {
  /** Goes on for a while; `true`: to the end. */
  step(): boolean;
  /** The ends of the parts; none splits a code point. */
  readonly ends: readonly number[];
  readonly length: number;
  /** It is longer than a field may be, and cut. */
  readonly isCut: boolean;
  /** It is no valid UTF-8. */
  readonly isMended: boolean;
}

export function createTextMeasure(
  text: LongText,
  partBytes: number,
  type: LongType = "string",
): TextMeasure {
  const reader = createPartReader(text, type);
  const ends: number[] = [];
  let length = 0;
  let endAt = partBytes;

  function step(): boolean {
    const part = reader.next();
    if (part === undefined) {
      if (length > (ends.at(-1) ?? 0)) ends.push(length);
      return true;
    }
    // An end is told by the byte behind it: that of a code point's middle is moved to its begin.
    while (endAt < length + part.length) {
      let end = endAt - length;
      while (end > 0 && ((part[end] ?? 0) & 0xc0) === 0x80) end--;
      ends.push(length + end);
      endAt = length + end + partBytes;
    }
    length += part.length;
    return false;
  }

  return {
    step,
    ends,
    get length() {
      return length;
    },
    get isCut() {
      return reader.isCut;
    },
    get isMended() {
      return reader.isMended;
    },
  };
}

/** Writes a text into buffers, of which one follows the other. */
export interface TextFiller {
  /** Puts more of the text at `at`, up to `end`; returns where it stopped, which is `at` only at the text's end. */
  fill(target: Uint8Array, at: number, end: number): number;
}

export function createTextFiller(text: LongText, type: LongType = "string"): TextFiller {
  const reader = createPartReader(text, type);
  /** What did not fit into the buffer before. */
  let rest: Uint8Array | undefined;

  return {
    fill: (target, at, end) => {
      const part = rest ?? reader.next();
      rest = undefined;
      if (part === undefined) return at;
      const length = Math.min(part.length, end - at);
      target.set(length === part.length ? part : part.subarray(0, length), at);
      // Copied, as the next part of another text may be converted meanwhile.
      if (length < part.length) rest = part.slice(length);
      return at + length;
    },
  };
}

/** Where beginnings are put that have room in it. */
const beginning = new Uint8Array(16 * 1024);

/**
 * At least the first `bytes` of a text's UTF-8, or all of it; it may end within a code point or be invalid. Valid until
 * the next text's.
 */
export function beginningOf(text: LongText, bytes: number): Uint8Array {
  let target = beginning;
  let length = 0;
  for (const { bytes: source, from, to, form } of text) {
    // In parts, as what is escaped may be six times as long.
    for (let at = from; at < to && length < bytes;) {
      const end = form.cut(source, at, Math.min(to, at + Math.min(bytes - length, BEGINNING_BYTES)), to);
      const part = form.convert(source, at, end);
      if (length + part.length > target.length) {
        const grown = new Uint8Array(2 * (length + part.length));
        grown.set(target.subarray(0, length));
        target = grown;
      }
      target.set(part, length);
      length += part.length;
      at = end;
    }
  }
  return target.subarray(0, length);
}
