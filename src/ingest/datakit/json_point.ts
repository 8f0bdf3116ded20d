/** What the members of a point in JSON mean: those of the simple form, whose numbers are floats, and of PB-JSON. */
import { isJsonObject, type JsonObject, toExactJson } from "../../json/exact_json.ts";
import { beginningOf, type LongContent } from "../../point/long_text.ts";
import type { FieldValue, Scalar } from "../../point/point.ts";
import { MAX_PARTS, TOO_MANY_PARTS } from "./decoded.ts";
import { LONG_STRING } from "./json_name.ts";
import { type ListItem, listOf } from "./long_list.ts";
import { parseBase64, type ParsedScalar, parseInteger } from "./scalar_text.ts";
import { type Precision, toNs } from "./precision.ts";
import type { WirePoint } from "./wire_point.ts";

/** A value that stays in the body until it is written: a string, or of a simple field also JSON or a list. */
export class LongJson {
  constructor(readonly content: LongContent) {}
}

/** The array of a PB-JSON field, read; `undefined`: it is malformed. */
export class TypedList {
  constructor(readonly value: readonly Scalar[] | LongContent | undefined) {}
}

/** The tags of a simple point, read. */
export class ReadTags {
  readonly tags: [string, string][] = [];

  add(key: string, value: unknown): void {
    if (value !== null) this.tags.push([key, textOf(value) ?? toExactJson(value)]);
  }
}

/** The fields of a point, read; in PB-JSON its tags are among them. */
export class ReadFields {
  readonly tags: [string, string][] = [];
  readonly fields: [string, FieldValue | LongContent | undefined][] = [];
  /** The rule that the first part left out breaks. */
  broken: string | undefined;

  constructor(readonly isTyped: boolean) {}

  addSimple(key: string, value: unknown): void {
    this.fields.push([key, toValue(value)]);
  }

  /** Adds one of PB-JSON; what cannot be read is left out. */
  addTyped(field: unknown): void {
    const broken = addTyped(field, this);
    this.broken ??= broken;
  }
}

/** A read time, `undefined` in it when absent. */
type ParsedTime = { readonly timeNs: bigint | undefined } | "malformed";

/** Like {@link ParsedScalar}, of values that may be long. */
type ParsedItem = { readonly value: ListItem | undefined } | "malformed";

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The point, or the rule it breaks. A tag or field that cannot be read costs only itself, unless no other is left. */
export function toPoint(item: JsonObject, precision: Precision): WirePoint | string {
  const measurement = textOf(item.measurement ?? item.name ?? "");
  if (measurement === undefined) return "its measurement must be text";
  const parts = readFields(item.fields);
  // The typed form says nanoseconds by definition.
  const time = toTime(item.time, parts?.isTyped === true && precision === "auto" ? "n" : precision);
  if (time === "malformed") return "its time must be a whole number";
  const tags = readTags(item.tags)?.tags;
  if (tags === undefined) return "its tags must be an object";
  if (parts === undefined) return "its fields must be an object or a list";
  const { fields, broken } = parts;
  for (const tag of parts.tags) tags.push(tag);
  if (tags.length + fields.length > MAX_PARTS) return TOO_MANY_PARTS;
  if (broken !== undefined && fields.length === 0) return broken;
  const point = { measurement, tags, fields, timeNs: time.timeNs };
  return broken === undefined ? point : { ...point, isTrimmed: true };
}

/** A string, or the beginning of a long one. */
function textOf(value: unknown): string | undefined {
  if (!(value instanceof LongJson)) return typeof value === "string" ? value : undefined;
  return decoder.decode(beginningOf(value.content.texts.at(0) ?? [], LONG_STRING));
}

/** `undefined`: they are no object. */
function readTags(value: unknown): ReadTags | undefined {
  if (value instanceof ReadTags) return value;
  const tags = new ReadTags();
  if (value === undefined || value === null) return tags;
  if (!isJsonObject(value) || value instanceof LongJson) return undefined;
  for (const [key, tag] of Object.entries(value)) tags.add(key, tag);
  return tags;
}

/** `undefined`: they are neither an object nor a list. */
function readFields(value: unknown): ReadFields | undefined {
  if (value instanceof ReadFields) return value;
  const parts = new ReadFields(Array.isArray(value));
  if (Array.isArray(value)) { for (const field of value) parts.addTyped(field); }
  else if (isJsonObject(value) && !(value instanceof LongJson)) {
    for (const [key, field] of Object.entries(value)) parts.addSimple(key, field);
  } else return undefined;
  return parts;
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
function toValue(value: unknown): FieldValue | LongContent | undefined {
  if (value instanceof LongJson) return value.content;
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
function addTyped(field: unknown, { tags, fields }: ReadFields): string | undefined {
  if (!isJsonObject(field) || typeof field.key !== "string") return "each of its fields must have a key";
  if (field.is_tag === true || field.isTag === true) {
    const text = textOf(field.s);
    if (text === undefined) return "its tags must be text";
    tags.push([field.key, text]);
    return undefined;
  }
  const value = typedValue(field);
  if (value === "malformed") return "each of its fields must hold a value of its type";
  fields.push([field.key, value.value]);
  return undefined;
}

function typedValue(
  field: JsonObject,
): { readonly value: FieldValue | LongContent | undefined } | "malformed" {
  const { a } = field;
  if (a instanceof TypedList) return a.value === undefined ? "malformed" : { value: a.value };
  return isJsonObject(a) && !(a instanceof LongJson) ? typedList(a.arr) : typedScalar(field);
}

function typedList(list: unknown): { readonly value: FieldValue | LongContent } | "malformed" {
  const values: ListItem[] = [];
  for (const item of Array.isArray(list) ? list : []) {
    const parsed = typedScalar(item);
    if (parsed === "malformed" || parsed.value === undefined) return "malformed";
    values.push(parsed.value);
  }
  return { value: listOf(values) };
}

/** The value under the key that names its type; none is a field without a value. */
export function typedScalar(field: unknown): ParsedItem {
  if (!isJsonObject(field) || field instanceof LongJson) return "malformed";
  const { i, u, f, b, d, s } = field;
  if (i !== undefined) return toInteger(i, false);
  if (u !== undefined) return toInteger(u, true);
  if (f !== undefined) return isFloat(f) ? { value: Number(f) } : "malformed";
  if (b !== undefined) return typeof b === "boolean" ? { value: b } : "malformed";
  if (d instanceof Uint8Array) return { value: d };
  if (d !== undefined) return typeof d === "string" ? parseBase64(d) : "malformed";
  if (s instanceof LongJson) return { value: s.content };
  if (s !== undefined) return typeof s === "string" ? { value: s } : "malformed";
  return { value: undefined };
}

function toInteger(value: unknown, isUnsigned: boolean): ParsedScalar {
  const isText = typeof value === "string" || typeof value === "number" || typeof value === "bigint";
  return isText ? parseInteger(String(value), isUnsigned) : "malformed";
}

/** protobuf's JSON writes NaN and the infinities as text. */
function isFloat(value: unknown): value is number | bigint | string {
  return typeof value === "number" || typeof value === "bigint" ||
    value === "NaN" || value === "Infinity" || value === "-Infinity";
}
