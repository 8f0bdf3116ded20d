/**
 * Finds the parts of a point of line protocol in the bytes of a body. Nothing is decoded but numbers: what is no point
 * leaves no trace behind.
 */
import { longContent, PLAIN } from "../../point/long_text.ts";
import type { Scalar } from "../../point/point.ts";
import { MAX_PARTS, TOO_MANY_PARTS } from "./decoded.ts";
import {
  addPart,
  clearLineParts,
  createLineParts,
  ESCAPED_KEY,
  type LineParts,
  type LongBytes,
  Part,
} from "./line_parts.ts";
import { createStringFinder, ESCAPED_STRING, unescapeString } from "./line_string.ts";
import type { ListItem } from "./long_list.ts";
import { parseBase64 } from "./scalar_text.ts";
import { readLineTime } from "./line_time.ts";
import { createTokenReader } from "./line_token.ts";
import type { Precision } from "./precision.ts";

const LF = 10;
const CR = 13;
const SPACE = 32;
const QUOTE = 34;
const COMMA = 44;
const EQUALS = 61;
const OPEN_BRACKET = 91;
const BACKSLASH = 92;
const CLOSE_BRACKET = 93;
const LETTER_B = 98;

/** Longer base64 is decoded later, and a longer text of an array stays where it lies. In bytes. */
const LONG_BASE64 = 64 * 1024;
const LONG_ITEM = 1024;

/** The rule that bytes break whose base64 is none. */
export const NO_BASE64 = "bytes must be base64";
const NO_VALUE = "a value must be a number, boolean or string";

/** Reads one point after the other. */
export interface LineScanner {
  /** Reads the point that begins at `from`; `false`: there is none. */
  scan(from: number): boolean;
  /** Where reading ended: behind the point but before the line's end, or at the fault. */
  readonly at: number;
  readonly parts: LineParts;
  /** Why there is no point. */
  readonly fault: string;
  /** A string has no end: each costs a look at the whole rest of the body. */
  readonly isEndless: boolean;
}

/** A scanner of a body. */
export function createLineScanner(body: Uint8Array, precision: Precision): LineScanner {
  const { length } = body;
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const parts = createLineParts();
  const strings = createStringFinder(body);
  const tokens = createTokenReader(body);
  const halves = new Int32Array(2);
  const int64 = new BigInt64Array(halves.buffer);
  const uint64 = new BigUint64Array(halves.buffer);
  const double = new Float64Array(halves.buffer);
  let at = 0;
  let fault = "";
  let isEndless = false;
  let count = 0;

  function fail(rule: string): false {
    if (fault === "") fault = rule;
    return false;
  }

  function scan(from: number): boolean {
    at = from;
    fault = "";
    isEndless = false;
    count = 0;
    clearLineParts(parts);
    return scanName() && scanTags() && scanFields() && scanTime();
  }

  function scanName(): boolean {
    parts.nameFrom = at;
    parts.isNameEscaped = skipText(COMMA, SPACE);
    parts.nameTo = at;
    return isKey(parts.nameFrom, COMMA, SPACE);
  }

  function scanTags(): boolean {
    while (body[at] === COMMA) {
      const from = ++at;
      const escapedKey = skipText(EQUALS, EQUALS) ? ESCAPED_KEY : 0;
      if (!isKey(from, EQUALS, EQUALS)) return false;
      const to = at++;
      const valueFrom = at;
      const type = skipText(COMMA, SPACE) ? Part.escapedTag : Part.tag;
      if (at > valueFrom) addPart(parts, from, to, type | escapedKey, valueFrom, at);
      if (++count > MAX_PARTS) return fail(TOO_MANY_PARTS);
    }
    if (body[at] !== SPACE) return fail("a point must have fields");
    skipSpaces();
    return true;
  }

  function scanFields(): boolean {
    for (;;) {
      const from = at;
      const escapedKey = skipText(EQUALS, EQUALS) ? ESCAPED_KEY : 0;
      if (!isKey(from, EQUALS, EQUALS)) return false;
      const to = at++;
      const isRead = scanValue(from, to, escapedKey);
      if (++count > MAX_PARTS) return fail(TOO_MANY_PARTS);
      if (!isRead) return false;
      const next = body[at];
      if (next !== COMMA) {
        if (next === undefined || next === SPACE || next === LF || next === CR) return true;
        return fail("a field must end with a comma, a space or the line");
      }
      at++;
    }
  }

  function scanValue(keyFrom: number, keyTo: number, escapedKey: number): boolean {
    const first = body[at];
    if (first === QUOTE) return scanString(keyFrom, keyTo, escapedKey);
    if (first === OPEN_BRACKET) {
      const values = scanArray();
      return values !== undefined && addOther(keyFrom, keyTo, escapedKey, values);
    }
    const type = tokens.read(at);
    at = tokens.end;
    if (type === Part.malformed) return fail(NO_VALUE);
    if (type === Part.nothing) parts.isTrimmed = true;
    else addPart(parts, keyFrom, keyTo, type | escapedKey, tokens.first, tokens.second);
    return true;
  }

  function addOther(
    keyFrom: number,
    keyTo: number,
    escapedKey: number,
    value: LineParts["others"][number],
  ): true {
    addPart(parts, keyFrom, keyTo, Part.other | escapedKey, parts.others.push(value) - 1, 0);
    return true;
  }

  /** A quoted string, or bytes when `b` follows. */
  function scanString(keyFrom: number, keyTo: number, escapedKey: number): boolean {
    const from = at + 1;
    if (!skipString()) return false;
    const to = at - 1;
    if (body[at] !== LETTER_B) {
      const type = strings.hasBackslash ? Part.escapedText : Part.text;
      addPart(parts, keyFrom, keyTo, type | escapedKey, from, to);
      return true;
    }
    const bytes = scanBytes(from, to);
    return bytes !== undefined && addOther(keyFrom, keyTo, escapedKey, bytes);
  }

  /** Goes behind a string's end. */
  function skipString(): boolean {
    const close = strings.closeOf(at);
    if (close < 0) {
      isEndless = true;
      return fail("a string must end with a quote");
    }
    at = close + 1;
    return true;
  }

  /** The bytes whose base64 is `body[from, to)`. */
  function scanBytes(from: number, to: number): Uint8Array | LongBytes | undefined {
    at++;
    if (to - from > LONG_BASE64) {
      const bytes: LongBytes = {
        type: "bytes",
        isList: false,
        texts: [[{ bytes: body, from, to, form: PLAIN }]],
      };
      parts.undecoded.push(bytes);
      return bytes;
    }
    const parsed = parseBase64(decoder.decode(body.subarray(from, to)));
    if (parsed !== "malformed" && parsed.value instanceof Uint8Array) return parsed.value;
    return void fail(NO_BASE64);
  }

  function scanArray(): readonly ListItem[] | undefined {
    const values: ListItem[] = [];
    at++;
    skipSpaces();
    if (body[at] === CLOSE_BRACKET) {
      at++;
      return values;
    }
    for (;;) {
      skipSpaces();
      const value = body[at] === QUOTE ? scanQuotedItem() : scanItem();
      if (fault !== "") return undefined;
      if (value !== undefined) values.push(value);
      if (++count > MAX_PARTS) return void fail(TOO_MANY_PARTS);
      skipSpaces();
      const next = body[at];
      if (next !== COMMA && next !== CLOSE_BRACKET) return void fail("an array must end with a bracket");
      at++;
      if (next === CLOSE_BRACKET) return values;
    }
  }

  function scanQuotedItem(): ListItem | undefined {
    const from = at + 1;
    if (!skipString()) return undefined;
    const to = at - 1;
    if (body[at] === LETTER_B) return scanBytes(from, to);
    if (to - from > LONG_ITEM) {
      const form = strings.hasBackslash ? ESCAPED_STRING : PLAIN;
      return longContent([{ bytes: body, from, to, form }]);
    }
    const raw = decoder.decode(body.subarray(from, to));
    return strings.hasBackslash ? unescapeString(raw) : raw;
  }

  function scanItem(): Scalar | undefined {
    const type = tokens.read(at);
    at = tokens.end;
    halves[0] = tokens.first;
    halves[1] = tokens.second;
    switch (type) {
      case Part.int:
        return int64[0];
      case Part.uint:
        return { unsigned: uint64[0] ?? 0n };
      case Part.float:
        return double[0];
      case Part.bool:
        return tokens.first !== 0;
      case Part.nothing:
        parts.isTrimmed = true;
        return undefined;
      default:
        return void fail(NO_VALUE);
    }
  }

  /** What follows the fields up to the line's end. */
  function scanTime(): boolean {
    skipSpaces();
    const from = at;
    while (at < length && body[at] !== LF) at++;
    let to = at;
    while (to > from && (body[to - 1] === SPACE || body[to - 1] === CR)) to--;
    return readLineTime(body, from, to, precision, parts.time) ||
      fail("a timestamp must be a 64-bit integer");
  }

  /** Whether a name that is not empty ends with a stop. */
  function isKey(from: number, stop: number, otherStop: number): boolean {
    const byte = body[at];
    if (byte !== stop && byte !== otherStop) return fail("a key must be followed by a value");
    return at > from || fail("a key must not be empty");
  }

  /** Goes to an unescaped stop or the line's end; whether there is a backslash before. */
  function skipText(stop: number, otherStop: number): boolean {
    let hasBackslash = false;
    let i = at;
    for (; i < length; i++) {
      const byte = body[i];
      if (byte === stop || byte === otherStop || byte === LF) break;
      // An escaped stop does not stop; whether others are escapes does not matter for finding the end.
      if (byte === BACKSLASH) {
        hasBackslash = true;
        const next = body[i + 1];
        if (next === stop || next === otherStop) i++;
      }
    }
    at = i;
    return hasBackslash;
  }

  function skipSpaces(): void {
    while (body[at] === SPACE) at++;
  }

  return {
    scan,
    parts,
    get at() {
      return at;
    },
    get fault() {
      return fault;
    },
    get isEndless() {
      return isEndless;
    },
  };
}
