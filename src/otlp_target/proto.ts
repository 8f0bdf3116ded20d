/** Pieces of OTLP in protobuf: times, attributes, scopes. Tags are field number × 8 + wire type. */
import { createProtobufWriter, type ProtobufWriter } from "../point/protobuf_writer.ts";

/** What an attribute may be here. */
export type AttributeValue = string | number | bigint | boolean | readonly string[];

const KEY = 0x0a;
const VALUE = 0x12;
const ANY = { string: 0x0a, bool: 0x10, int: 0x18, double: 0x21, array: 0x2a } as const;
const ARRAY_VALUES = 0x0a;
const ATTRIBUTES_GUESS = 64;
const MAX_INT64 = 2n ** 63n - 1n;

const fixed = new DataView(new ArrayBuffer(8));
const fixedBytes = new Uint8Array(fixed.buffer);

/** A nested message, written by `write`. */
export function putMessage(
  writer: ProtobufWriter,
  tag: number,
  expectedBytes: number,
  write: () => void,
): void {
  writer.tag(tag);
  const contentAt = writer.begin(expectedBytes);
  write();
  writer.end(contentAt, expectedBytes);
}

/** `fixed64` and `sfixed64`. */
export function putFixed64(writer: ProtobufWriter, tag: number, value: bigint): void {
  writer.tag(tag);
  fixed.setBigInt64(0, value, true);
  writer.raw(fixedBytes);
}

export function putDouble(writer: ProtobufWriter, tag: number, value: number): void {
  writer.tag(tag);
  writer.double(value);
}

export function putString(writer: ProtobufWriter, tag: number, value: string): void {
  writer.tag(tag);
  writer.string(value);
}

/** A `KeyValue`. */
export function putAttribute(writer: ProtobufWriter, tag: number, key: string, value: AttributeValue): void {
  putMessage(writer, tag, ATTRIBUTES_GUESS, () => {
    putString(writer, KEY, key);
    putAny(writer, VALUE, value);
  });
}

/** An `AnyValue`. */
export function putAny(writer: ProtobufWriter, tag: number, value: AttributeValue): void {
  putMessage(writer, tag, ATTRIBUTES_GUESS, () => putAnyContent(writer, value));
}

function putAnyContent(writer: ProtobufWriter, value: AttributeValue): void {
  switch (typeof value) {
    case "string":
      return putString(writer, ANY.string, value);
    case "boolean":
      writer.tag(ANY.bool);
      return writer.varint(value ? 1 : 0);
    case "bigint":
      return putInteger(writer, value);
    case "number":
      return Number.isSafeInteger(value)
        ? putInteger(writer, BigInt(value))
        : putDouble(writer, ANY.double, value);
    default:
      return putMessage(writer, ANY.array, ATTRIBUTES_GUESS, () => {
        for (const item of value) putAny(writer, ARRAY_VALUES, item);
      });
  }
}

/** Beyond what the type holds its digits are kept as text. */
function putInteger(writer: ProtobufWriter, value: bigint): void {
  if (value > MAX_INT64 || value < -MAX_INT64 - 1n) return putString(writer, ANY.string, String(value));
  writer.tag(ANY.int);
  writer.varint64(value);
}

/** Who made what an `InstrumentationScope` is around. */
export interface Scope {
  readonly name: string;
  readonly version: string;
}

const AROUND = { resource: 0x0a, scopes: 0x12 } as const;
const SCOPES = { scope: 0x0a, schema: 0x1a } as const;
const SCOPE = { name: 0x0a, version: 0x12 } as const;

/**
 * A `ResourceSpans`, `ResourceMetrics` or `ResourceLogs` with one scope. `resource`: a `Resource`, encoded; `items`: spans,
 * metrics or records, each under its tag.
 */
export function encodeResourceEntry(
  resource: Uint8Array,
  { name, version }: Scope,
  items: Uint8Array,
  schemaUrl: string,
): Uint8Array<ArrayBuffer> {
  const expected = items.length + name.length + version.length + schemaUrl.length + 16;
  const writer = createProtobufWriter(resource.length + expected + schemaUrl.length + 32);
  writer.tag(AROUND.resource);
  writer.bytes(resource);
  putMessage(writer, AROUND.scopes, expected, () => {
    putMessage(writer, SCOPES.scope, ATTRIBUTES_GUESS, () => {
      putString(writer, SCOPE.name, name);
      putString(writer, SCOPE.version, version);
    });
    writer.raw(items);
    putString(writer, SCOPES.schema, schemaUrl);
  });
  putString(writer, SCOPES.schema, schemaUrl);
  return writer.finish();
}

/** The 16 or 8 bytes of an id in hexadecimal or decimal digits; `undefined`: it is not an id. */
export function idBytes(text: string, bytes: 8 | 16): Uint8Array | undefined {
  if (text.length === bytes * 2 && /^[0-9a-f]+$/i.test(text)) return Uint8Array.fromHex(text);
  if (!/^\d{1,39}$/.test(text)) return undefined;
  // A tracer of Datadog's.
  const hex = BigInt(text).toString(16).padStart(bytes * 2, "0");
  return hex.length === bytes * 2 ? Uint8Array.fromHex(hex) : undefined;
}
