/** The text of a telemetry POST as elements. One element that is no JSON must not cost the others. */
import type { Steps } from "../bounded_pattern.ts";
import { endOfString, findEndOfContainer, tryParseExactJson } from "../json/exact_json.ts";

/** What a body holds. `bad` counts the pieces that are no JSON. */
export interface TelemetryBody {
  readonly elements: readonly unknown[];
  readonly bad: number;
}

/** Where an element may begin, after one that could not be read. */
const ELEMENT_START = /\{\s*"(?:time"\s*:|type"\s*:\s*"(?:platform\.|function"|extension"))/g;
/** Salvaging reads at most this many times the body's length, so that no body can hold us up. */
const SALVAGE_EFFORT = 4;
/** Order numbers and snowflake ids in customers' logs keep their digits; no field could hold longer ones as numbers. */
const DIGITS = { integers: "bigint or text" } as const;
/** The same in an element, which stands in a list. */
const DIGITS_INSIDE = { ...DIGITS, outerDepth: 1 } as const;
/** A longer text is read element by element, which takes a little more in all. In UTF-16 units. */
const LARGE = 64 * 1024;
/** Units between two steps. */
const STEP = 16 * 1024;
/** An element's end is looked for in one go up to so many units: no line is longer. */
const LONGEST_LINE = 256 * 1024;

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/**
 * Reads an array of events; also a single event, and whatever is whole in a body that is not. In steps, of which none
 * reads much more than one element. Never throws.
 */
export function* readTelemetryBody(text: string): Steps<TelemetryBody> {
  const isList = text.length > LARGE && text.charCodeAt(endOfSpace(text, 0)) === OPEN_BRACKET;
  const elements = isList ? yield* readElements(text) : readAtOnce(text);
  return elements === undefined ? yield* salvage(text) : { elements, bad: 0 };
}

function readAtOnce(text: string): readonly unknown[] | undefined {
  const value = tryParseExactJson(text, DIGITS);
  if (value === undefined) return undefined;
  return Array.isArray(value) ? value : [value];
}

/** The elements of a list; `undefined` if it is no JSON. */
function* readElements(text: string): Steps<readonly unknown[] | undefined> {
  const elements: unknown[] = [];
  let at = endOfSpace(text, endOfSpace(text, 0) + 1);
  let stepFrom = at;
  let isClosed = text.charCodeAt(at) === CLOSE_BRACKET;
  while (!isClosed) {
    const end = endOfValue(text, at) ?? (yield* endOfObject(text, at));
    const element = end === undefined ? undefined : tryParseExactJson(text.slice(at, end), DIGITS_INSIDE);
    if (end === undefined || element === undefined) return undefined;
    elements.push(element);
    at = endOfSpace(text, end);
    const unit = text.charCodeAt(at);
    isClosed = unit === CLOSE_BRACKET;
    if (!isClosed && unit !== COMMA) return undefined;
    if (!isClosed) at = endOfSpace(text, at + 1);
    if (at - stepFrom < STEP) continue;
    yield;
    stepFrom = at;
  }
  return endOfSpace(text, at + 1) === text.length ? elements : undefined;
}

/** Index after the value at `start`, if it is one; `undefined`: it is an object whose end is far away, or not there. */
function endOfValue(text: string, start: number): number | undefined {
  const unit = text.charCodeAt(start);
  if (unit === QUOTE) return endOfString(text, start) + 1;
  if (unit === OPEN_BRACE) return findEndOfContainer(text, start, start + LONGEST_LINE);
  if (unit === OPEN_BRACKET) return findEndOfContainer(text, start, text.length);
  let end = start;
  while (end < text.length && !isEndOfScalar(text.charCodeAt(end))) end++;
  return end;
}

function isEndOfScalar(unit: number): boolean {
  return unit === COMMA || unit === CLOSE_BRACKET || isSpace(unit);
}

function isSpace(unit: number): boolean {
  return unit === 0x20 || unit === 0x0a || unit === 0x0d || unit === 0x09;
}

/** Index of what follows the white space at `start`. */
function endOfSpace(text: string, start: number): number {
  let end = start;
  while (isSpace(text.charCodeAt(end))) end++;
  return end;
}

function* salvage(text: string): Steps<TelemetryBody> {
  const elements: unknown[] = [];
  let bad = 0;
  let effort = text.length * SALVAGE_EFFORT;
  let at = text.indexOf("{");
  while (at >= 0) {
    const end = yield* endOfObject(text, at);
    effort -= (end ?? text.length) - at;
    const element = end === undefined ? undefined : tryParseExactJson(text.slice(at, end), DIGITS);
    yield;
    if (element !== undefined) {
      elements.push(element);
      at = text.indexOf("{", end);
      continue;
    }
    bad++;
    ELEMENT_START.lastIndex = at + 1;
    at = effort < 0 ? -1 : ELEMENT_START.exec(text)?.index ?? -1;
  }
  // Between whole elements too, something was lost with what is missing.
  if (bad === 0 && text.trim() !== "") bad = 1;
  return { elements, bad };
}

/** Index after the object that begins at `start`; `undefined`: it never closes. */
function* endOfObject(text: string, start: number): Steps<number | undefined> {
  let depth = 0;
  let quoted = false;
  for (let from = start; from < text.length; yield) {
    const until = Math.min(text.length, from + STEP);
    let i = from;
    for (; i < until; i++) {
      const c = text.charCodeAt(i);
      if (c === BACKSLASH) i++; // whatever follows is no delimiter
      else if (c === QUOTE) quoted = !quoted;
      else if (quoted) continue;
      else if (c === OPEN_BRACE) depth++;
      else if (c === CLOSE_BRACE && --depth === 0) return i + 1;
    }
    from = i;
  }
  return undefined;
}
