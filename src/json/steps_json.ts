/**
 * Reads large JSON texts in steps, and writes what was read. `JSON.parse` takes some 30 ms for an object of 130,000
 * members, and nothing else runs meanwhile: here a value is put together of what it makes of some KB at a time.
 */
import {
  endOfString,
  type ExactJsonOptions,
  isJsonObject,
  MAX_JSON_DEPTH,
  toExactJson,
  toJson,
  tryParseExactJson,
} from "./exact_json.ts";
import { createKeyOrder, isLarge, type KeyOrder, keysOf, markLarge } from "./large_values.ts";

/** Work between which everything else runs. */
type Steps<T> = Generator<undefined, T>;

/** What is read or written in a step, in UTF-16 units. */
const STEP = 16 * 1024;
/** Values that are written in a step. */
const MAX_VALUES = 512;

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** A large object or list that is open. */
interface Frame {
  readonly list: unknown[] | undefined;
  readonly object: Record<string, unknown>;
  readonly keys: KeyOrder;
  /** Its own key in the object that it stands in. */
  readonly key: string;
  /** What may come next: anything; an item, as there is a comma; its end, as a large item has no comma behind it. */
  next: "any" | "item" | "end";
}

/** What was passed over. */
interface Scan {
  /** Where items end that are whole. */
  readonly to: number;
  /** What is there: a comma, what closes an object or list, or `NaN` where the text ends. */
  readonly unit: number;
  /** Where a large object or list begins, as the next item or its value. */
  readonly largeAt?: number;
}

export interface StepsOptions extends Pick<ExactJsonOptions, "integers"> {
  /** About how much is read in a step, in UTF-16 units. An object or list of a longer text is large. @default 16384 */
  readonly step?: number;
}

/**
 * The value that `tryParseExactJson` gives, in steps of less than a millisecond: `undefined` for what is no JSON. An
 * object or list that is large is told to be so, see `isLarge`. A string is read in one go.
 */
export function* readJsonSteps(
  text: string,
  { integers = "bigint", step = STEP }: StepsOptions = {},
): Steps<unknown> {
  const start = text.length <= step ? 0 : afterSpace(text, 0);
  if (text.length <= step || !isOpening(text.charCodeAt(start))) return tryParseExactJson(text, { integers });
  const frames: Frame[] = [openFrame(text, start, "")];
  let at = start + 1;
  for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
    yield;
    const { to, unit, largeAt } = scan(text, at, step);
    const options = { integers, outerDepth: frames.length - 1 };
    if (largeAt !== undefined) {
      const key = keyOf(frame, text.slice(at, largeAt));
      if (key === undefined) return undefined;
      if (frames.length < MAX_JSON_DEPTH) {
        frames.push(openFrame(text, largeAt, key));
        at = largeAt + 1;
        continue;
      }
      // Nested too deep to be looked into.
      at = yield* endOfDeep(text, largeAt);
      put(frame, key, text.slice(largeAt, at));
    } else {
      if (!takeItems(frame, text.slice(at, to), unit === COMMA, options)) return undefined;
      at = to + 1;
      if (unit === COMMA) continue;
      if (unit !== (frame.list === undefined ? CLOSE_BRACE : CLOSE_BRACKET)) return undefined;
      frames.pop();
      const value = frame.list ?? frame.object;
      markLarge(value, yield* frame.keys.done());
      const outer = frames.at(-1);
      if (outer === undefined) return afterSpace(text, at) === text.length ? value : undefined;
      put(outer, frame.key, value);
      frame = outer;
    }
    at = afterSpace(text, at);
    frame.next = text.charCodeAt(at) === COMMA ? "item" : "end";
    if (frame.next === "item") at++;
  }
  return undefined;
}

function openFrame(text: string, at: number, key: string): Frame {
  const list = text.charCodeAt(at) === OPEN_BRACKET ? [] : undefined;
  return { list, object: {}, keys: createKeyOrder(), key, next: "any" };
}

/** Passes over items from `at` on: of some KB together, or up to a large one. */
function scan(text: string, at: number, step: number): Scan {
  let open = 0;
  let itemAt = at;
  let openAt = at;
  for (let i = at; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === QUOTE) i = endOfString(text, i);
    else if (isOpening(unit)) {
      if (open++ === 0) openAt = i;
    } else if (unit === CLOSE_BRACE || unit === CLOSE_BRACKET) {
      if (open-- === 0) return { to: i, unit };
    } else if (unit === COMMA && open === 0) {
      if (i - at >= step) return { to: i, unit };
      itemAt = i + 1;
    }
    if (open === 0 || i - at < step) continue;
    // It may be large: it is looked at by itself, behind those before it.
    if (itemAt > at) return { to: itemAt - 1, unit: COMMA };
    if (i - openAt >= step) return { to: itemAt, unit, largeAt: openAt };
  }
  return { to: text.length, unit: NaN };
}

/** Takes whole items, none among them; `false`: they are no JSON, or must not be there. */
function takeItems(frame: Frame, items: string, isMore: boolean, options: ExactJsonOptions): boolean {
  const part = tryParseExactJson(frame.list === undefined ? `{${items}}` : `[${items}]`, options);
  let count = 0;
  if (Array.isArray(part)) {
    for (const item of part) put(frame, "", item);
    count = part.length;
  } else if (isJsonObject(part)) {
    for (const key of Object.keys(part)) {
      put(frame, key, part[key]);
      count++;
    }
  } else return false;
  const isFit = count > 0 ? frame.next !== "end" : frame.next !== "item" && !isMore;
  frame.next = isMore ? "item" : "end";
  return isFit;
}

/** The key that stands before a large value, in a list none; `undefined`: something else does. */
function keyOf(frame: Frame, before: string): string | undefined {
  if (frame.next === "end") return undefined;
  if (frame.list !== undefined) return tryParseExactJson(`[${before}{}]`) === undefined ? undefined : "";
  const part = tryParseExactJson(`{${before}{}}`);
  return isJsonObject(part) ? Object.keys(part)[0] : undefined;
}

function put({ list, object, keys }: Frame, key: string, value: unknown): void {
  if (list !== undefined) {
    list.push(value);
    return;
  }
  if (!Object.hasOwn(object, key)) keys.add(key);
  if (key !== "__proto__") object[key] = value;
  else Object.defineProperty(object, key, { value, configurable: true, enumerable: true, writable: true });
}

/** Index after the object or list at `start`, whatever is in it; the text's length when it never closes. */
function* endOfDeep(text: string, start: number): Steps<number> {
  let open = 0;
  let stopAt = start + STEP;
  for (let at = start; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === QUOTE) at = endOfString(text, at);
    else if (isOpening(unit)) open++;
    else if ((unit === CLOSE_BRACE || unit === CLOSE_BRACKET) && --open === 0) return at + 1;
    if (at < stopAt) continue;
    yield;
    stopAt = at + STEP;
  }
  return text.length;
}

function isOpening(unit: number): boolean {
  return unit === OPEN_BRACE || unit === OPEN_BRACKET;
}

/** Index of what follows the white space at `start`. */
function afterSpace(text: string, start: number): number {
  let at = start;
  for (let unit = text.charCodeAt(at); unit === 0x20 || unit === 0x0a || unit === 0x0d || unit === 0x09;) {
    unit = text.charCodeAt(++at);
  }
  return at;
}

/**
 * The text that `toJson` gives, in steps, of what {@link readJsonSteps} gave or was made of that. Of a large object only
 * the members of these `keys`.
 */
export function* toJsonSteps(value: unknown, keys?: readonly string[]): Steps<string> {
  if (!isLarge(value)) return toJson(value);
  return (yield* textOf(value, tryStringify, keys)) ?? (yield* toExactJsonSteps(value, keys));
}

/** The same as `toExactJson` gives it. */
export function* toExactJsonSteps(value: unknown, keys?: readonly string[]): Steps<string> {
  return isLarge(value) ? (yield* textOf(value, toExactJson, keys)) ?? "null" : toExactJson(value);
}

/** `undefined` where `write` cannot write all of it. */
function* textOf(
  value: unknown,
  write: (value: unknown) => string | undefined,
  wanted?: readonly string[],
): Steps<string | undefined> {
  const object = isJsonObject(value) ? value : {};
  const list: readonly unknown[] | undefined = Array.isArray(value) ? value : undefined;
  const keys = wanted ?? keysOf(object);
  const count = list?.length ?? keys.length;
  const parts: string[] = [];
  let part: string[] = [];
  let length = 0;
  for (let i = 0; i < count; i++) {
    const key = keys[i] ?? "";
    const member = list === undefined ? object[key] : list[i];
    const text = isLarge(member) ? yield* textOf(member, write) : write(member);
    if (text === undefined) return undefined;
    part.push(list === undefined ? `${JSON.stringify(key)}:${text}` : text);
    length += text.length;
    if (length < STEP && part.length < MAX_VALUES) continue;
    // Joined here, that no step has to join all of it.
    parts.push(part.join());
    part = [];
    length = 0;
    yield;
  }
  if (part.length > 0) parts.push(part.join());
  return list === undefined ? `{${parts.join()}}` : `[${parts.join()}]`;
}

/** `undefined` for what has a bigint. */
function tryStringify(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}
