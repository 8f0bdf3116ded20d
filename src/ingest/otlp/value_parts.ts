/**
 * What is within lists and maps, as JSON. Of a text that is long already it is only gone through, and stays where it lies
 * until the text is read, some KB at a time: an element's values together may have megabytes.
 */
import type { TextForm } from "../../point/long_text.ts";
import { type AnyValue, createAnyValue, readAnyValue } from "./any_value.ts";
import { MAX_DEPTH } from "./limits.ts";
import { PAIR_PLACES } from "./key_value.ts";
import { readPairs } from "./map_pairs.ts";
import {
  createProtoCursor,
  isUsedUp,
  moveTo,
  type ProtoCursor,
  readLength,
  readTag,
  skipField,
} from "./proto_cursor.ts";
import {
  beginPart,
  createTextBuffer,
  isFull,
  isLongText,
  putCode,
  putLong,
  type TextBuffer,
} from "./text_buffer.ts";

/** How values are written. */
export interface ValueStyle {
  readonly put: (buffer: TextBuffer, c: ProtoCursor, value: AnyValue, depth: number) => void;
  readonly putPair: (
    buffer: TextBuffer,
    c: ProtoCursor,
    keyFrom: number,
    keyTo: number,
    value: AnyValue,
    depth: number,
  ) => void;
}

/** Bytes of elements, or of a map, that are converted at a time; what is larger is gone into. */
const PART_BYTES = 16 * 1024;
const COMMA = 0x2c;

/** Puts the elements of an `ArrayValue`, with commas between them. Leaves the cursor as it was. */
export function putElements(
  buffer: TextBuffer,
  c: ProtoCursor,
  from: number,
  to: number,
  style: ValueStyle,
  depth: number,
): void {
  const { at, end } = c;
  const element = createAnyValue();
  moveTo(c, from, to);
  let isFirst = true;
  while (!isLongText(buffer)) {
    const tag = readTag(c);
    if (tag === 0 || isFull(buffer)) return moveTo(c, at, end);
    if (tag !== 0x0a) {
      skipField(c, tag);
      continue;
    }
    readElement(c, element);
    if (!isFirst) putCode(buffer, COMMA);
    isFirst = false;
    style.put(buffer, c, element, depth);
  }
  putLongElements(buffer, c, element, style, depth, isFirst);
  moveTo(c, at, end);
}

/** Reads the element that the cursor stands before, its length first, and returns the length. */
function readElement(c: ProtoCursor, element: AnyValue): number {
  const length = readLength(c);
  readAnyValue(c, c.at, c.at + length, element);
  c.at += length;
  return length;
}

/** Puts the rest of the elements: small ones together as one part that stays where it lies. */
function putLongElements(
  buffer: TextBuffer,
  c: ProtoCursor,
  element: AnyValue,
  style: ValueStyle,
  depth: number,
  isFirst: boolean,
): void {
  let count = 0;
  let from = c.at;
  let fields = c.fieldsLeft;

  function endPart(to: number): void {
    if (count === 0) return;
    if (!isFirst) putCode(buffer, COMMA);
    isFirst = false;
    putLong(buffer, c.bytes, from, to, formOf(c, style, false, depth, fields));
    count = 0;
  }

  for (let before = c.at, tag = readTag(c); tag !== 0; before = c.at, tag = readTag(c)) {
    if (tag !== 0x0a) skipField(c, tag);
    else if (readElement(c, element) <= PART_BYTES) {
      count++;
      passOver(c, element, depth);
    } else {
      endPart(before);
      if (!isFirst) putCode(buffer, COMMA);
      isFirst = false;
      style.put(buffer, c, element, depth);
      from = c.at;
      fields = c.fieldsLeft;
    }
    if (c.at - from < PART_BYTES) continue;
    endPart(c.at);
    from = c.at;
    fields = c.fieldsLeft;
  }
  endPart(c.at);
}

/** Puts the pairs of a `KeyValueList`, see {@link readPairs}, with commas between them. */
export function putPairs(
  buffer: TextBuffer,
  c: ProtoCursor,
  from: number,
  to: number,
  style: ValueStyle,
  depth: number,
): void {
  if (from < to && to - from <= PART_BYTES && isLongText(buffer)) {
    const { fieldsLeft } = c;
    passOverPairs(c, from, to, depth);
    return putLong(buffer, c.bytes, from, to, formOf(c, style, true, depth, fieldsLeft));
  }
  const value = createAnyValue();
  const places = readPairs(c, from, to);
  for (let i = 0; i < places.length && !isFull(buffer); i += PAIR_PLACES) {
    readAnyValue(c, places[i + 2] ?? 0, places[i + 3] ?? 0, value);
    if (i > 0) putCode(buffer, COMMA);
    style.putPair(buffer, c, places[i] ?? 0, places[i + 1] ?? 0, value, depth);
  }
}

/** Reads all that putting a value reads: what is malformed or too much shows now. */
function passOver(c: ProtoCursor, { kind, from, to }: AnyValue, depth: number): void {
  if (depth >= MAX_DEPTH) return;
  if (kind === "map") return passOverPairs(c, from, to, depth + 1);
  if (kind !== "list") return;
  const { at, end } = c;
  const element = createAnyValue();
  moveTo(c, from, to);
  for (let tag = readTag(c); tag !== 0; tag = readTag(c)) {
    if (tag !== 0x0a) skipField(c, tag);
    else {
      readElement(c, element);
      passOver(c, element, depth + 1);
    }
  }
  moveTo(c, at, end);
}

function passOverPairs(c: ProtoCursor, from: number, to: number, depth: number): void {
  const value = createAnyValue();
  const places = readPairs(c, from, to);
  for (let i = 0; i < places.length; i += PAIR_PLACES) {
    readAnyValue(c, places[i + 2] ?? 0, places[i + 3] ?? 0, value);
    passOver(c, value, depth);
  }
}

/** By style: the forms of parts of which all is read, by what else they depend on. */
const forms = new Map<ValueStyle, (TextForm | undefined)[]>();

/** The form of a part that was gone through with so many fields left. */
function formOf(
  c: ProtoCursor,
  style: ValueStyle,
  isMap: boolean,
  depth: number,
  fields: number,
): TextForm {
  // Fields ran out within it, as they have to when it is written.
  if (isUsedUp(c)) return createForm(c.isOwn, style, isMap, depth, fields);
  const known = forms.get(style) ?? [];
  forms.set(style, known);
  const index = 4 * depth + (isMap ? 2 : 0) + (c.isOwn ? 1 : 0);
  return known[index] ??= createForm(c.isOwn, style, isMap, depth, Infinity);
}

/** What is converted at a time. */
const part = createTextBuffer();

function createForm(
  isOwn: boolean,
  style: ValueStyle,
  isMap: boolean,
  depth: number,
  fields: number,
): TextForm {
  const put = isMap ? putPairs : putElements;
  return {
    cut: (_bytes, _from, _until, to) => to,
    convert: (bytes, from, to) => {
      const c = createProtoCursor(bytes, isOwn);
      c.fieldsLeft = fields;
      beginPart(part);
      put(part, c, from, to, style, depth);
      return part.bytes.subarray(0, part.at);
    },
  };
}
