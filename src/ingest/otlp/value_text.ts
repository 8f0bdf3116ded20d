/** Values as text: what a tag, a log's message or a field of a list or map holds, and what a span's message holds. */
import { type AnyValue, createAnyValue, readAnyValue } from "./any_value.ts";
import { MAX_DEPTH, TOO_DEEP } from "./limits.ts";
import { PAIR_PLACES, readPairs } from "./map_pairs.ts";
import { moveTo, type ProtoCursor, readLength, readTag, skipField } from "./proto_cursor.ts";
import {
  isFull,
  putBase64,
  putBytes,
  putCode,
  putInteger,
  putJsonString,
  putSlice,
  putText,
  type TextBuffer,
} from "./text_buffer.ts";

const encoder = new TextEncoder();
const COMMA = 0x2c;
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
    eachElement(buffer, c, from, to, (element) => putPlainJson(buffer, c, element, depth + 1));
    return putCode(buffer, CLOSE_BRACKET);
  }
  putCode(buffer, 0x7b);
  eachPair(buffer, c, from, to, (keyFrom, keyTo, member) => {
    putJsonString(buffer, c.bytes, keyFrom, keyTo);
    putCode(buffer, 0x3a);
    putPlainJson(buffer, c, member, depth + 1);
  });
  putCode(buffer, CLOSE_BRACE);
}

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
    eachElement(buffer, c, from, to, (element) => putOtlpJson(buffer, c, element, depth + 1));
  } else {
    putBytes(buffer, MAP);
    eachPair(buffer, c, from, to, (keyFrom, keyTo, member) => {
      putPair(buffer, c, keyFrom, keyTo, member, depth + 1);
    });
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

function putDouble(buffer: TextBuffer, value: number): void {
  putText(buffer, Number.isFinite(value) ? String(value) : `"${value}"`);
}

/** Reads the elements of an `ArrayValue`, and puts a comma between what `put` puts of them. */
function eachElement(
  buffer: TextBuffer,
  c: ProtoCursor,
  from: number,
  to: number,
  put: (element: AnyValue) => void,
): void {
  const { at, end } = c;
  const element = createAnyValue();
  moveTo(c, from, to);
  let isFirst = true;
  for (let tag = readTag(c); tag !== 0 && !isFull(buffer); tag = readTag(c)) {
    if (tag !== 0x0a) {
      skipField(c, tag);
      continue;
    }
    const length = readLength(c);
    readAnyValue(c, c.at, c.at + length, element);
    c.at += length;
    if (!isFirst) putCode(buffer, COMMA);
    isFirst = false;
    put(element);
  }
  moveTo(c, at, end);
}

/** The same for the pairs of a `KeyValueList`, see {@link readPairs}. */
function eachPair(
  buffer: TextBuffer,
  c: ProtoCursor,
  from: number,
  to: number,
  put: (keyFrom: number, keyTo: number, value: AnyValue) => void,
): void {
  const value = createAnyValue();
  const places = readPairs(c, from, to);
  for (let i = 0; i < places.length && !isFull(buffer); i += PAIR_PLACES) {
    readAnyValue(c, places[i + 2] ?? 0, places[i + 3] ?? 0, value);
    if (i > 0) putCode(buffer, COMMA);
    put(places[i] ?? 0, places[i + 1] ?? 0, value);
  }
}
