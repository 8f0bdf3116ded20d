/**
 * OTLP requests in protobuf, read as OTLP/JSON writes them: ids in hex, 64-bit numbers as text. Strict: a field that the
 * message does not have fails. By the same published field numbers as `encode_otlp.ts`, and of nothing in `src/`.
 */
import { type Message, MESSAGES } from "./encode_otlp.ts";

/** Loosely typed: a test looks at what it expects. */
export interface OtlpNode {
  readonly [key: string]: unknown;
}

/** Reads an export request. Throws for what is no such message. */
export function decodeOtlp(signal: "traces" | "logs" | "metrics", bytes: Uint8Array): OtlpNode {
  return readMessage(signal, bytes);
}

/** The member of a node as a list of nodes, empty if it is not there. */
export function nodes(node: OtlpNode | undefined, key: string): readonly OtlpNode[] {
  const value = node?.[key];
  return Array.isArray(value) ? value.filter(isNode) : isNode(value) ? [value] : [];
}

/** Attributes of a node as text. */
export function attributesOf(node: OtlpNode | undefined): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    nodes(node, "attributes").map((pair) => [String(pair["key"]), valueOf(nodes(pair, "value")[0])]),
  );
}

/** The one member that an `AnyValue` has. */
export function valueOf(any: OtlpNode | undefined): unknown {
  const [value] = Object.values(any ?? {});
  return isNode(value) && Array.isArray(value["values"])
    ? value["values"].map((item) => isNode(item) ? valueOf(item) : item)
    : value;
}

function isNode(value: unknown): value is OtlpNode {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function readMessage(name: string, bytes: Uint8Array): OtlpNode {
  const message: Message = MESSAGES[name] ?? {};
  const fields = new Map(Object.entries(message).map(([key, [number, type]]) => [number, { key, type }]));
  const node: Record<string, unknown> = {};
  const at = { value: 0 };
  while (at.value < bytes.length) {
    const tag = Number(readVarint(bytes, at));
    const field = fields.get(tag >>> 3);
    if (field === undefined) throw new Error(`Cannot read ${name} as it has no field ${tag >>> 3}`);
    const isList = field.type.startsWith("[");
    const type = isList ? field.type.slice(1, -1) : field.type;
    const value = readValue(type, tag & 7, bytes, at);
    if (!isList) node[field.key] = value;
    else node[field.key] = [...(Array.isArray(node[field.key]) ? Object(node[field.key]) : []), value];
  }
  return node;
}

function readValue(type: string, wireType: number, bytes: Uint8Array, at: { value: number }): unknown {
  switch (wireType) {
    case 0: {
      const value = readVarint(bytes, at);
      return type === "bool" ? value === 1n : String(BigInt.asIntN(64, value));
    }
    case 1:
      at.value += 8;
      return readEight(type, bytes, at.value - 8);
    case 5:
      at.value += 4;
      return new DataView(bytes.buffer, bytes.byteOffset + at.value - 4).getUint32(0, true);
    case 2: {
      const length = Number(readVarint(bytes, at));
      const content = bytes.subarray(at.value, at.value + length);
      if (content.length < length) throw new Error("Cannot read a field as it ends after its message");
      at.value += length;
      return readContent(type, content);
    }
    default:
      throw new Error(`Cannot read a field of wire type ${wireType}`);
  }
}

function readContent(type: string, content: Uint8Array): unknown {
  if (type === "string") return new TextDecoder("utf-8", { fatal: true }).decode(content);
  if (type === "hex") return content.toHex();
  if (type === "base64") return content.toBase64();
  if (!type.startsWith("packed ")) return readMessage(type, content);
  const values: unknown[] = [];
  for (let at = 0; at < content.length; at += 8) values.push(readEight(type.slice(7), content, at));
  return values;
}

function readEight(type: string, bytes: Uint8Array, at: number): unknown {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, 8);
  return type === "double" ? view.getFloat64(0, true) : String(view.getBigInt64(0, true));
}

function readVarint(bytes: Uint8Array, at: { value: number }): bigint {
  let value = 0n;
  for (let shift = 0n;; shift += 7n) {
    const byte = bytes[at.value++];
    if (byte === undefined) throw new Error("Cannot read a varint as it ends after its message");
    value |= BigInt(byte & 127) << shift;
    if (byte < 128) return value;
  }
}
