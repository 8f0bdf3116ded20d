import type { AnyText, LongType } from "./long_text.ts";
import { createPartReader } from "./valid_parts.ts";

/** Writes a text into buffers, of which one follows the other. */
export interface TextFiller {
  /** Puts more of the text at `at`, up to `end`; returns where it stopped, which may be `at` on the way as well. */
  fill(target: Uint8Array, at: number, end: number): number;
  /** Nothing more comes. */
  readonly isDone: boolean;
}

export function createTextFiller(text: AnyText, type: LongType = "string"): TextFiller {
  const reader = createPartReader(text, type);
  /** What did not fit into the buffer before. */
  let rest: Uint8Array | undefined;
  const filler = { fill, isDone: false };

  function fill(target: Uint8Array, at: number, end: number): number {
    const part = rest ?? reader.next();
    rest = undefined;
    filler.isDone = part === undefined;
    if (part === undefined) return at;
    const length = Math.min(part.length, end - at);
    target.set(length === part.length ? part : part.subarray(0, length), at);
    // Copied, as the next part of another text may be converted meanwhile.
    if (length < part.length) rest = part.slice(length);
    return at + length;
  }

  return filler;
}
