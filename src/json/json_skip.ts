/** Skips JSON that is not wanted: in steps, as it may be long and the rest of the program has to run in between. */
import {
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  type JsonScanner,
  OPEN_BRACE,
  OPEN_BRACKET,
  peek,
  QUOTE,
  skipToken,
  unexpected,
} from "./json_scanner.ts";

/** Goes on for a while; `true`: to the end. Throws when the text is no JSON. */
export type LongStep = () => boolean;

/** Bytes that are read in a step. */
export const LONG_STEP = 32 * 1024;
const SPACE = 0x20;

/** Skips the value that comes next, or with `open` everything up to the end of that many open ones. */
export function createSkip(s: JsonScanner, open = 0): LongStep {
  let left = open;
  let isInText = false;
  let isInToken = false;

  /** Passes over what comes next; `false`: over a part of a text or number. */
  function skipNext(until: number): boolean {
    if (isInToken) return !(isInToken = !skipToken(s, until));
    const byte = isInText ? QUOTE : peek(s);
    if (byte === QUOTE) {
      if (!isInText) s.at++;
      isInText = !skipText(s, until);
      return !isInText;
    }
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) left++;
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) left--;
    else if (left === 0 || (byte !== COMMA && byte !== COLON)) {
      // White space before it may have been longer than the step.
      isInToken = !skipToken(s, Math.max(until, s.at + 1));
      return !isInToken;
    }
    if (left < 0) throw unexpected(s);
    s.at++;
    return true;
  }

  return () => {
    const until = s.at + LONG_STEP;
    while (s.at < until) if (skipNext(until) && left === 0) return true;
    return false;
  };
}

/** Passes over the rest of a text that is open, up to `until`; `true`: to its end. */
function skipText(s: JsonScanner, until: number): boolean {
  const { bytes, end } = s;
  for (let { at } = s; at < end; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === QUOTE) {
      s.at = at + 1;
      return true;
    }
    if (byte === BACKSLASH) at++;
    else if (byte < SPACE) break;
    if (at >= until) {
      s.at = at + 1;
      return false;
    }
  }
  throw unexpected(s);
}
