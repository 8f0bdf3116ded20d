/**
 * The text of a telemetry POST as elements. One element that is no JSON must not cost the others, and integers in
 * customers' logs beyond 2^53 (order numbers, snowflake ids) keep their digits as bigints.
 */

/** What a body holds. `bad` counts the pieces that are no JSON. */
export interface TelemetryBody {
  readonly elements: readonly unknown[];
  readonly bad: number;
}

/** Only a run this long can be an integer that a double cannot hold. */
const LONG_DIGITS = /[:,[]\s*-?\d{16}/;
/** A longer integer is kept as text: no field could hold it, and `BigInt` takes long over thousands of digits. */
const MAX_BIGINT_DIGITS = 40;
/** Where an element may begin, after one that could not be read. */
const ELEMENT_START = /\{\s*"(?:time"\s*:|type"\s*:\s*"(?:platform\.|function"|extension"))/g;
/** Salvaging reads at most this many times the body's length, so that no body can hold us up. */
const SALVAGE_EFFORT = 4;

/** Reads an array of events; also a single event, and whatever is whole in a body that is not. Never throws. */
export function parseTelemetryBody(text: string): TelemetryBody {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch {
    return salvage(text);
  }
  if (Array.isArray(value)) return { elements: value, bad: 0 };
  return { elements: [value], bad: 0 };
}

function parseJson(text: string): unknown {
  // The reviver costs ten times the parse, so it runs only where digits would be lost.
  if (!LONG_DIGITS.test(text)) return JSON.parse(text);
  try {
    return JSON.parse(text, keepDigits);
  } catch (error) {
    // The reviver recurses: a body nested too deep for it is still read, at the price of its last digits.
    if (error instanceof RangeError) return JSON.parse(text);
    throw error;
  }
}

function keepDigits(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  const source = context?.source;
  if (source === undefined || !/^-?\d+$/.test(source)) return value;
  return source.length > MAX_BIGINT_DIGITS ? source : BigInt(source);
}

function salvage(text: string): TelemetryBody {
  const elements: unknown[] = [];
  let bad = 0;
  let effort = text.length * SALVAGE_EFFORT;
  let at = text.indexOf("{");
  while (at >= 0) {
    const end = endOfObject(text, at);
    effort -= end - at;
    const element = parseObject(text.slice(at, end));
    if (element !== undefined) {
      elements.push(element);
      at = text.indexOf("{", end);
      continue;
    }
    bad++;
    ELEMENT_START.lastIndex = at + 1;
    at = effort < 0 ? -1 : ELEMENT_START.exec(text)?.index ?? -1;
  }
  if (elements.length === 0 && bad === 0 && text.trim() !== "") bad = 1;
  return { elements, bad };
}

function parseObject(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
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
