/**
 * Reads the wanted parts of a large JSON text and skips the rest: no string of the whole, nothing made of what is
 * not wanted, and time and memory that no sender can drive up. What is passed over is not checked to be JSON.
 */
import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  createJsonScanner,
  expectByte,
  type JsonScanner,
  JsonSyntaxError,
  OPEN_BRACE,
  OPEN_BRACKET,
  peek,
  QUOTE,
  rawText,
  skipString,
  skipToken,
  stringText,
} from "./json_scanner.ts";
import { createSkip } from "./json_skip.ts";

/** What is read of a value; see {@link anything}, {@link members}, {@link elements} and {@link either}. */
export type Wanted = Anything | Members | Elements | Either;

interface Anything {
  readonly kind: "anything";
}
interface Members {
  readonly kind: "members";
  /** By the name as it is, then by the name in lower case. */
  readonly byName: ReadonlyMap<string, Member>;
  /** What all of the names look like, see {@link lookOf}. */
  readonly looks: ReadonlySet<number>;
}
interface Member {
  readonly name: string;
  readonly wanted: Wanted;
}
interface Elements {
  readonly kind: "elements";
  readonly wanted: Wanted;
  readonly most: number;
}
interface Either {
  readonly kind: "either";
  readonly object: Wanted;
  readonly list: Wanted;
}

/** The whole value, within the bounds of this file. */
export const anything: Wanted = { kind: "anything" };

/**
 * Of an object the members of these names; of one whose name differs in case alone the value counts where there is no
 * better one. Of anything else nothing, but a scalar itself.
 */
export function members(wanted: Readonly<Record<string, Wanted>>): Wanted {
  const byName = new Map<string, Member>();
  for (const [name, value] of Object.entries(wanted)) byName.set(name, { name, wanted: value });
  for (const member of [...byName.values()]) {
    const lower = member.name.toLowerCase();
    if (!byName.has(lower)) byName.set(lower, member);
  }
  const looks = new Set(Object.keys(wanted).map((name) => lookOf(name.length, name.charCodeAt(0))));
  return { kind: "members", byName, looks };
}

/** Of a list or of an object with any names the first `most` values; such a list keeps its length, the rest being empty. */
export function elements(wanted: Wanted, most: number): Wanted {
  return { kind: "elements", wanted, most };
}

/** One thing of an object, another of a list. */
export function either(object: Wanted, list: Wanted): Wanted {
  return { kind: "either", object, list };
}

/** Objects and lists within each other that are read; deeper ones are left out. */
const MAX_DEPTH = 32;
/** Values that are made; more are left out. A member of the whole has half of what is left, so that none has all. */
const MAX_VALUES = 40_000;
/** Longer texts are left out: an SQS message has 1 MiB at most. In bytes. */
const MAX_TEXT_BYTES = 1024 * 1024;
/** No name that is looked for is longer. In bytes. */
const MAX_NAME_BYTES = 64;
/** Members and elements between two looks at the clock. */
const STEP = 64;
/** Integers of fewer digits are exact as numbers; longer ones are given as text. */
const LONG_DIGITS = 16;

/** Where the reading is, and what it may still make. */
interface Reading {
  readonly s: JsonScanner;
  readonly isOver: () => boolean;
  values: number;
}

/** A generator that stops where something else may run, and returns a value. */
type Steps<T> = Generator<undefined, T, undefined>;

/**
 * Reads the text's wanted parts, stopping whenever `isOver()` says so. Objects have no prototype; integers of 16
 * digits or more are text. Returns `undefined` for what is no JSON as far as it was read.
 */
export function* readJsonParts(bytes: Uint8Array, wanted: Wanted, isOver: () => boolean): Steps<unknown> {
  const s = createJsonScanner(bytes);
  try {
    const value = yield* readValue({ s, isOver, values: MAX_VALUES }, wanted, 0);
    return peek(s) === -1 ? value : undefined;
  } catch (error) {
    if (error instanceof JsonSyntaxError) return undefined;
    throw error;
  }
}

function* readValue(reading: Reading, wanted: Wanted, depth: number): Steps<unknown> {
  const { s } = reading;
  const byte = peek(s);
  if (byte !== OPEN_BRACE && byte !== OPEN_BRACKET) return readScalar(reading, byte);
  const isObject = byte === OPEN_BRACE;
  const inside = wanted.kind !== "either" ? wanted : isObject ? wanted.object : wanted.list;
  const isFit = isObject || inside.kind !== "members";
  if (!isFit || depth >= MAX_DEPTH || --reading.values < 0) return yield* skip(reading);
  s.at++;
  return isObject ? yield* readObject(reading, inside, depth) : yield* readList(reading, inside, depth);
}

function* readObject(reading: Reading, wanted: Wanted, depth: number): Steps<unknown> {
  const { s } = reading;
  const object: Record<string, unknown> = Object.create(null);
  const exact = new Set<string>();
  const most = wanted.kind === "elements" ? wanted.most : Infinity;
  let count = 0;
  for (let i = 0; !isEnd(s, CLOSE_BRACE, i > 0); i++) {
    if (i % STEP === STEP - 1 && reading.isOver()) yield;
    if (count >= most || reading.values <= 0) {
      yield* skip(reading, 1);
      break;
    }
    const name = readName(s, wanted);
    expectByte(s, COLON);
    const member = memberOf(wanted, name);
    const isWorse = member !== undefined && exact.has(member.name) && member.name !== name;
    if (member === undefined || isWorse) {
      yield* skip(reading);
      continue;
    }
    if (member.name === name) exact.add(name);
    const spared = depth === 0 ? reading.values >> 1 : 0;
    reading.values -= spared;
    object[member.name] = yield* readValue(reading, member.wanted, depth + 1);
    reading.values += spared;
    count++;
  }
  return object;
}

function* readList(reading: Reading, wanted: Wanted, depth: number): Steps<unknown> {
  const { s } = reading;
  const list: unknown[] = [];
  const [inside, most] = wanted.kind === "elements" ? [wanted.wanted, wanted.most] : [anything, Infinity];
  let count = 0;
  for (; !isEnd(s, CLOSE_BRACKET, count > 0); count++) {
    if (count % STEP === STEP - 1 && reading.isOver()) yield;
    if (count < most && reading.values > 0) list.push(yield* readValue(reading, inside, depth + 1));
    else if (wanted.kind === "elements") {
      if (!isScalarSkipped(s)) yield* skip(reading);
    } else {
      yield* skip(reading, 1);
      break;
    }
  }
  list.length = count;
  return list;
}

/** Takes what stands between members or elements; true at the end, which is taken too. */
function isEnd(s: JsonScanner, close: number, isBehindOne: boolean): boolean {
  if (peek(s) === close) {
    s.at++;
    return true;
  }
  if (isBehindOne) expectByte(s, COMMA);
  return false;
}

/** A member's name; `undefined` when it is not a wanted one, as far as its length and first letter tell. */
function readName(s: JsonScanner, wanted: Wanted): string | undefined {
  if (peek(s) !== QUOTE) expectByte(s, QUOTE);
  const from = s.at + 1;
  const hasEscapes = skipString(s);
  const to = s.at - 1;
  if (to - from > MAX_NAME_BYTES) return undefined;
  const isNone = wanted.kind === "members" && !hasEscapes &&
    !wanted.looks.has(lookOf(to - from, s.bytes[from]));
  return isNone ? undefined : stringText(s, from, to, hasEscapes);
}

/** A name's length and first letter in small, as one number. */
function lookOf(length: number, firstByte = 0): number {
  return length * 256 + (firstByte | 0x20);
}

function memberOf(wanted: Wanted, name: string | undefined): Member | undefined {
  if (name === undefined) return undefined;
  switch (wanted.kind) {
    case "anything":
      return { name, wanted: anything };
    case "elements":
      return { name, wanted: wanted.wanted };
    case "members":
      return wanted.byName.get(name) ?? wanted.byName.get(name.toLowerCase());
    case "either":
      return undefined;
  }
}

function readScalar(reading: Reading, byte: number): unknown {
  const { s } = reading;
  const from = s.at;
  reading.values--;
  if (byte !== QUOTE) {
    skipToken(s, s.end);
    return scalarOf(s, from);
  }
  const hasEscapes = skipString(s);
  return s.at - from > MAX_TEXT_BYTES ? undefined : stringText(s, from + 1, s.at - 1, hasEscapes);
}

function scalarOf(s: JsonScanner, from: number): unknown {
  const text = rawText(s, from, Math.min(s.at, from + MAX_NAME_BYTES));
  if (text === "true" || text === "false") return text === "true";
  if (text === "null") return null;
  return /^-?\d+$/.test(text) && text.length >= LONG_DIGITS ? text : Number(text);
}

/** Passes over the next value, or over the rest of what is `open`. */
function* skip({ s, isOver }: Reading, open = 0): Steps<undefined> {
  if (open === 0 && isScalarSkipped(s)) return undefined;
  const step = createSkip(s, open);
  while (!step()) if (isOver()) yield;
  return undefined;
}

/** Passes over the next value if it is no object and no list; a text of 6 MB takes 8 ms. */
function isScalarSkipped(s: JsonScanner): boolean {
  const byte = peek(s);
  if (byte === OPEN_BRACE || byte === OPEN_BRACKET) return false;
  if (byte === QUOTE) skipString(s);
  else skipToken(s, s.end);
  return true;
}
