/** What may be long in a JSON text: read in steps, so that the rest of the program can run in between. */
import {
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  hexDigit,
  type JsonScanner,
  OPEN_BRACE,
  OPEN_BRACKET,
  peek,
  QUOTE,
  skipToken,
  unexpected,
} from "./json_scanner.ts";
import { beginLength, endLength, type ProtoOutput, putTag } from "./proto_output.ts";
import { ensure } from "./text_buffer.ts";

/** Goes on for a while; `true`: to the end. Throws when the text is no JSON. */
export type LongStep = () => boolean;

/** Bytes that are read in a step. */
export const LONG_STEP = 32 * 1024;
const LENGTH_DELIMITED = 2;
const SPACE = 0x20;
const LETTER_U = 0x75;
const REPLACEMENT = 0xfffd;
/** What stands for the character behind a backslash. */
const ESCAPED = new Map(
  [...'"\\/bfnrt'].map((name, index) => [name.charCodeAt(0), '"\\/\b\f\n\r\t'.charCodeAt(index)]),
);

/** Passes over the value that comes next, or with `open` over everything up to the end of so many that are open. */
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

/** Writes the string that begins here as the text field `number`. */
export function createLongText(s: JsonScanner, out: ProtoOutput, number: number): LongStep {
  putTag(out, number, LENGTH_DELIMITED);
  const contentAt = beginLength(out, 4);
  const { bytes, end } = s;
  s.at++;

  return () => {
    const until = Math.min(end, s.at + LONG_STEP);
    // No escape is shorter than what it stands for, and the last may go beyond.
    ensure(out, LONG_STEP + 16);
    while (s.at < until) {
      copyRun(s, out, until);
      const byte = bytes[s.at] ?? 0;
      if (byte === BACKSLASH) putCharacter(out, takeEscape(s));
      else if (byte === QUOTE) {
        s.at++;
        endLength(out, contentAt, 4);
        return true;
      } else if (byte < SPACE) throw unexpected(s);
    }
    if (s.at >= end) throw unexpected(s);
    return false;
  };
}

/** Copies characters that stand for themselves, up to `until`. */
function copyRun(s: JsonScanner, out: ProtoOutput, until: number): void {
  const { bytes, at: from } = s;
  let at = from;
  for (; at < until; at++) {
    const byte = bytes[at] ?? 0;
    if (byte < SPACE || byte === QUOTE || byte === BACKSLASH) break;
  }
  out.bytes.set(bytes.subarray(from, at), out.at);
  out.at += at - from;
  s.at = at;
}

/** The character that the escape here stands for; U+FFFD for half of one. */
function takeEscape(s: JsonScanner): number {
  if (s.bytes[s.at + 1] === LETTER_U) {
    const unit = takeUnit(s);
    if (unit < 0xd800 || unit > 0xdfff) return unit;
    if (unit > 0xdbff || s.bytes[s.at] !== BACKSLASH || s.bytes[s.at + 1] !== LETTER_U) return REPLACEMENT;
    const { at } = s;
    const low = takeUnit(s);
    if (low >= 0xdc00 && low <= 0xdfff) return 0x1_0000 + (unit - 0xd800) * 0x400 + low - 0xdc00;
    s.at = at;
    return REPLACEMENT;
  }
  const code = ESCAPED.get(s.bytes[s.at + 1] ?? 0);
  if (code === undefined) throw unexpected(s);
  s.at += 2;
  return code;
}

/** The UTF-16 unit of an escape with `u`. */
function takeUnit(s: JsonScanner): number {
  let unit = 0;
  for (let at = s.at + 2; at < s.at + 6; at++) {
    const digit = hexDigit(at < s.end ? s.bytes[at] ?? 0 : 0);
    if (digit < 0) throw unexpected(s);
    unit = unit * 16 + digit;
  }
  s.at += 6;
  return unit;
}

function putCharacter(out: ProtoOutput, code: number): void {
  const { bytes } = out;
  if (code < 0x80) {
    bytes[out.at++] = code;
    return;
  }
  if (code < 0x800) bytes[out.at++] = 0xc0 | code >> 6;
  else {
    if (code < 0x1_0000) bytes[out.at++] = 0xe0 | code >> 12;
    else {
      bytes[out.at++] = 0xf0 | code >> 18;
      bytes[out.at++] = 0x80 | (code >> 12 & 0x3f);
    }
    bytes[out.at++] = 0x80 | (code >> 6 & 0x3f);
  }
  bytes[out.at++] = 0x80 | (code & 0x3f);
}
