/**
 * Texts of megabytes: places in a body and how their bytes become text, turned into UTF-8 piece by piece, as a body's
 * one value must not keep all others waiting. Nothing is held of a text but the piece at hand.
 */
import type { FieldValue } from "./point.ts";

/** How the bytes of a piece become text. */
export interface TextForm {
  /**
   * Where a part that begins at `from` may end, at most at `until` and after `from`, so that it can be converted alone; at
   * `to` where none can, of some KB.
   */
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

/** A text that is made anew each time it is read, so that nothing of it is held. */
export interface MadeText {
  /**
   * Makes it from its beginning, part by part: each is valid until the next, has no half of a code point and may be
   * invalid UTF-8. One that is empty is a stop on the way.
   */
  readonly make: () => Iterator<Uint8Array, void>;
  /** About how many bytes it has. */
  readonly bytes: number;
}

/** A text of megabytes, wherever it comes from. */
export type AnyText = LongText | MadeText;

/** Texts one after the other: an array, or what keeps very many in less memory. */
export interface TextList {
  readonly length: number;
  /** The text at an index that is not negative. */
  at(index: number): AnyText | undefined;
}

/** Whether a text is made anew each time it is read. */
export function isMade(text: AnyText): text is MadeText {
  return "make" in text;
}

/** About how many bytes a text has. */
export function aboutBytes(text: AnyText): number {
  return isMade(text) ? text.bytes : text.reduce((sum, { from, to }) => sum + to - from, 0);
}

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
  readonly texts: TextList;
  /** What is written in its place if the one text is no valid UTF-8. */
  readonly otherwise?: AnyText;
}

/** The value that is one text, or bytes. */
export function longContent(text: AnyText, type: LongType = "string"): LongContent {
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
/** Bytes that are converted at a time where only the beginning is wanted. */
const BEGINNING_BYTES = 512;
const encoder = new TextEncoder();

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

/** About how many bytes texts have. */
export function aboutBytesOf(texts: TextList): number {
  let bytes = 0;
  for (let i = 0; i < texts.length; i++) bytes += aboutBytes(texts.at(i) ?? []);
  return bytes;
}

/** A text's parts as they are, see {@link MadeText}; of pieces at most `partBytes` bytes a part. */
export function partsOf(text: AnyText, partBytes: number = PART_BYTES): Iterator<Uint8Array, void> {
  return isMade(text) ? text.make() : pieceParts(text, partBytes);
}

function pieceParts(text: LongText, partBytes: number): Iterator<Uint8Array, void> {
  let index = 0;
  let at = text[0]?.from ?? 0;

  function next(): IteratorResult<Uint8Array, void> {
    for (let piece = text[index]; piece !== undefined; piece = text[++index], at = piece?.from ?? 0) {
      const { bytes, to, form } = piece;
      if (at >= to) continue;
      const from = at;
      at = form.cut(bytes, from, Math.min(to, from + partBytes), to);
      return { done: false, value: form.convert(bytes, from, at) };
    }
    return { done: true, value: undefined };
  }

  return { next };
}

/** Where beginnings are put that have room in it. */
const beginning = new Uint8Array(16 * 1024);

/**
 * At least the first `bytes` of a text's UTF-8, or all of it; it may end within a code point or be invalid. Valid until
 * the next text's.
 */
export function beginningOf(text: AnyText, bytes: number): Uint8Array {
  const reading = readInto(beginning, text, bytes);
  for (;;) {
    const { done, value } = reading.next();
    if (done === true) return value;
  }
}

/** The same, the caller's to keep, which stops now and then: what is made may come to its first character late. */
export function readBeginning(text: AnyText, bytes: number): Generator<undefined, Uint8Array, undefined> {
  return readInto(new Uint8Array(BEGINNING_BYTES), text, bytes);
}

function* readInto(
  target: Uint8Array,
  text: AnyText,
  bytes: number,
): Generator<undefined, Uint8Array, undefined> {
  let length = 0;
  // In small parts, as what is escaped may be six times as long.
  const reader = partsOf(text, Math.min(bytes, BEGINNING_BYTES));
  for (let step = reader.next(); step.done !== true; step = reader.next()) {
    const part = step.value;
    if (length + part.length > target.length) {
      const grown = new Uint8Array(2 * (length + part.length));
      grown.set(target.subarray(0, length));
      target = grown;
    }
    target.set(part, length);
    length += part.length;
    if (length >= bytes) break;
    yield;
  }
  return target.subarray(0, length);
}
