/** DataKit's JSON read by `JSON.parse`, a whole point at a time: what the reader that never does so is held against. */
import {
  isJsonObject,
  type JsonObject,
  toExactJson,
  tryParseExactJson,
} from "../../../src/json/exact_json.ts";
import { MAX_PARTS, TOO_MANY_PARTS } from "../../../src/ingest/datakit/decoded.ts";
import { type Precision, toNs } from "../../../src/ingest/datakit/precision.ts";
import { parseBase64, type ParsedScalar, parseInteger } from "../../../src/ingest/datakit/scalar_text.ts";
import { NOTHING_YET, type WireDecoder, type WirePoint } from "../../../src/ingest/datakit/wire_point.ts";
import type { FieldValue, Scalar } from "../../../src/point/point.ts";

/** A decoder of a body; `undefined`: it is no JSON. */
export function createParsingDecoder(body: Uint8Array, precision: Precision): WireDecoder | undefined {
  const text = new TextDecoder().decode(body);
  const check = createCheck(text);
  let isJson: boolean | undefined;
  while (isJson === undefined) isJson = check();
  return isJson ? createDecoder(text, precision) : undefined;
}

/** Commas of a point that are parsed, those within its values too: some 10 ms. A point with more is malformed. */
const MAX_COMMAS = 50_000;

/** A read time, `undefined` in it when absent. */
type ParsedTime = { readonly timeNs: bigint | undefined } | "malformed";

/**
 * A decoder of a list of points, or of one.
 */
function createDecoder(text: string, precision: Precision): WireDecoder {
  const items = createItems(text);
  return {
    next: () => {
      const item = items.next();
      if (item === undefined) return undefined;
      if (item === "unfinished") return NOTHING_YET;
      const point = readPoint(item, precision);
      return typeof point === "string" ? { error: `Cannot read a point as ${point}`, count: 1 } : point;
    },
  };
}

function readPoint(item: Item, precision: Precision): WirePoint | string {
  if (item.commas > MAX_COMMAS) return TOO_MANY_PARTS;
  const value = tryParseExactJson(item.text);
  return isJsonObject(value) ? toPoint(value, precision) : "each point must be an object";
}

/** Whether the text is JSON; looks at a part of it each time and tells `undefined` as long as there is more. */
function createCheck(text: string): () => boolean | undefined {
  const items = createItems(text);
  return () => {
    const item = items.next();
    if (item === undefined) return !items.isBroken;
    if (item === "unfinished") return undefined;
    return item.commas > MAX_COMMAS || tryParseExactJson(item.text) !== undefined ? undefined : false;
  };
}

/** The parts of a point while it is read. */
interface Parts {
  readonly tags: [string, string][];
  readonly fields: [string, FieldValue | undefined][];
  /** The rule that the first part left out breaks. */
  broken: string | undefined;
}

/** The point, or the rule it breaks. A tag or field that cannot be read costs only itself, unless no other is left. */
function toPoint(item: JsonObject, precision: Precision): WirePoint | string {
  const measurement = item.measurement ?? item.name ?? "";
  if (typeof measurement !== "string") return "its measurement must be text";
  const isPbJson = Array.isArray(item.fields);
  // The typed form says nanoseconds by definition.
  const time = toTime(item.time, isPbJson && precision === "auto" ? "n" : precision);
  if (time === "malformed") return "its time must be a whole number";
  const parts: Parts = { tags: [], fields: [], broken: undefined };
  const { tags, fields } = parts;
  if (isJsonObject(item.tags)) {
    for (const [key, value] of Object.entries(item.tags)) {
      if (value !== null) tags.push([key, typeof value === "string" ? value : toExactJson(value)]);
    }
  } else if (item.tags !== undefined && item.tags !== null) return "its tags must be an object";
  if (Array.isArray(item.fields)) {
    for (const field of item.fields) {
      const broken = addTyped(field, parts);
      parts.broken ??= broken;
    }
  } else if (isJsonObject(item.fields)) {
    for (const [key, value] of Object.entries(item.fields)) fields.push([key, toValue(value)]);
  } else return "its fields must be an object or a list";
  if (tags.length + fields.length > MAX_PARTS) return TOO_MANY_PARTS;
  if (parts.broken !== undefined && fields.length === 0) return parts.broken;
  const point = { measurement, tags, fields, timeNs: time.timeNs };
  return parts.broken === undefined ? point : { ...point, isTrimmed: true };
}

function toTime(value: unknown, precision: Precision): ParsedTime {
  if (value === undefined || value === null || value === "") return { timeNs: undefined };
  if (typeof value === "bigint") return { timeNs: toNs(value, precision) };
  if (typeof value === "number") {
    return Number.isFinite(value) ? { timeNs: toNs(BigInt(Math.trunc(value)), precision) } : "malformed";
  }
  const parsed = typeof value === "string" ? parseInteger(value, false) : "malformed";
  if (parsed === "malformed" || typeof parsed.value !== "bigint") return "malformed";
  return { timeNs: toNs(parsed.value, precision) };
}

/** A simple field: numbers are floats, what has no type of its own becomes JSON text, `null` nothing. */
function toValue(value: unknown): FieldValue | undefined {
  if (Array.isArray(value)) {
    const scalars = value.map(toScalar);
    return scalars.every((scalar) => scalar !== undefined) ? scalars : toExactJson(value);
  }
  return value === null ? undefined : toScalar(value) ?? toExactJson(value);
}

function toScalar(value: unknown): Scalar | undefined {
  if (typeof value === "bigint") return Number(value);
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? value
    : undefined;
}

/** Adds a PB-JSON field or tag; returns the rule it breaks. */
function addTyped(field: unknown, { tags, fields }: Parts): string | undefined {
  if (!isJsonObject(field) || typeof field.key !== "string") return "each of its fields must have a key";
  if (field.is_tag === true || field.isTag === true) {
    if (typeof field.s !== "string") return "its tags must be text";
    tags.push([field.key, field.s]);
    return undefined;
  }
  const value = isJsonObject(field.a) ? typedList(field.a.arr) : typedScalar(field);
  if (value === "malformed") return "each of its fields must hold a value of its type";
  fields.push([field.key, value.value]);
  return undefined;
}

function typedList(list: unknown): { readonly value: readonly Scalar[] } | "malformed" {
  const values: Scalar[] = [];
  for (const item of Array.isArray(list) ? list : []) {
    const parsed = isJsonObject(item) ? typedScalar(item) : "malformed";
    if (parsed === "malformed" || parsed.value === undefined) return "malformed";
    values.push(parsed.value);
  }
  return { value: values };
}

/** The value under the key that names its type; none is a field without a value. */
function typedScalar(field: JsonObject): ParsedScalar {
  const { i, u, f, b, d, s } = field;
  if (i !== undefined) return typeof i === "object" ? "malformed" : parseInteger(String(i), false);
  if (u !== undefined) return typeof u === "object" ? "malformed" : parseInteger(String(u), true);
  if (f !== undefined) return isFloat(f) ? { value: Number(f) } : "malformed";
  if (b !== undefined) return typeof b === "boolean" ? { value: b } : "malformed";
  if (d !== undefined) return typeof d === "string" ? parseBase64(d) : "malformed";
  if (s !== undefined) return typeof s === "string" ? { value: s } : "malformed";
  return { value: undefined };
}

/** protobuf's JSON writes NaN and the infinities as text. */
function isFloat(value: unknown): value is number | bigint | string {
  return typeof value === "number" || typeof value === "bigint" ||
    value === "NaN" || value === "Infinity" || value === "-Infinity";
}

/** An item of a JSON list, or the whole text where that is no list. */
interface Item {
  readonly text: string;
  /** Commas in it that part members and items of its own. */
  readonly commas: number;
}

/** Takes a list apart without parsing it, so that no more than an item is parsed at a time. */
interface Items {
  /** The list is not closed, or something is behind it. Known at its end. */
  readonly isBroken: boolean;
  /** The next item, which may be anything; `unfinished` after a bounded time without one; `undefined` at the end. */
  next(): Item | "unfinished" | undefined;
}

/** Characters looked at in one go: some 1 ms. */
const STEP = 200_000;

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** The items of a text. */
function createItems(text: string): Items {
  let at = skipSpace(text, 0);
  const isList = text.charCodeAt(at) === OPEN_LIST;
  if (isList) at++;
  let from = at;
  let depth = 0;
  let commas = 0;
  let isInString = false;
  let isEnded = false;
  let isFirst = true;

  const items = { isBroken: false, next };

  function next(): Item | "unfinished" | undefined {
    if (isEnded) return undefined;
    for (const end = Math.min(text.length, at + STEP); at < end; at++) {
      const code = text.charCodeAt(at);
      if (isInString) {
        if (code === BACKSLASH) at++;
        else if (code === QUOTE) isInString = false;
      } else if (code === QUOTE) isInString = true;
      else if (code === OPEN_LIST || code === OPEN_OBJECT) depth++;
      else if (isList && depth === 0 && (code === COMMA || code === CLOSE_LIST)) return take(code);
      else if (code === COMMA) commas++;
      else if (code === CLOSE_LIST || code === CLOSE_OBJECT) depth--;
    }
    if (at < text.length) return "unfinished";
    isEnded = true;
    if (!isList) return { text, commas };
    items.isBroken = true;
    return undefined;
  }

  /** Takes the item that ends here. */
  function take(code: number): Item | undefined {
    const item = { text: text.slice(from, at), commas };
    at++;
    from = at;
    commas = 0;
    if (code === CLOSE_LIST) {
      isEnded = true;
      items.isBroken = skipSpace(text, at) < text.length;
      if (isFirst && item.text.trim() === "") return undefined;
    }
    isFirst = false;
    return item;
  }

  return items;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) break;
  }
  return at;
}
