/** Writes points of line protocol from where they lie in a body. */
import { MAX_TAGS } from "../../point/limits.ts";
import { isLongContent, PLAIN } from "../../point/long_text.ts";
import type { Key, KeyTable } from "../../point/point_keys.ts";
import type { PointKind } from "../../point/point_kind.ts";
import type { FillText } from "../../point/point_writer.ts";
import { createHalves } from "./decimal.ts";
import type { Destination } from "./decoded.ts";
import { ESCAPED_KEY, type LineParts, type LineTime, Part, PART_INTS, TYPE_MASK } from "./line_parts.ts";
import { ESCAPED_STRING, unescapeBytes } from "./line_string.ts";
import { type ListItem, listOf } from "./long_list.ts";

/** What a backslash escapes: one before anything else is itself. */
const MEASUREMENT_ESCAPES = /\\([, ])/g;
const TAG_ESCAPES = /\\([, =])/g;
const FIELD_ESCAPES = /\\([, ="])/g;

/** No name and no tag is so long after the rules: of longer ones only the beginning is decoded. */
const LONGEST_NAME_BYTES = 4096;

/** Writes one point after the other. */
export interface LinePointWriter {
  /** `false`: the rules leave no field of it, and nothing was written. */
  write(parts: LineParts): boolean;
}

/** A writer of a body's points into a destination. */
export function createLinePointWriter(body: Uint8Array, destination: Destination): LinePointWriter {
  const { writer, begin, category, nowNs, ownTagsOnly } = destination;
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const now = createHalves(nowNs);
  const double = new Float64Array(1);
  const doubleHalves = new Int32Array(double.buffer);
  let textFrom = 0;
  let textTo = 0;
  const fill: FillText = (buffer, at) => unescapeBytes(body, textFrom, textTo, buffer, at);

  function write(parts: LineParts): boolean {
    const kind = kindOf(parts);
    begin(kind);
    const { table, count } = parts;
    for (let at = 0; at < count * PART_INTS; at += PART_INTS) writePart(kind.keys, parts, table, at);
    if (parts.isTrimmed) writer.trim();
    if (ownTagsOnly) writer.ownTagsOnly();
    return end(parts.time);
  }

  function kindOf({ nameFrom, nameTo, isNameEscaped }: LineParts): PointKind {
    if (!isNameEscaped) return writer.kindOfBytes(category, body, nameFrom, nameTo);
    return writer.kind(category, nameOf(nameFrom, nameTo, MEASUREMENT_ESCAPES));
  }

  function writePart(keys: KeyTable, { others, count }: LineParts, table: Int32Array, at: number): void {
    const keyFrom = table[at] ?? 0;
    const keyTo = table[at + 1] ?? 0;
    const type = table[at + 2] ?? 0;
    const first = table[at + 3] ?? 0;
    const second = table[at + 4] ?? 0;
    const isPlain = count <= MAX_TAGS && (type & ESCAPED_KEY) === 0;
    const key = isPlain ? keys.ofBytes(body, keyFrom, keyTo) : keyOf(keys, type, keyFrom, keyTo);
    if (key === undefined) return writer.trim();
    switch (type & TYPE_MASK) {
      case Part.tag:
        return writer.tagBytes(key, body, first, second);
      case Part.escapedTag:
        return writer.tag(key, nameOf(first, second, TAG_ESCAPES));
      case Part.text:
        if (writer.isLong(second - first)) {
          return writer.longText(key, [{ bytes: body, from: first, to: second, form: PLAIN }]);
        }
        return writer.textBytes(key, body, first, second);
      case Part.escapedText:
        if (writer.isLong(second - first)) {
          return writer.longText(key, [{ bytes: body, from: first, to: second, form: ESCAPED_STRING }]);
        }
        textFrom = first;
        textTo = second;
        return writer.textOf(key, second - first, fill);
      case Part.int:
        return writer.int(key, first, second);
      case Part.uint:
        return writer.uint(key, first, second);
      case Part.float:
        doubleHalves[0] = first;
        doubleHalves[1] = second;
        return writer.float(key, double[0] ?? 0);
      case Part.bool:
        return writer.bool(key, first !== 0);
      default:
        return writeOther(key, others[first]);
    }
  }

  /** `undefined`: the point is full, as one of many parts may be, and does not have the key, which is not made then. */
  function keyOf(keys: KeyTable, type: number, from: number, to: number): Key | undefined {
    const isTag = (type & TYPE_MASK) <= Part.escapedTag;
    const hasRoom = writer.hasRoom(isTag);
    if (hasRoom && (type & ESCAPED_KEY) === 0) return keys.ofBytes(body, from, to);
    const name = nameOf(
      from,
      to,
      (type & ESCAPED_KEY) === 0 ? undefined : isTag ? TAG_ESCAPES : FIELD_ESCAPES,
    );
    return hasRoom ? keys.of(name) : keys.known(name);
  }

  function writeOther(key: Key, other: LineParts["others"][number] | undefined): void {
    const value = isItems(other) ? listOf(other) : other;
    if (value === undefined) return;
    if (isLongContent(value)) writer.long(key, value);
    else writer.field(key, value);
  }

  /** A measurement, key or tag that has escapes. */
  function nameOf(from: number, to: number, escapes: RegExp | undefined): string {
    const until = Math.min(to, from + LONGEST_NAME_BYTES);
    const name = decoder.decode(body.subarray(from, until));
    return escapes === undefined ? name : name.replace(escapes, "$1");
  }

  function end({ isSet, low, high, wide }: LineTime): boolean {
    if (isSet) return writer.end(low, high);
    return wide === undefined ? writer.end(now.low, now.high) : writer.endAt(wide);
  }

  return { write };
}

/** Whether a value is an array; `Array.isArray` alone does not narrow readonly arrays. */
function isItems(value: LineParts["others"][number] | undefined): value is readonly ListItem[] {
  return Array.isArray(value);
}
