/**
 * Decodes DataKit's two JSON forms, which may stand side by side: the simple one, whose numbers are floats, and
 * PB-JSON, whose fields carry their types.
 */
import { isJsonObject, type JsonObject, toExactJson, tryParseExactJson } from "../../json/exact_json.ts";
import type { FieldValue, Scalar } from "../../point/point.ts";
import { MAX_PARTS, TOO_MANY_PARTS } from "./decoded.ts";
import { createJsonItems, type JsonItem } from "./json_items.ts";
import { parseBase64, type ParsedScalar, parseInteger } from "./scalar_text.ts";
import { type Precision, toNs } from "./precision.ts";
import { NOTHING_YET, type WireDecoder, type WirePoint } from "./wire_point.ts";

/** Commas of a point that are parsed, those within its values too: some 10 ms. A point with more is malformed. */
const MAX_COMMAS = 50_000;

/** A read time, `undefined` in it when absent. */
type ParsedTime = { readonly timeNs: bigint | undefined } | "malformed";

/**
 * A decoder of a list of points, or of one. Text that is no JSON is one malformed point, whatever stands before the
 * fault: {@link createJsonCheck} tells that before.
 */
export function createJsonDecoder(text: string, precision: Precision): WireDecoder {
  const items = createJsonItems(text);
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

function readPoint(item: JsonItem, precision: Precision): WirePoint | string {
  if (item.commas > MAX_COMMAS) return TOO_MANY_PARTS;
  const value = tryParseExactJson(item.text);
  return isJsonObject(value) ? toPoint(value, precision) : "each point must be an object";
}

/** Whether the text is JSON; looks at a part of it each time and tells `undefined` as long as there is more. */
export function createJsonCheck(text: string): () => boolean | undefined {
  const items = createJsonItems(text);
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
  if (i !== undefined) return parseInteger(String(i), false);
  if (u !== undefined) return parseInteger(String(u), true);
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
