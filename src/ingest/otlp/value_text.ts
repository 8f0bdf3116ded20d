/** Values as text: what a tag, a log's message or a field of a list or map holds, and what a span's message holds. */
import type { AnyValue } from "./any_value.ts";
import { MAX_DEPTH, TOO_DEEP } from "./limits.ts";
import type { ProtoCursor } from "./proto_cursor.ts";
import {
  putBase64,
  putBytes,
  putCode,
  putInteger,
  putJsonString,
  putSlice,
  putText,
  type TextBuffer,
} from "./text_buffer.ts";
import { putElements, putPairs, type ValueStyle } from "./value_parts.ts";

const encoder = new TextEncoder();
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const NOTHING = encoder.encode("{}");
const TEXT = encoder.encode('{"stringValue":');
const BOOL = encoder.encode('{"boolValue":');
const INT = encoder.encode('{"intValue":"');
const DOUBLE = encoder.encode('{"doubleValue":');
const LIST = encoder.encode('{"arrayValue":{"values":[');
const MAP = encoder.encode('{"kvlistValue":{"values":[');
const BYTES = encoder.encode('{"bytesValue":"');
const QUOTED_END = encoder.encode('"}');
const LIST_END = encoder.encode("]}}");
const KEY = encoder.encode('{"key":');
const VALUE = encoder.encode(',"value":');
const CUT = encoder.encode(JSON.stringify(TOO_DEEP));

/** Puts the text of a value, as a tag or a log's message has it: of the empty value none, of lists and maps JSON. */
export function putValueText(buffer: TextBuffer, c: ProtoCursor, value: AnyValue): void {
  switch (value.kind) {
    case "none":
      return;
    case "text":
      return putSlice(buffer, c.bytes, value.from, value.to);
    case "bytes":
      return putBase64(buffer, c.bytes, value.from, value.to);
    case "double":
      return putText(buffer, String(value.double));
    default:
      putPlainJson(buffer, c, value, 0);
  }
}

/** Puts a value as plain JSON: maps as objects, integers exact, what JSON has no number for as text. */
function putPlainJson(buffer: TextBuffer, c: ProtoCursor, value: AnyValue, depth: number): void {
  const { kind, from, to } = value;
  switch (kind) {
    case "none":
      return putText(buffer, "null");
    case "text":
      return putJsonString(buffer, c.bytes, from, to);
    case "bool":
      return putText(buffer, value.low === 0 ? "false" : "true");
    case "int":
    case "unsigned":
      return putInteger(buffer, value.low, value.high, kind === "int");
    case "double":
      return putDouble(buffer, value.double);
    case "bytes":
      putCode(buffer, 0x22);
      putBase64(buffer, c.bytes, from, to);
      return putCode(buffer, 0x22);
  }
  if (depth >= MAX_DEPTH) return putBytes(buffer, CUT);
  if (kind === "list") {
    putCode(buffer, OPEN_BRACKET);
    putElements(buffer, c, from, to, PLAIN_JSON, depth + 1);
    return putCode(buffer, CLOSE_BRACKET);
  }
  putCode(buffer, OPEN_BRACE);
  putPairs(buffer, c, from, to, PLAIN_JSON, depth + 1);
  putCode(buffer, CLOSE_BRACE);
}

/** Puts a member of an object. */
function putMember(
  buffer: TextBuffer,
  c: ProtoCursor,
  keyFrom: number,
  keyTo: number,
  value: AnyValue,
  depth: number,
): void {
  putJsonString(buffer, c.bytes, keyFrom, keyTo);
  putCode(buffer, COLON);
  putPlainJson(buffer, c, value, depth);
}

const PLAIN_JSON: ValueStyle = { put: putPlainJson, putPair: putMember };

/** Puts an `AnyValue` as OTLP/JSON writes it. */
function putOtlpJson(buffer: TextBuffer, c: ProtoCursor, value: AnyValue, depth: number): void {
  const { kind, from, to } = value;
  switch (kind) {
    case "none":
      return putBytes(buffer, NOTHING);
    case "text":
      putBytes(buffer, TEXT);
      putJsonString(buffer, c.bytes, from, to);
      return putCode(buffer, CLOSE_BRACE);
    case "bool":
      putBytes(buffer, BOOL);
      putText(buffer, value.low === 0 ? "false" : "true");
      return putCode(buffer, CLOSE_BRACE);
    case "int":
    case "unsigned":
      putBytes(buffer, INT);
      putInteger(buffer, value.low, value.high, kind === "int");
      return putBytes(buffer, QUOTED_END);
    case "double":
      putBytes(buffer, DOUBLE);
      putDouble(buffer, value.double);
      return putCode(buffer, CLOSE_BRACE);
    case "bytes":
      putBytes(buffer, BYTES);
      putBase64(buffer, c.bytes, from, to);
      return putBytes(buffer, QUOTED_END);
  }
  if (depth >= MAX_DEPTH) {
    putBytes(buffer, TEXT);
    putBytes(buffer, CUT);
    return putCode(buffer, CLOSE_BRACE);
  }
  if (kind === "list") {
    putBytes(buffer, LIST);
    putElements(buffer, c, from, to, OTLP_JSON, depth + 1);
  } else {
    putBytes(buffer, MAP);
    putPairs(buffer, c, from, to, OTLP_JSON, depth + 1);
  }
  putBytes(buffer, LIST_END);
}

/** Puts a `KeyValue` as OTLP/JSON writes it. */
export function putPair(
  buffer: TextBuffer,
  c: ProtoCursor,
  keyFrom: number,
  keyTo: number,
  value: AnyValue,
  depth: number,
): void {
  putBytes(buffer, KEY);
  putJsonString(buffer, c.bytes, keyFrom, keyTo);
  putBytes(buffer, VALUE);
  putOtlpJson(buffer, c, value, depth);
  putCode(buffer, CLOSE_BRACE);
}

const OTLP_JSON: ValueStyle = { put: putOtlpJson, putPair };

function putDouble(buffer: TextBuffer, value: number): void {
  putText(buffer, Number.isFinite(value) ? String(value) : `"${value}"`);
}
