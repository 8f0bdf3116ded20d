import type { AnyText, LongType } from "./long_text.ts";
import { createPartReader } from "./valid_parts.ts";

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
  text: AnyText,
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
