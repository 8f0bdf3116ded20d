/**
 * The messages all signals share, from OTLP/JSON.
 * @see `spec/ingest.md` 2.2 and 2.4
 */
import type { JsonObject } from "../../json/exact_json.ts";
import { member, parseJson, toDouble, toInteger, toList, toObject, toText } from "./json_reader.ts";
import {
  MAX_DEPTH,
  NO_ATTRIBUTES,
  type OtlpAttributes,
  type OtlpRequest,
  type OtlpResourceItems,
  type OtlpScope,
  type OtlpScopeItems,
  type OtlpValue,
  TOO_DEEP,
} from "./model.ts";

/** The names that differ between signals, and how one item is read. `lost` counts what an item lost inside. */
export interface JsonSignal<Item> {
  readonly resources: readonly [camel: string, snake: string];
  readonly scopes: readonly [camel: string, snake: string];
  readonly items: readonly [camel: string, snake: string];
  readonly readItem: (object: JsonObject, lost: () => void) => Item;
}

/**
 * Decodes an export request of any signal. A malformed item is counted and left out; throws when the text is no
 * JSON or malformed around its items.
 */
export function decodeJsonRequest<Item>(bytes: Uint8Array, signal: JsonSignal<Item>): OtlpRequest<Item> {
  const request = toObject(parseJson(bytes));
  let malformed = 0;
  const lost = (): void => void malformed++;

  function readResourceItems(value: unknown): OtlpResourceItems<Item> {
    const object = toObject(value);
    const resource = member(object, "resource");
    return {
      resource: { attributes: resource === undefined ? NO_ATTRIBUTES : readAttributes(toObject(resource)) },
      scopes: toList(member(object, ...signal.scopes)).map(readScopeItems),
      schemaUrl: toText(member(object, "schemaUrl", "schema_url")),
    };
  }

  function readScopeItems(value: unknown): OtlpScopeItems<Item> {
    const object = toObject(value);
    return {
      scope: readScope(member(object, "scope")),
      items: readEach(member(object, ...signal.items), (item) => signal.readItem(item, lost), lost),
      schemaUrl: toText(member(object, "schemaUrl", "schema_url")),
    };
  }

  return { resources: toList(member(request, ...signal.resources)).map(readResourceItems), malformed };
}

/** Reads the objects of a list one by one; one that is malformed is left out and told to `lost`. */
export function readEach<T>(value: unknown, read: (object: JsonObject) => T, lost: () => void): T[] {
  const items: T[] = [];
  for (const item of toList(value)) {
    try {
      items.push(read(toObject(item)));
    } catch {
      lost();
    }
  }
  return items;
}

/** The `attributes` (or another list of `KeyValue`) of a message. */
export function readAttributes(object: JsonObject, name = "attributes", protoName?: string): OtlpAttributes {
  const list = toList(member(object, name, protoName));
  return list.length === 0 ? NO_ATTRIBUTES : readKeyValues(list, 0);
}

/** Reads an `AnyValue`; absent, `null` and empty ones are the empty value. */
export function readAnyValue(value: unknown, depth = 0): OtlpValue {
  if (value === undefined || value === null) return undefined;
  const object = toObject(value);
  const text = member(object, "stringValue", "string_value");
  if (text !== undefined) return toText(text);
  const integer = member(object, "intValue", "int_value");
  if (integer !== undefined) return toInteger(integer);
  const bool = member(object, "boolValue", "bool_value");
  if (bool !== undefined) return bool === true || bool === "true" || bool === 1;
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
  for (const item of list) {
    const pair = toObject(item);
    attributes.set(toText(member(pair, "key")), readAnyValue(member(pair, "value"), depth));
  }
  return attributes;
}

function readScope(value: unknown): OtlpScope {
  if (value === undefined) return { name: "", version: "", attributes: NO_ATTRIBUTES };
  const scope = toObject(value);
  return {
    name: toText(member(scope, "name")),
    version: toText(member(scope, "version")),
    attributes: readAttributes(scope),
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
