/** The text of a telemetry POST as elements. One element that is no JSON must not cost the others. */
import { parseExactJson, tryParseExactJson } from "../json/exact_json.ts";

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

/** Reads an array of events; also a single event, and whatever is whole in a body that is not. Never throws. */
export function parseTelemetryBody(text: string): TelemetryBody {
  let value: unknown;
  try {
    value = parseExactJson(text, DIGITS);
  } catch {
    return salvage(text);
  }
  if (Array.isArray(value)) return { elements: value, bad: 0 };
  return { elements: [value], bad: 0 };
}

function salvage(text: string): TelemetryBody {
  const elements: unknown[] = [];
  let bad = 0;
  let effort = text.length * SALVAGE_EFFORT;
  let at = text.indexOf("{");
  while (at >= 0) {
    const end = endOfObject(text, at);
    effort -= end - at;
    const element = tryParseExactJson(text.slice(at, end), DIGITS);
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

/** Index after the object that begins at `start`; the text's end when it never closes. */
function endOfObject(text: string, start: number): number {
  let depth = 0;
  let quoted = false;
  for (let i = start; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 0x5c) i++; // backslash: whatever follows is no delimiter
    else if (c === 0x22) quoted = !quoted;
    else if (quoted) continue;
    else if (c === 0x7b) depth++;
    else if (c === 0x7d && --depth === 0) return i + 1;
  }
  return text.length;
}
