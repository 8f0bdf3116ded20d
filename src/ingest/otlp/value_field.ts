/** Values as fields of points: scalars as they are, bytes as base64, lists and maps as JSON text. */
import type { FieldValue } from "../../point/point.ts";
import type { Key } from "../../point/point_keys.ts";
import type { PointWriter } from "../../point/point_writer.ts";
import type { AnyValue } from "./any_value.ts";
import type { ProtoCursor } from "./proto_cursor.ts";
import { clearText, createTextBuffer, type TextBuffer } from "./text_buffer.ts";
import { putValueText } from "./value_text.ts";

const scratch: TextBuffer = createTextBuffer();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Writes a value into the point begun; of the empty value there is nothing to write. */
export function writeField(writer: PointWriter, key: Key, c: ProtoCursor, value: AnyValue): void {
  switch (value.kind) {
    case "none":
      return;
    case "text":
      return writer.textBytes(key, c.bytes, value.from, value.to);
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
  if (value.kind === "text") return writer.textBytes(key, c.bytes, value.from, value.to);
  clearText(scratch);
  putValueText(scratch, c, value);
  writer.textBytes(key, scratch.bytes, 0, scratch.at);
}

/** Writes a value's text as a tag; no tag if it is empty. */
export function writeTag(writer: PointWriter, key: Key, c: ProtoCursor, value: AnyValue): void {
  if (value.kind === "text") return writer.tagBytes(key, c.bytes, value.from, value.to);
  clearText(scratch);
  putValueText(scratch, c, value);
  writer.tagBytes(key, scratch.bytes, 0, scratch.at);
}

/** A value's text as a string; of the empty value that is the empty text. */
export function textOf(c: ProtoCursor, value: AnyValue): string {
  if (value.kind === "text") return decoder.decode(c.bytes.subarray(value.from, value.to));
  clearText(scratch);
  putValueText(scratch, c, value);
  return decoder.decode(scratch.bytes.subarray(0, scratch.at));
}

/** A value as a point's field has it, for those that are kept longer than a request lies in memory. */
export function fieldOf(c: ProtoCursor, value: AnyValue): FieldValue | undefined {
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
      return textOf(c, value);
  }
}
