/**
 * The messages all signals share, from protobuf. Cases are tags as they stand on the wire: field number × 8 + wire
 * type, so a known field of a wrong wire type is passed over as an unknown one.
 * @see `spec/ingest.md` 2.4
 */
import type { OtlpRequest, OtlpResourceItems, OtlpScope, OtlpScopeItems, OtlpValue } from "./model.ts";
import { MAX_DEPTH, TOO_DEEP } from "./model.ts";
import { createProtoReader, type ProtoReader } from "./proto_reader.ts";

/** Reads one embedded message at the reader's position. */
export type ReadMessage<T> = (r: ProtoReader) => T;

/**
 * Decodes an export request of any signal; they differ in `readItem` only. A malformed item is counted and left
 * out. Throws what the reader throws when the frame around the items is malformed.
 */
export function decodeProtoRequest<Item>(bytes: Uint8Array, readItem: ReadMessage<Item>): OtlpRequest<Item> {
  const r = createProtoReader(bytes);
  const resources: OtlpResourceItems<Item>[] = [];
  for (let tag = r.tag(); tag !== 0; tag = r.tag()) {
    if (tag === 0x0a) resources.push(readResourceItems(r, readItem));
    else r.skip(tag);
  }
  return { resources, malformed: r.malformed() };
}

function readResourceItems<Item>(r: ProtoReader, readItem: ReadMessage<Item>): OtlpResourceItems<Item> {
  const attributes = new Map<string, OtlpValue>();
  const scopes: OtlpScopeItems<Item>[] = [];
  let schemaUrl = "";
  const outer = r.enter();
  for (let tag = r.tag(); tag !== 0; tag = r.tag()) {
    if (tag === 0x0a) readResource(r, attributes);
    else if (tag === 0x12) scopes.push(readScopeItems(r, readItem));
    else if (tag === 0x1a) schemaUrl = r.string();
    else r.skip(tag);
  }
  r.leave(outer);
  return { resource: { attributes }, scopes, schemaUrl };
}

/** Into `attributes`, so that a resource given in two parts is merged as protobuf wants it. */
function readResource(r: ProtoReader, attributes: Map<string, OtlpValue>): void {
  const outer = r.enter();
  for (let tag = r.tag(); tag !== 0; tag = r.tag()) {
    if (tag === 0x0a) readAttribute(r, attributes);
    else r.skip(tag);
  }
  r.leave(outer);
}

function readScopeItems<Item>(r: ProtoReader, readItem: ReadMessage<Item>): OtlpScopeItems<Item> {
  const scope: ScopeInTheMaking = { name: "", version: "", attributes: new Map() };
  const items: Item[] = [];
  let schemaUrl = "";
  const readOne = (): void => void items.push(readItem(r));
  const outer = r.enter();
  for (let tag = r.tag(); tag !== 0; tag = r.tag()) {
    if (tag === 0x0a) readScope(r, scope);
    else if (tag === 0x12) r.isolate(readOne);
    else if (tag === 0x1a) schemaUrl = r.string();
    else r.skip(tag);
  }
  r.leave(outer);
  return { scope, items, schemaUrl };
}

interface ScopeInTheMaking extends OtlpScope {
  name: string;
  version: string;
  readonly attributes: Map<string, OtlpValue>;
}

function readScope(r: ProtoReader, scope: ScopeInTheMaking): void {
  const outer = r.enter();
  for (let tag = r.tag(); tag !== 0; tag = r.tag()) {
    if (tag === 0x0a) scope.name = r.string();
    else if (tag === 0x12) scope.version = r.string();
    else if (tag === 0x1a) readAttribute(r, scope.attributes);
    else r.skip(tag);
  }
  r.leave(outer);
}

/** Reads one `KeyValue` into `attributes`. */
export function readAttribute(r: ProtoReader, attributes: Map<string, OtlpValue>, depth = 0): void {
  let key = "";
  let value: OtlpValue;
  const outer = r.enter();
  for (let tag = r.tag(); tag !== 0; tag = r.tag()) {
    if (tag === 0x0a) key = r.string();
    else if (tag === 0x12) value = readAnyValue(r, depth);
    else r.skip(tag);
  }
  r.leave(outer);
  attributes.set(key, value);
}

/** Reads one `AnyValue`; of several members the last counts. */
export function readAnyValue(r: ProtoReader, depth = 0): OtlpValue {
  let value: OtlpValue;
  const outer = r.enter();
  for (let tag = r.tag(); tag !== 0; tag = r.tag()) {
    switch (tag) {
      case 0x0a:
        value = r.string();
        break;
      case 0x10:
        value = r.int32() !== 0;
        break;
      case 0x18:
        value = r.int64();
        break;
      case 0x21:
        value = r.double();
        break;
      case 0x2a:
        value = readArray(r, depth);
        break;
      case 0x32:
        value = readMap(r, depth);
        break;
      case 0x3a:
        value = r.bytes();
        break;
      default:
        r.skip(tag);
    }
  }
  r.leave(outer);
  return value;
}

function readArray(r: ProtoReader, depth: number): OtlpValue {
  if (depth >= MAX_DEPTH) return tooDeep(r);
  const values: OtlpValue[] = [];
  const outer = r.enter();
  for (let tag = r.tag(); tag !== 0; tag = r.tag()) {
    if (tag === 0x0a) values.push(readAnyValue(r, depth + 1));
    else r.skip(tag);
  }
  r.leave(outer);
  return values;
}

function readMap(r: ProtoReader, depth: number): OtlpValue {
  if (depth >= MAX_DEPTH) return tooDeep(r);
  const values = new Map<string, OtlpValue>();
  const outer = r.enter();
  for (let tag = r.tag(); tag !== 0; tag = r.tag()) {
    if (tag === 0x0a) readAttribute(r, values, depth + 1);
    else r.skip(tag);
  }
  r.leave(outer);
  return values;
}

function tooDeep(r: ProtoReader): string {
  r.leave(r.enter());
  return TOO_DEEP;
}
