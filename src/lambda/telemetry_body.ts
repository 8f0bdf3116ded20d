/** The text of a telemetry POST as elements. One element that is no JSON must not cost the others. */
import type { Steps } from "../bounded_pattern.ts";
import { tryParseExactJson } from "../json/exact_json.ts";
import { readJsonSteps } from "../json/steps_json.ts";

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
/** A longer text is read in steps. In UTF-16 units. */
const LARGE = 64 * 1024;
/** Units between two steps. */
const STEP = 16 * 1024;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/**
 * Reads an array of events; also a single event, and whatever is whole in a body that is not. In steps, of which none
 * reads more than some KB or one string. Never throws.
 */
export function* readTelemetryBody(text: string): Steps<TelemetryBody> {
  const value = text.length > LARGE ? yield* readJsonSteps(text, DIGITS) : tryParseExactJson(text, DIGITS);
  if (value === undefined) return yield* salvage(text);
  return { elements: Array.isArray(value) ? value : [value], bad: 0 };
}

function* salvage(text: string): Steps<TelemetryBody> {
  const elements: unknown[] = [];
  let bad = 0;
  let effort = text.length * SALVAGE_EFFORT;
  let at = text.indexOf("{");
  while (at >= 0) {
    const end = yield* endOfObject(text, at);
    effort -= (end ?? text.length) - at;
    const element = end === undefined ? undefined : yield* readJsonSteps(text.slice(at, end), DIGITS);
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
