/** One `AnyValue`, as far as it is read: text, lists and maps stay where they lie. */
import { OWN_UNSIGNED } from "./own_fields.ts";
import {
  moveTo,
  type ProtoCursor,
  readDouble,
  readInt32,
  readLength,
  readTag,
  readVarint,
  skipField,
} from "./proto_cursor.ts";

/** What an `AnyValue` holds. */
export type ValueKind = "none" | "text" | "bool" | "int" | "unsigned" | "double" | "list" | "map" | "bytes";

/** A value that was read; the same object for one after the other. */
export interface AnyValue {
  kind: ValueKind;
  /** Where a text, bytes, or the message of a list or map lies. */
  from: number;
  to: number;
  /** An integer's halves; a bool's 0 or 1 is in `low`. */
  low: number;
  high: number;
  double: number;
}

/** An empty value. */
export function createAnyValue(): AnyValue {
  return { kind: "none", from: 0, to: 0, low: 0, high: 0, double: 0 };
}

/** Reads the `AnyValue` that lies at `[from, to)`; of several members the last counts. Leaves the cursor as it was. */
export function readAnyValue(c: ProtoCursor, from: number, to: number, value: AnyValue): void {
  value.kind = "none";
  if (from >= to) return;
  const { at, end } = c;
  moveTo(c, from, to);
  for (let tag = readTag(c); tag !== 0; tag = readTag(c)) {
    switch (tag) {
      case 0x0a:
        readPlace(c, value, "text");
        break;
      case 0x10:
        value.kind = "bool";
        value.low = readInt32(c) === 0 ? 0 : 1;
        break;
      case 0x18:
        readInteger(c, value, "int");
        break;
      case 0x21:
        value.kind = "double";
        value.double = readDouble(c);
        break;
      case 0x2a:
        readPlace(c, value, "list");
        break;
      case 0x32:
        readPlace(c, value, "map");
        break;
      case 0x3a:
        readPlace(c, value, "bytes");
        break;
      default:
        if (tag === OWN_UNSIGNED && c.isOwn) readInteger(c, value, "unsigned");
        else skipField(c, tag);
    }
  }
  moveTo(c, at, end);
}

function readPlace(c: ProtoCursor, value: AnyValue, kind: ValueKind): void {
  const length = readLength(c);
  value.kind = kind;
  value.from = c.at;
  value.to = c.at += length;
}

function readInteger(c: ProtoCursor, value: AnyValue, kind: "int" | "unsigned"): void {
  readVarint(c);
  value.kind = kind;
  value.low = c.low;
  value.high = c.high;
}
