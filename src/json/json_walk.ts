/**
 * Walks over a JSON text of any length in bounded steps and tells what it comes to; what is no JSON by the rules of
 * `JSON.parse` it throws at. Nothing is made of anything, and memory does not depend on the text.
 */
import { MAX_JSON_DEPTH } from "./exact_json.ts";
import { createNumberCheck } from "./json_number.ts";
import {
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  hexDigit,
  JsonSyntaxError,
  MINUS,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
} from "./json_scanner.ts";
import { LONG_STEP } from "./json_skip.ts";

/** What a walk comes to. */
export const JsonEvent = {
  /** The step was at its end before anything was: go on. */
  more: 0,
  key: 1,
  string: 2,
  number: 3,
  /** `true`, `false` or `null`. */
  literal: 4,
  object: 5,
  list: 6,
  /** The end of an object or list. */
  close: 7,
  /** An object or list that is nested too deep to be looked into: a string to whoever reads it. */
  deep: 8,
  /** The end of the text. */
  end: 9,
} as const;

export type JsonEvent = typeof JsonEvent[keyof typeof JsonEvent];

/** A walk over a text. */
export interface JsonWalk {
  /** Goes on for at most {@link LONG_STEP} bytes. Throws {@link JsonSyntaxError}. */
  next(): JsonEvent;
  /** What it came to is `bytes[from, to)`: of a string what stands between the quotes. */
  readonly from: number;
  readonly to: number;
  /** Whether the string has escapes. */
  readonly isEscaped: boolean;
  /** How far it has come. */
  readonly at: number;
  /** Objects and lists that are open. */
  readonly depth: number;
  /** Goes on at the key that begins at `at`, of the object that is open; or at the end of that, which is at `at`. */
  jump(at: number): void;
}

/** What may come next. */
const Expected = {
  value: 0,
  valueOrClose: 1,
  key: 2,
  keyOrClose: 3,
  colon: 4,
  commaOrClose: 5,
  end: 6,
} as const;
/** What the walk is within. */
const Token = { none: 0, string: 1, number: 2, deep: 3, deepString: 4 } as const;

/** Bytes that are looked at one by one in the time that two searches take. */
const NEAR = 64;
const SPACE = 0x20;
const LETTER_U = 0x75;
const ESCAPES = new Set([...'"\\/bfnrt'].map((letter) => letter.charCodeAt(0)));
const LITERALS = ["true", "false", "null"].map((word) => new TextEncoder().encode(word));

export interface JsonWalkOptions {
  /** Objects and lists that the text stands within. @default 0 */
  readonly outerDepth?: number;
  /** The text was walked over to its end before, so that not every byte has to be looked at. @default false */
  readonly isChecked?: boolean;
}

/** A walk over `bytes[start, end)`. */
export function createJsonWalk(
  bytes: Uint8Array,
  start: number,
  end: number,
  { outerDepth = 0, isChecked = false }: JsonWalkOptions = {},
): JsonWalk {
  /** Of each that is open whether it is a list. */
  const lists = new Uint8Array(MAX_JSON_DEPTH + 1);
  const number = createNumberCheck();
  let depth = 0;
  let at = start;
  let expected: number = Expected.value;
  let token: number = Token.none;
  let isKey = false;
  let isEscaped = false;
  let from = start;
  let to = start;
  let deepOpen = 0;

  function fail(): never {
    throw new JsonSyntaxError(`Cannot read JSON as it is malformed at byte ${at}`);
  }

  function next(): JsonEvent {
    const until = Math.min(end, at + LONG_STEP);
    if (token === Token.string) return readString(until);
    if (token === Token.number) return readNumber(until);
    if (token !== Token.none) return skipDeep(until);
    for (; at < until; at++) {
      const byte = bytes[at] ?? 0;
      if (byte === SPACE || byte === 10 || byte === 13 || byte === 9) continue;
      if (byte === COLON && expected === Expected.colon) expected = Expected.value;
      else if (byte === COMMA && expected === Expected.commaOrClose) {
        expected = lists[depth] === 1 ? Expected.value : Expected.key;
      } else return begin(byte, until);
    }
    if (at < end) return JsonEvent.more;
    return expected === Expected.end ? JsonEvent.end : fail();
  }

  function begin(byte: number, until: number): JsonEvent {
    from = at;
    if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) return close(byte === CLOSE_BRACKET);
    isKey = expected === Expected.key || expected === Expected.keyOrClose;
    if (!isKey && expected !== Expected.value && expected !== Expected.valueOrClose) return fail();
    if (byte === QUOTE) {
      token = Token.string;
      isEscaped = false;
      from = ++at;
      if (isChecked) skipPlain();
      return readString(until);
    }
    if (isKey) return fail();
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) return open(byte === OPEN_BRACKET, until);
    if (byte !== MINUS && (byte < 0x30 || byte > 0x39)) return readLiteral();
    token = Token.number;
    number.begin();
    return readNumber(until);
  }

  function open(isList: boolean, until: number): JsonEvent {
    at++;
    if (outerDepth + depth >= MAX_JSON_DEPTH) {
      token = Token.deep;
      deepOpen = 1;
      return skipDeep(until);
    }
    lists[++depth] = isList ? 1 : 0;
    expected = isList ? Expected.valueOrClose : Expected.keyOrClose;
    return isList ? JsonEvent.list : JsonEvent.object;
  }

  function close(isList: boolean): JsonEvent {
    const isFit = expected === Expected.commaOrClose ||
      expected === (isList ? Expected.valueOrClose : Expected.keyOrClose);
    if (!isFit || depth === 0 || (lists[depth] === 1) !== isList) return fail();
    depth--;
    at++;
    return closed(JsonEvent.close);
  }

  /** The value that is over, or the key. */
  function closed(event: JsonEvent): JsonEvent {
    to = at;
    token = Token.none;
    expected = depth === 0 ? Expected.end : Expected.commaOrClose;
    return event;
  }

  function readString(until: number): JsonEvent {
    while (at < until) {
      const byte = bytes[at] ?? 0;
      if (byte === QUOTE) {
        at++;
        closed(JsonEvent.string);
        to--;
        if (!isKey) return JsonEvent.string;
        expected = Expected.colon;
        return JsonEvent.key;
      }
      if (byte === BACKSLASH) passEscape();
      else if (byte < SPACE) return fail();
      else at++;
    }
    return at < end ? JsonEvent.more : fail();
  }

  /** To the end of a string that has no escapes. */
  function skipPlain(): void {
    const close = bytes.indexOf(QUOTE, at);
    if (close - at > NEAR && close < end && bytes.subarray(at, close).indexOf(BACKSLASH) < 0) at = close;
  }

  function passEscape(): void {
    isEscaped = true;
    const letter = at + 1 < end ? bytes[at + 1] ?? 0 : 0;
    if (letter === LETTER_U) {
      if (at + 6 > end) return fail();
      for (let i = at + 2; i < at + 6; i++) if (hexDigit(bytes[i] ?? 0) < 0) return fail();
      at += 6;
    } else if (ESCAPES.has(letter)) at += 2;
    else return fail();
  }

  function readNumber(until: number): JsonEvent {
    for (; at < until; at++) {
      if (number.take(bytes[at] ?? 0)) continue;
      return number.isWhole() ? closed(JsonEvent.number) : fail();
    }
    if (at < end) return JsonEvent.more;
    return number.isWhole() ? closed(JsonEvent.number) : fail();
  }

  function readLiteral(): JsonEvent {
    const word = LITERALS.find((letters) => letters.every((letter, i) => bytes[at + i] === letter));
    if (word === undefined || at + word.length > end) return fail();
    at += word.length;
    return closed(JsonEvent.literal);
  }

  /** To the end of an object or list, of whose text only the strings and brackets are looked at. */
  function skipDeep(until: number): JsonEvent {
    for (; at < until; at++) {
      const byte = bytes[at] ?? 0;
      if (token === Token.deepString) {
        if (byte === BACKSLASH) at++;
        else if (byte === QUOTE) token = Token.deep;
      } else if (byte === QUOTE) token = Token.deepString;
      else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) deepOpen++;
      else if ((byte === CLOSE_BRACE || byte === CLOSE_BRACKET) && --deepOpen === 0) {
        at++;
        return closed(JsonEvent.deep);
      }
    }
    return at < end ? JsonEvent.more : fail();
  }

  return {
    next,
    get from() {
      return from;
    },
    get to() {
      return to;
    },
    get isEscaped() {
      return isEscaped;
    },
    get at() {
      return at;
    },
    get depth() {
      return depth;
    },
    jump: (to) => {
      at = to;
      expected = bytes[to] === QUOTE ? Expected.key : Expected.commaOrClose;
    },
  };
}
