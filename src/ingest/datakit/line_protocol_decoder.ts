/**
 * Decodes line protocol with Guance's additions (arrays, unsigned integers, base64 bytes, raw newlines in strings),
 * leniently: each point that cannot be read is counted and the next line is tried. Time stays linear in the body.
 */
import type { FieldValue, Scalar } from "../../point/point.ts";
import {
  type Malformed,
  MAX_PARTS,
  NOTHING_YET,
  type PointDecoder,
  TOO_MANY_PARTS,
  type WirePoint,
} from "./decoded.ts";
import { parseLineScalar } from "./line_scalar.ts";
import { createLineWindow } from "./line_window.ts";
import { type Precision, toNs } from "./precision.ts";

const LF = 10;
const CR = 13;
const SPACE = 32;
const QUOTE = 34;
const HASH = 35;
const COMMA = 44;
const EQUALS = 61;
const OPEN_BRACKET = 91;
const BACKSLASH = 92;
const CLOSE_BRACKET = 93;

/** What a backslash escapes: one before anything else is itself. */
const MEASUREMENT_ESCAPES = /\\([, ])/g;
const TAG_ESCAPES = /\\([, =])/g;
const FIELD_ESCAPES = /\\([, ="])/g;

/** Strings that never end, after which the rest of a body is given up: each costs a scan to the end. */
const MAX_ENDLESS = 16;

/** Where reading is. Functions that fail set `error` and return `undefined`. */
interface Cursor {
  /** The part of the body that is looked at, from a line's begin to a line's end. */
  text: string;
  at: number;
  /** Characters of the body before it. */
  before: number;
  error: string | undefined;
  /** Opening quote of the first string with a newline in it, since a broken point may have swallowed others. */
  multilineAt: number;
  isEndless: boolean;
  /** The point had a value that nothing can store. */
  isTrimmed: boolean;
  /** Tags, fields and values of arrays that the point has so far. */
  parts: number;
}

/** Characters between points that are skipped at a time. */
const MAX_SKIPPED = 200_000;

/** A decoder of a body, of which only some lines at a time are there as text. */
export function createLineProtocolDecoder(body: Uint8Array, precision: Precision): PointDecoder {
  const lines = createLineWindow(body);
  const cursor: Cursor = {
    text: "",
    at: 0,
    before: 0,
    error: undefined,
    multilineAt: -1,
    isEndless: false,
    isTrimmed: false,
    parts: 0,
  };
  let endless = 0;
  return {
    next: () => {
      if (endless >= MAX_ENDLESS) return givenUp();
      const skippedTo = cursor.at + MAX_SKIPPED;
      if (!skipBlank(cursor, skippedTo)) {
        if (cursor.at < cursor.text.length) return NOTHING_YET;
        return goOn(false) ? NOTHING_YET : undefined;
      }
      const from = cursor.at;
      cursor.error = undefined;
      cursor.multilineAt = -1;
      cursor.isEndless = false;
      cursor.isTrimmed = false;
      cursor.parts = 0;
      const point = readPoint(cursor, precision);
      if (point !== undefined && cursor.error === undefined) return point;
      if (cursor.isEndless) {
        // Its end may be behind the lines that are there.
        cursor.at = from;
        if (goOn(true)) return NOTHING_YET;
        endless++;
      }
      cursor.at = afterLine(cursor.text, cursor.multilineAt >= 0 ? cursor.multilineAt : cursor.at);
      return { error: cursor.error ?? "Cannot read a point", count: 1 };
    },
  };

  /** More lines behind those that are not read yet; `false` at the body's end. */
  function goOn(withQuote: boolean): boolean {
    const rest = cursor.text.slice(cursor.at);
    const more = withQuote ? lines.nextWithQuote(rest.length) : lines.next();
    if (more === "") return false;
    cursor.before += cursor.at;
    cursor.text = rest + more;
    cursor.at = 0;
    return true;
  }

  function givenUp(): Malformed | undefined {
    if (cursor.at >= cursor.text.length) return undefined;
    const count = countLines(cursor.text, cursor.at);
    cursor.at = cursor.text.length;
    return { error: "Cannot read a point as strings do not end", count };
  }
}

/** Skips empty lines and comments up to `to`; false without anything else before it. */
function skipBlank(cursor: Cursor, to: number): boolean {
  const { text } = cursor;
  const end = Math.min(to, text.length);
  while (cursor.at < end) {
    const code = text.charCodeAt(cursor.at);
    if (code === HASH) cursor.at = afterLine(text, cursor.at);
    else if (code === LF || code === CR || code === SPACE || code === 9 || code === 0) cursor.at++;
    else return true;
  }
  return false;
}

function readPoint(cursor: Cursor, precision: Precision): WirePoint | undefined {
  const measurement = readKey(cursor, MEASUREMENT_ESCAPES, COMMA, SPACE);
  if (measurement === undefined) return undefined;
  const tags = readTags(cursor);
  const fields = tags && readFields(cursor);
  if (tags === undefined || fields === undefined) return undefined;
  skipSpaces(cursor);
  const from = cursor.at;
  const lineEnd = endOfLine(cursor.text, from);
  const stamp = cursor.text.slice(from, lineEnd).trim();
  cursor.at = lineEnd;
  const point = { measurement, tags, fields, ...(cursor.isTrimmed ? { isTrimmed: true as const } : {}) };
  if (stamp === "") return { ...point, timeNs: undefined };
  if (!/^[+-]?\d{1,19}$/.test(stamp)) return fail(cursor, "a timestamp must be a 64-bit integer");
  return { ...point, timeNs: toNs(BigInt(stamp.replace("+", "")), precision) };
}

function readTags(cursor: Cursor): [string, string][] | undefined {
  const tags: [string, string][] = [];
  while (cursor.text.charCodeAt(cursor.at) === COMMA) {
    cursor.at++;
    const key = readKey(cursor, TAG_ESCAPES, EQUALS);
    if (key === undefined) return undefined;
    cursor.at++;
    const value = readText(cursor, TAG_ESCAPES, COMMA, SPACE);
    if (value !== "") tags.push([key, value]);
    if (++cursor.parts > MAX_PARTS) return fail(cursor, TOO_MANY_PARTS);
  }
  if (cursor.text.charCodeAt(cursor.at) !== SPACE) return fail(cursor, "a point must have fields");
  skipSpaces(cursor);
  return tags;
}

function readFields(cursor: Cursor): [string, FieldValue | undefined][] | undefined {
  const fields: [string, FieldValue | undefined][] = [];
  for (;;) {
    const key = readKey(cursor, FIELD_ESCAPES, EQUALS);
    if (key === undefined) return undefined;
    cursor.at++;
    const isArray = cursor.text.charCodeAt(cursor.at) === OPEN_BRACKET;
    fields.push([key, isArray ? readArray(cursor) : readScalar(cursor)]);
    if (++cursor.parts > MAX_PARTS) return fail(cursor, TOO_MANY_PARTS);
    if (cursor.error !== undefined) return undefined;
    const next = cursor.text.charCodeAt(cursor.at);
    if (next !== COMMA) {
      if (Number.isNaN(next) || next === SPACE || next === LF || next === CR) return fields;
      return fail(cursor, "a field must end with a comma, a space or the line");
    }
    cursor.at++;
  }
}

function readArray(cursor: Cursor): Scalar[] | undefined {
  const values: Scalar[] = [];
  cursor.at++;
  skipSpaces(cursor);
  if (cursor.text.charCodeAt(cursor.at) === CLOSE_BRACKET) {
    cursor.at++;
    return values;
  }
  for (;;) {
    skipSpaces(cursor);
    const value = readScalar(cursor);
    if (cursor.error !== undefined) return undefined;
    if (value !== undefined) values.push(value);
    if (++cursor.parts > MAX_PARTS) return fail(cursor, TOO_MANY_PARTS);
    skipSpaces(cursor);
    const next = cursor.text.charCodeAt(cursor.at);
    if (next !== COMMA && next !== CLOSE_BRACKET) return fail(cursor, "an array must end with a bracket");
    cursor.at++;
    if (next === CLOSE_BRACKET) return values;
  }
}

/** A value, or `undefined` without an error for NaN and the infinities, which nothing can store. */
function readScalar(cursor: Cursor): Scalar | undefined {
  const { text } = cursor;
  if (text.charCodeAt(cursor.at) === QUOTE) return readString(cursor);
  const from = cursor.at;
  while (cursor.at < text.length) {
    const code = text.charCodeAt(cursor.at);
    if (code === COMMA || code === SPACE || code === LF || code === CR || code === CLOSE_BRACKET) break;
    cursor.at++;
  }
  const parsed = parseLineScalar(text.slice(from, cursor.at));
  if (parsed === "malformed") return fail(cursor, "a value must be a number, boolean or string");
  cursor.isTrimmed ||= parsed.value === undefined;
  return parsed.value;
}

/** A quoted string, or bytes when `b` follows. */
function readString(cursor: Cursor): string | Uint8Array | undefined {
  const { text } = cursor;
  const open = cursor.at;
  let close = text.indexOf('"', open + 1);
  while (close >= 0 && isEscaped(text, open, close)) close = text.indexOf('"', close + 1);
  const raw = close < 0 ? "" : text.slice(open + 1, close);
  if (cursor.multilineAt < 0 && (close < 0 || raw.includes("\n"))) cursor.multilineAt = open;
  if (close < 0) {
    cursor.isEndless = true;
    return fail(cursor, "a string must end with a quote");
  }
  cursor.at = close + 1;
  if (text[cursor.at] !== "b") return raw.includes("\\") ? raw.replace(/\\(["\\])/g, "$1") : raw;
  cursor.at++;
  const parsed = parseLineScalar(raw, "base64");
  return parsed === "malformed" || !(parsed.value instanceof Uint8Array)
    ? fail(cursor, "bytes must be base64")
    : parsed.value;
}

/** Whether an odd number of backslashes stands before `at`. */
function isEscaped(text: string, open: number, at: number): boolean {
  let first = at;
  while (first - 1 > open && text.charCodeAt(first - 1) === BACKSLASH) first--;
  return (at - first) % 2 === 1;
}

/** A non-empty name up to a stop, which must come before the line ends. */
function readKey(cursor: Cursor, escapes: RegExp, stop: number, otherStop = stop): string | undefined {
  const key = readText(cursor, escapes, stop, otherStop);
  const code = cursor.text.charCodeAt(cursor.at);
  if (code !== stop && code !== otherStop) return fail(cursor, "a key must be followed by a value");
  return key === "" ? fail(cursor, "a key must not be empty") : key;
}

/** Text up to an unescaped stop or the line's end, where the cursor stays; escapes are undone. */
function readText(cursor: Cursor, escapes: RegExp, stop: number, otherStop: number): string {
  const { text } = cursor;
  const from = cursor.at;
  let hasEscapes = false;
  for (; cursor.at < text.length; cursor.at++) {
    const code = text.charCodeAt(cursor.at);
    if (code === stop || code === otherStop || code === LF) break;
    // An escaped stop does not stop; whether others are escapes does not matter for finding the end.
    if (code === BACKSLASH) {
      hasEscapes = true;
      const next = text.charCodeAt(cursor.at + 1);
      if (next === stop || next === otherStop) cursor.at++;
    }
  }
  const raw = text.slice(from, cursor.at);
  return hasEscapes ? raw.replace(escapes, "$1") : raw;
}

function skipSpaces(cursor: Cursor): void {
  while (cursor.text.charCodeAt(cursor.at) === SPACE) cursor.at++;
}

function endOfLine(text: string, from: number): number {
  const lf = text.indexOf("\n", from);
  return lf < 0 ? text.length : lf;
}

function afterLine(text: string, from: number): number {
  return Math.min(endOfLine(text, from) + 1, text.length);
}

/** Lines from `from` on that hold anything. */
function countLines(text: string, from: number): number {
  let count = 0;
  for (let at = from; at < text.length;) {
    const end = endOfLine(text, at);
    if (end > at) count++;
    at = end + 1;
  }
  return count;
}

function fail(cursor: Cursor, rule: string): undefined {
  cursor.error ??= `Cannot read a point as ${rule}: character ${cursor.before + cursor.at}`;
  return undefined;
}
