/**
 * The one reader of JSON that others send: no digit of an integer is lost, and neither nesting nor digits nor the
 * number of parts can hold us up. `JSON.parse` alone rounds integers beyond 2^53, takes 170 ns for each level of
 * nesting, gives what recursive code cannot walk, and with a reviver overflows the stack itself.
 */

/** A JSON object as it came. Keys are the sender's, `__proto__` among them: read own members only. */
export type JsonObject = Readonly<Record<string, unknown>>;

export interface ExactJsonOptions {
  /**
   * What an integer beyond 2^53 becomes. `bigint` (the default): a bigint, or a number if it has more than
   * {@link MAX_BIGINT_DIGITS} digits. `bigint or text`: a bigint, or text if it has more. `text`: its digits as
   * text (of every integer of 16 digits or more), which is four times as fast.
   */
  readonly integers?: "bigint" | "text" | "bigint or text";
  /** Objects and lists the text may have; unbounded by default. An empty one takes two bytes, and 50 in memory. */
  readonly maxContainers?: number;
  /** Objects and lists that the text stands within. @default 0 */
  readonly outerDepth?: number;
}

/** Deeper objects and lists are given as their JSON text: nothing real nests so far. OTLP needs 140 at most. */
export const MAX_JSON_DEPTH = 256;

/** Making a bigint takes time that grows with the square of its digits. 64 bits have 20. */
const MAX_BIGINT_DIGITS = 40;

/** Integers of fewer digits are exact as numbers. */
const LONG_DIGITS = 16;

/**
 * The value of a JSON text. Throws SyntaxError when it is no JSON, RangeError when it has too many objects and lists.
 */
export function parseExactJson(text: string, options: ExactJsonOptions = {}): unknown {
  const { integers = "bigint", maxContainers = Infinity, outerDepth = 0 } = options;
  const maxDepth = MAX_JSON_DEPTH - outerDepth;
  const { depth, containers, digits } = survey(text);
  if (containers > maxContainers) {
    throw new RangeError(`Cannot read JSON as it may have ${maxContainers} objects and lists at most`);
  }
  const longest = integers === "text"
    ? LONG_DIGITS - 1
    : integers === "bigint"
    ? Infinity
    : MAX_BIGINT_DIGITS;
  const isRewritten = depth > maxDepth || digits > longest;
  const bounded = isRewritten ? rewrite(text, maxDepth, longest) : text;
  // The reviver takes four times as long as parsing, so it runs only where digits would be lost.
  return digits >= LONG_DIGITS && integers !== "text" ? JSON.parse(bounded, keepDigits) : JSON.parse(bounded);
}

/** Like {@link parseExactJson}, but `undefined` for what it throws at. */
export function tryParseExactJson(text: string, options?: ExactJsonOptions): unknown {
  try {
    return parseExactJson(text, options);
  } catch {
    return undefined;
  }
}

/** Whether a value is an object, and no list. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * The JSON text of a value that {@link parseExactJson} gave, or of maps, which stand for objects. A bigint is a bare
 * number with all its digits, bytes are base64 text, NaN and the infinities are text as in protobuf's JSON; what
 * JSON has nothing for is null.
 * @see https://protobuf.dev/programming-guides/json/
 */
export function toExactJson(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "bigint":
    case "boolean":
      return String(value);
    case "number":
      return Number.isFinite(value) ? JSON.stringify(value) : `"${value}"`;
    case "object":
      return value === null ? "null" : objectText(value);
    default:
      return "null";
  }
}

/** Compact JSON as `JSON.stringify` writes it; by {@link toExactJson} where there are bigints, which keep their digits. */
export function toJson(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    return toExactJson(value);
  }
}

function objectText(value: object): string {
  if (Array.isArray(value)) return `[${value.map(toExactJson).join()}]`;
  if (value instanceof Uint8Array) return `"${value.toBase64()}"`;
  let members = "";
  for (const [key, member] of value instanceof Map ? value : Object.entries(value)) {
    members += `${members === "" ? "" : ","}${JSON.stringify(String(key))}:${toExactJson(member)}`;
  }
  return `{${members}}`;
}

function keepDigits(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  const source = context?.source ?? "";
  const isShort = source.length <= MAX_BIGINT_DIGITS + (value < 0 ? 1 : 0);
  return isShort && /^-?\d+$/.test(source) ? BigInt(source) : value;
}

/** What a text holds that decides how it is parsed. */
interface Survey {
  /** Of its deepest object or list; 0 without any. */
  readonly depth: number;
  /** Objects and lists. */
  readonly containers: number;
  /** Of its longest integer. */
  readonly digits: number;
}

/** Half a nanosecond a character: far below what parsing takes. */
function survey(text: string): Survey {
  let open = 0;
  let depth = 0;
  let containers = 0;
  let digits = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === QUOTE) at = endOfString(text, at);
    else if (unit === OPEN_BRACE || unit === OPEN_BRACKET) {
      containers++;
      if (++open > depth) depth = open;
    } else if (unit === CLOSE_BRACE || unit === CLOSE_BRACKET) open--;
    else if (isDigit(unit)) {
      const end = endOfNumber(text, at);
      if (end - at > digits && isInteger(text, at, end)) digits = end - at;
      at = end - 1;
    }
  }
  return { depth, containers, digits };
}

/** The text with what nests deeper than `maxDepth`, and integers of more than `longest` digits, as strings. */
function rewrite(text: string, maxDepth: number, longest: number): string {
  let made = "";
  let copied = 0;
  let open = 0;

  /** Makes a string of a part, unless it stands where a key must: that stays an error. */
  function quote(start: number, end: number): void {
    if (isBeforeColon(text, end)) return;
    made += text.slice(copied, start) + JSON.stringify(text.slice(start, end));
    copied = end;
  }

  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === QUOTE) at = endOfString(text, at);
    else if (unit === CLOSE_BRACE || unit === CLOSE_BRACKET) open--;
    else if (unit === OPEN_BRACE || unit === OPEN_BRACKET) {
      if (open < maxDepth) open++;
      else {
        const end = endOfContainer(text, at);
        quote(at, end);
        at = end - 1;
      }
    } else if (isDigit(unit)) {
      const end = endOfNumber(text, at);
      if (end - at > longest && isInteger(text, at, end)) {
        quote(text.charCodeAt(at - 1) === MINUS ? at - 1 : at, end);
      }
      at = end - 1;
    }
  }
  return made + text.slice(copied);
}

const QUOTE = 0x22;
const MINUS = 0x2d;
const DOT = 0x2e;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

function isDigit(unit: number): boolean {
  return unit >= 0x30 && unit <= 0x39;
}

/** Index of the quote that ends the string begun at `start`; the text's length without one. */
export function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return end;
  }
  return text.length;
}

/** Index after the object or list begun at `start`; the text's length when it never closes. */
function endOfContainer(text: string, start: number): number {
  let open = 0;
  for (let at = start; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === QUOTE) at = endOfString(text, at);
    else if (unit === OPEN_BRACE || unit === OPEN_BRACKET) open++;
    else if ((unit === CLOSE_BRACE || unit === CLOSE_BRACKET) && --open === 0) return at + 1;
  }
  return text.length;
}

/** Index after the digits, fraction and exponent at `start`. */
function endOfNumber(text: string, start: number): number {
  let at = start + 1;
  for (let unit = text.charCodeAt(at); isNumberPart(unit); unit = text.charCodeAt(at)) at++;
  return at;
}

function isNumberPart(unit: number): boolean {
  return isDigit(unit) || unit === DOT || unit === 0x65 || unit === 0x45 || unit === MINUS || unit === 0x2b;
}

/** Whether there are digits only from `start` to `end`, without a leading zero; never true of a fraction. */
function isInteger(text: string, start: number, end: number): boolean {
  if (text.charCodeAt(start) === 0x30 && end > start + 1) return false;
  for (let at = start; at < end; at++) if (!isDigit(text.charCodeAt(at))) return false;
  return true;
}

function isBeforeColon(text: string, end: number): boolean {
  let at = end;
  for (let unit = text.charCodeAt(at); unit === 0x20 || (unit >= 0x09 && unit <= 0x0d);) {
    unit = text.charCodeAt(++at);
  }
  return text[at] === ":";
}
