import { type LongText, PLAIN, type TextPiece } from "../../point/long_text.ts";

/** A longer piece stays where it lies. In bytes. */
const LONG_PIECE = 4096;
/** Bytes that are written together. */
const CHUNK = 64 * 1024;

/** Writes pieces of texts, small ones together. */
export interface TextWriter {
  byte(byte: number): void;
  text(text: string): void;
  /** What its form makes of a piece. */
  piece(piece: TextPiece): void;
  /** The text that was written since the last. */
  take(): LongText;
}

/** A writer of about so many bytes. */
export function createTextWriter(expectedBytes: number): TextWriter {
  const encoder = new TextEncoder();
  let pieces: TextPiece[] = [];
  let chunk = new Uint8Array(Math.min(CHUNK, expectedBytes + LONG_PIECE));
  let from = 0;
  let at = 0;

  function flush(): void {
    if (from < at) pieces.push({ bytes: chunk, from, to: at, form: PLAIN });
    from = at;
  }

  function ensure(bytes: number): void {
    if (at + bytes <= chunk.length) return;
    flush();
    chunk = new Uint8Array(Math.max(CHUNK, bytes));
    from = 0;
    at = 0;
  }

  function byte(byte: number): void {
    ensure(1);
    chunk[at++] = byte;
  }

  function text(text: string): void {
    ensure(text.length * 3);
    at += encoder.encodeInto(text, chunk.subarray(at)).written;
  }

  function piece(piece: TextPiece): void {
    const { bytes, from: start, to, form } = piece;
    if (to - start > LONG_PIECE) {
      flush();
      pieces.push(piece);
      return;
    }
    const converted = form.convert(bytes, start, to);
    ensure(converted.length);
    chunk.set(converted, at);
    at += converted.length;
  }

  function take(): LongText {
    flush();
    const taken = pieces;
    pieces = [];
    return taken;
  }

  return { byte, text, piece, take };
}
