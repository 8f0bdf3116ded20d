/**
 * The messages all signals share, from OTLP/JSON.
 * @see `spec/ingest.md` 2.2 and 2.4
 */
import type { JsonObject } from "../../json/exact_json.ts";
import {
  member,
  parseJson,
  toBoolean,
  toDouble,
  toInt32,
  toInteger,
  toList,
  toObject,
  toText,
} from "./json_reader.ts";
import {
  MAX_DEPTH,
  NO_ATTRIBUTES,
  NONE,
  type OtlpAttributes,
  type OtlpItem,
  type OtlpRequest,
  type OtlpResourceItems,
  type OtlpScope,
  type OtlpScopeItems,
  type OtlpValue,
  TOO_DEEP,
} from "./model.ts";

/** What a request loses while it is read. */
export interface Losses {
  /** Elements that could not be read: spans, records, data points, or what holds them. */
  items: number;
  /** Parts that could not be read of elements that were kept: attributes, events, …. */
  parts: number;
}

/** The names that differ between signals, and how one item is read. */
export interface JsonSignal<Item> {
  readonly resources: readonly [camel: string, snake: string];
  readonly scopes: readonly [camel: string, snake: string];
  readonly items: readonly [camel: string, snake: string];
  readonly readItem: (object: JsonObject, losses: Losses) => Item;
}

/**
 * Decodes an export request of any signal. What cannot be read is counted and left out by itself: an attribute of a
 * span, a span of a scope. Throws when the text is no JSON, or no request.
 */
export function decodeJsonRequest<Item>(bytes: Uint8Array, signal: JsonSignal<Item>): OtlpRequest<Item> {
  const request = toObject(parseJson(bytes));
  const losses: Losses = { items: 0, parts: 0 };
  let trimmed = 0;

  function readResourceItems(object: JsonObject): OtlpResourceItems<Item> {
    const around = whole(() => ({
      resource: { attributes: readAttributesOf(member(object, "resource"), losses) },
      schemaUrl: readText(object, losses, "schemaUrl", "schema_url"),
    }));
    return {
      ...around,
      scopes: readEach(toList(member(object, ...signal.scopes)), readScopeItems, losses),
    };
  }

  function readScopeItems(object: JsonObject): OtlpScopeItems<Item> {
    const around = whole(() => ({
      scope: readScope(member(object, "scope"), losses),
      schemaUrl: readText(object, losses, "schemaUrl", "schema_url"),
    }));
    return {
      ...around,
      items: readEach(
        toList(member(object, ...signal.items)),
        (item) => signal.readItem(item, losses),
        losses,
      ),
    };
  }

  /** Reads a resource or scope: it counts once, whatever it lost. */
  function whole<T>(read: () => T): T {
    const before = losses.parts;
    const value = read();
    if (losses.parts > before) trimmed++;
    return value;
  }

  const resources = readEach(toList(member(request, ...signal.resources)), readResourceItems, losses);
  return { resources, malformed: losses.items, ...(trimmed > 0 ? { trimmed } : {}) };
}

/** Reads the objects of a list one by one; one that is malformed is left out and counted. */
export function readEach<T>(list: readonly unknown[], read: (object: JsonObject) => T, losses: Losses): T[] {
  const items: T[] = [];
  for (const item of list) {
    try {
      items.push(read(toObject(item)));
    } catch {
      losses.items++;
    }
  }
  return items;
}

/** Reads an item's members, and notes whether it lost a part. */
export function readItem<T extends OtlpItem>(losses: Losses, read: () => T): T | (T & OtlpItem) {
  const before = losses.parts;
  const item = read();
  return losses.parts > before ? { ...item, trimmed: true } : item;
}

/** Reads a part that its item can do without: what is malformed is counted, and is as if it were absent. */
export function readPart<T, Absent>(losses: Losses, absent: Absent, read: () => T): T | Absent {
  try {
    return read();
  } catch {
    losses.parts++;
    return absent;
  }
}

/** Reads the objects of a member that is a list, each of which its item can do without. */
export function readParts<T>(
  object: JsonObject,
  losses: Losses,
  name: string,
  read: (object: JsonObject) => T,
): readonly T[] {
  const list = readPart(losses, NONE, () => toList(member(object, name)));
  if (list.length === 0) return NONE;
  const parts: T[] = [];
  for (const item of list) readPart(losses, undefined, () => parts.push(read(toObject(item))));
  return parts;
}

/** A text member that its item can do without. */
export function readText(object: JsonObject, losses: Losses, name: string, protoName?: string): string {
  return readPart(losses, "", () => toText(member(object, name, protoName)));
}

/** A member of 32 unsigned bits that its item can do without: flags and counts. */
export function readUint32(object: JsonObject, losses: Losses, name: string, protoName?: string): number {
  return readPart(losses, 0, () => toInt32(member(object, name, protoName)) >>> 0);
}

/** The `attributes` of a message, without those that cannot be read. */
export function readAttributes(object: JsonObject, losses: Losses): OtlpAttributes {
  const list = readPart(losses, NONE, () => toList(member(object, "attributes")));
  if (list.length === 0) return NO_ATTRIBUTES;
  const attributes = new Map<string, OtlpValue>();
  for (const item of list) readPart(losses, undefined, () => addKeyValue(item, 0, attributes));
  return attributes;
}

/** Attributes of a message that may be absent or none. */
function readAttributesOf(value: unknown, losses: Losses): OtlpAttributes {
  const object = value === undefined ? undefined : readPart(losses, undefined, () => toObject(value));
  return object === undefined ? NO_ATTRIBUTES : readAttributes(object, losses);
}

/** Reads an `AnyValue`; absent, `null` and empty ones are the empty value. Throws for one that is malformed anywhere. */
export function readAnyValue(value: unknown, depth = 0): OtlpValue {
  if (value === undefined || value === null) return undefined;
  const object = toObject(value);
  const text = member(object, "stringValue", "string_value");
  if (text !== undefined) return toText(text);
  const integer = member(object, "intValue", "int_value");
  if (integer !== undefined) return toInteger(integer);
  const bool = member(object, "boolValue", "bool_value");
  if (bool !== undefined) return toBoolean(bool);
  const double = member(object, "doubleValue", "double_value");
  if (double !== undefined) return toDouble(double);
  const array = member(object, "arrayValue", "array_value");
  if (array !== undefined) return depth >= MAX_DEPTH ? TOO_DEEP : readArray(toObject(array), depth);
  const map = member(object, "kvlistValue", "kvlist_value");
  if (map !== undefined) {
    return depth >= MAX_DEPTH ? TOO_DEEP : readKeyValues(toList(member(toObject(map), "values")), depth + 1);
  }
  const bytes = member(object, "bytesValue", "bytes_value");
  return bytes === undefined ? undefined : toBytes(toText(bytes));
}

function readArray(object: JsonObject, depth: number): OtlpValue {
  return toList(member(object, "values")).map((value) => readAnyValue(value, depth + 1));
}

function readKeyValues(list: readonly unknown[], depth: number): OtlpAttributes {
  const attributes = new Map<string, OtlpValue>();
  for (const item of list) addKeyValue(item, depth, attributes);
  return attributes;
}

function addKeyValue(item: unknown, depth: number, attributes: Map<string, OtlpValue>): void {
  const pair = toObject(item);
  attributes.set(toText(member(pair, "key")), readAnyValue(member(pair, "value"), depth));
}

function readScope(value: unknown, losses: Losses): OtlpScope {
  const scope = value === undefined ? {} : readPart(losses, {}, () => toObject(value));
  return {
    name: readText(scope, losses, "name"),
    version: readText(scope, losses, "version"),
    attributes: readAttributes(scope, losses),
  };
}

/** Base64 of either alphabet; text that is none is kept as text, which loses nothing. */
function toBytes(text: string): OtlpValue {
  try {
    return Uint8Array.fromBase64(text.replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    return text;
  }
}
