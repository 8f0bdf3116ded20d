/** Strings of line protocol: where they end, and what their escapes mean. */
import { cutCodePoint, type TextForm } from "../../point/long_text.ts";

const QUOTE = 34;
const BACKSLASH = 92;
/** Bytes looked at one by one before the search that is quick for long strings only. */
const NEAR_BYTES = 64;

/** Finds strings' ends in a body. */
export interface StringFinder {
  /** The closing quote of the string that the quote at `open` begins; -1: there is none. */
  closeOf(open: number): number;
  /** Whether a backslash is in the string found last. */
  readonly hasBackslash: boolean;
}

/** A finder in a body. */
export function createStringFinder(body: Uint8Array): StringFinder {
  const { length } = body;
  let hasBackslash = false;

  function closeOf(open: number): number {
    hasBackslash = false;
    // Each time at no backslash's second byte.
    for (let from = open + 1; from < length;) {
      const near = Math.min(from + NEAR_BYTES, length);
      for (let at = from; at < near; at++) {
        const byte = body[at];
        if (byte === QUOTE) return at;
        if (byte === BACKSLASH) {
          hasBackslash = true;
          at++;
        }
        from = at + 1;
      }
      const quote = body.indexOf(QUOTE, from);
      if (quote < 0) return -1;
      hasBackslash ||= body.subarray(from, quote).indexOf(BACKSLASH) >= 0;
      if (!isEscaped(body, from, quote)) return quote;
      from = quote + 1;
    }
    return -1;
  }

  return {
    closeOf,
    get hasBackslash() {
      return hasBackslash;
    },
  };
}

/** Whether an odd number of backslashes stands before `at`, none of them before `from`. */
function isEscaped(body: Uint8Array, from: number, at: number): boolean {
  let first = at;
  while (first > from && body[first - 1] === BACKSLASH) first--;
  return (at - first) % 2 === 1;
}

/** A string without its escapes. */
export function unescapeString(raw: string): string {
  return raw.replace(/\\(["\\])/g, "$1");
}

/** The same of `bytes[from, to)`, put into `target` at `start`; returns the bytes that it has. */
export function unescapeBytes(
  bytes: Uint8Array,
  from: number,
  to: number,
  target: Uint8Array,
  start: number,
): number {
  let at = start;
  for (let i = from; i < to; i++) {
    let byte = bytes[i] ?? 0;
    if (byte === BACKSLASH && i + 1 < to) {
      const next = bytes[i + 1];
      if (next === QUOTE || next === BACKSLASH) {
        byte = next;
        i++;
      }
    }
    target[at++] = byte;
  }
  return at - start;
}

/** Where parts of long strings are put without their escapes. */
let scratch = new Uint8Array(0);

/** What stands between the quotes of a string that has escapes. */
export const ESCAPED_STRING: TextForm = {
  cut: (bytes, from, until, to) => {
    const end = cutCodePoint(bytes, from, until, to);
    return end < to && isEscaped(bytes, from, end) ? end - 1 : end;
  },
  convert: (bytes, from, to) => {
    if (scratch.length < to - from) scratch = new Uint8Array(to - from);
    return scratch.subarray(0, unescapeBytes(bytes, from, to, scratch, 0));
  },
};
