/** Values as fields of points: scalars as they are, bytes as base64, lists and maps as JSON text. */
import { beginningOf, type LongText, type LongValue, PLAIN } from "../../point/long_text.ts";
import type { FieldValue } from "../../point/point.ts";
import type { Key } from "../../point/point_keys.ts";
import type { PointWriter } from "../../point/point_writer.ts";
import type { AnyValue } from "./any_value.ts";
import type { ProtoCursor } from "./proto_cursor.ts";
import { clearText, createTextBuffer, takeText, type TextBuffer } from "./text_buffer.ts";
import { putValueText } from "./value_text.ts";

const scratch: TextBuffer = createTextBuffer();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
/** Of a value that becomes a tag or measurement no more is decoded: the rules leave less of it. */
const LONGEST_NAME_BYTES = 2048;
/** A value of so many bytes stays where it lies, also if it is kept for many points. */
const LONG_BYTES = 16 * 1024;

/** Writes a value into the point begun; of the empty value there is nothing to write. */
export function writeField(writer: PointWriter, key: Key, c: ProtoCursor, value: AnyValue): void {
  switch (value.kind) {
    case "none":
      return;
    case "text":
      return writeSlice(writer, key, c.bytes, value.from, value.to);
    case "int":
      return writer.int(key, value.low, value.high);
    case "unsigned":
      return writer.uint(key, value.low, value.high);
    case "bool":
      return writer.bool(key, value.low !== 0);
    case "double":
      return writer.float(key, value.double);
    default:
      return writeText(writer, key, c, value);
  }
}

/** Writes a value's text; of the empty value that is the empty text. */
export function writeText(writer: PointWriter, key: Key, c: ProtoCursor, value: AnyValue): void {
  if (value.kind === "text") return writeSlice(writer, key, c.bytes, value.from, value.to);
  compose(c, value);
  writeBuffer(writer, key, scratch);
}

/** Puts a value's text into {@link scratch}. Of an element that has many long ones, the later ones stay where they lie. */
function compose(c: ProtoCursor, value: AnyValue, before = c.composedBytes, most = Infinity): void {
  clearText(scratch, before, most);
  putValueText(scratch, c, value);
  c.composedBytes += scratch.at;
}

/** Writes a text that lies in a body. */
export function writeSlice(
  writer: PointWriter,
  key: Key,
  bytes: Uint8Array,
  from: number,
  to: number,
): void {
  if (writer.isLong(to - from)) writer.longText(key, [{ bytes, from, to, form: PLAIN }]);
  else writer.textBytes(key, bytes, from, to);
}

/** Writes the text that was put into a buffer. */
export function writeBuffer(writer: PointWriter, key: Key, buffer: TextBuffer): void {
  if (buffer.longs.length > 0 || writer.isLong(buffer.at)) writer.longText(key, takeText(buffer));
  else writer.textBytes(key, buffer.bytes, 0, buffer.at);
}

/** Writes a value's text as a tag; no tag if it is empty. */
export function writeTag(writer: PointWriter, key: Key, c: ProtoCursor, value: AnyValue): void {
  const { kind, from, to } = value;
  if (kind === "text") return writer.tagBytes(key, c.bytes, from, to);
  // It is never empty, and takes some time.
  if ((kind === "list" || kind === "map") && !writer.hasRoom(true) && !writer.has(key)) return writer.trim();
  const bytes = composeName(c, value);
  writer.tagBytes(key, bytes, 0, bytes.length);
}

/** The beginning of a value's text, or all of it if that is not longer. Valid until the next text. */
function composeName(c: ProtoCursor, value: AnyValue): Uint8Array {
  compose(c, value, 0, LONGEST_NAME_BYTES);
  return scratch.bytes.subarray(0, Math.min(scratch.at, LONGEST_NAME_BYTES));
}

/** The text of a value that becomes a tag, a measurement or part of one; of a long one only the beginning. */
export function nameOf(c: ProtoCursor, value: AnyValue): string {
  if (value.kind !== "text") return decoder.decode(composeName(c, value));
  const text = textOf(c, value);
  return typeof text === "string" ? text : beginningOfText(text);
}

/** The beginning of a text, as {@link nameOf} gives it. */
export function beginningOfText(text: LongText): string {
  return decoder.decode(beginningOf(text, LONGEST_NAME_BYTES));
}

/** A value's text; of the empty value that is the empty text. */
export function textOf(c: ProtoCursor, value: AnyValue): string | LongText {
  const { kind, from, to } = value;
  if (kind === "text") {
    if (to - from > LONG_BYTES) return [{ bytes: c.bytes, from, to, form: PLAIN }];
    return decoder.decode(c.bytes.subarray(from, to));
  }
  compose(c, value);
  if (scratch.longs.length > 0 || scratch.at > LONG_BYTES) return takeText(scratch);
  return decoder.decode(scratch.bytes.subarray(0, scratch.at));
}

/** A value's text as a field has it that many points share. */
export function sharedTextOf(c: ProtoCursor, value: AnyValue): string | LongValue {
  const text = textOf(c, value);
  return typeof text === "string" ? text : { text };
}

/** A value as a field that many points share. */
export function fieldOf(c: ProtoCursor, value: AnyValue): FieldValue | LongValue | undefined {
  switch (value.kind) {
    case "none":
      return undefined;
    case "bool":
      return value.low !== 0;
    case "double":
      return value.double;
    case "int":
    case "unsigned": {
      const integer = BigInt(value.high) << 32n | BigInt(value.low);
      return value.kind === "int" ? BigInt.asIntN(64, integer) : { unsigned: integer };
    }
    default:
      return sharedTextOf(c, value);
  }
}
