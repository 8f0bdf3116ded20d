import { partsOf, type TextPiece } from "../../point/long_text.ts";

/** A longer piece is a part of its own, or several. In bytes. */
const LONG_PIECE = 4096;
/** Bytes that are written together. */
const FULL = 32 * 1024;

/** Writes the parts of a text that is made anew each time, small pieces together. */
export interface PartWriter {
  byte(byte: number): void;
  text(text: string): void;
  /** What its form makes of a piece: now, or of a long one the parts that are still to be given. */
  piece(piece: TextPiece): Iterable<Uint8Array>;
  /** Enough is written for a part. */
  readonly isFull: boolean;
  /** What was written since the last; valid until something is written. */
  take(): Uint8Array;
}

/** A writer of about so many bytes in all. */
export function createPartWriter(expectedBytes: number): PartWriter {
  const encoder = new TextEncoder();
  let buffer = new Uint8Array(Math.min(FULL, expectedBytes) + LONG_PIECE);
  let at = 0;

  function ensure(bytes: number): void {
    if (at + bytes <= buffer.length) return;
    const larger = new Uint8Array(Math.max(2 * buffer.length, at + bytes));
    larger.set(buffer.subarray(0, at));
    buffer = larger;
  }

  function byte(byte: number): void {
    ensure(1);
    buffer[at++] = byte;
  }

  function text(text: string): void {
    ensure(text.length * 3);
    at += encoder.encodeInto(text, buffer.subarray(at)).written;
  }

  function piece(piece: TextPiece): Iterable<Uint8Array> {
    const { bytes, from, to, form } = piece;
    if (to - from > LONG_PIECE) return longPiece(piece);
    const converted = form.convert(bytes, from, to);
    ensure(converted.length);
    buffer.set(converted, at);
    at += converted.length;
    return [];
  }

  function* longPiece(piece: TextPiece): Iterable<Uint8Array> {
    yield take();
    const parts = partsOf([piece]);
    for (let step = parts.next(); step.done !== true; step = parts.next()) yield step.value;
  }

  function take(): Uint8Array {
    const taken = buffer.subarray(0, at);
    at = 0;
    return taken;
  }

  return {
    byte,
    text,
    piece,
    get isFull() {
      return at >= FULL;
    },
    take,
  };
}
