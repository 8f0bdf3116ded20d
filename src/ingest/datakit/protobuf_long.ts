/** Long fields of a protobuf point: their texts and bytes stay in the body until they are written. */
import { beginningOf, type LongContent, longContent, plainText } from "../../point/long_text.ts";
import type { FieldValue } from "../../point/point.ts";
import { decodeScalar, isArrayType, type MemberBudget } from "../../point/protobuf_decoder.ts";
import { createProtobufReader, nextField, type ProtobufReader } from "../../point/protobuf_reader.ts";
import { type ListItem, listOf } from "./long_list.ts";

/** A shorter value is decoded at once. */
const LONG_BYTES = 1024;
/** Of a longer key or tag only the beginning is decoded: the rules leave less of it. */
export const LONGEST_NAME_BYTES = 4096;
/** The members of a field, and those of a value that may be long, which have one less in an array's element. */
const FIELD = { key: 1, array: 7, isTag: 8 } as const;
const ARRAY = { typeUrl: 1, value: 2, element: 1 } as const;
const VALUE = { bytes: 5, string: 6 } as const;
/** A field's text has a number of its own. */
const FIELD_STRING = 11;

/** A tag or field. */
export interface LongPair {
  readonly key: string;
  readonly value: FieldValue | LongContent | undefined;
  readonly isTag: boolean;
}

/** As `decodeField()` does with a short one. */
export function decodeLongField(
  bytes: Uint8Array,
  decoder: TextDecoder,
  budget: MemberBudget,
): LongPair | undefined {
  const reader = createProtobufReader(bytes);
  let key = "";
  let isTag = false;
  let value: FieldValue | LongContent | undefined;
  while (nextField(reader)) {
    if (--budget.left < 0) return undefined;
    const { field, wireType } = reader;
    if (field === FIELD.key && wireType === 2) key = nameOf(reader.bytes, decoder);
    else if (field === FIELD.isTag && wireType === 0) isTag = reader.varint !== 0n;
    else if (field === FIELD.array && wireType === 2) {
      value = decodeArray(reader.bytes, decoder, budget);
      if (value === undefined) return undefined;
    } else if (field === FIELD_STRING || (field >= 2 && field <= 6)) {
      value = decodeItem(field === FIELD_STRING ? VALUE.string : field - 1, reader, decoder) ?? value;
    }
  }
  if (reader.failed || key === "") return undefined;
  return { key, value: isTag ? tagOf(value, decoder) : value, isTag };
}

function nameOf(bytes: Uint8Array, decoder: TextDecoder): string {
  return decoder.decode(bytes.subarray(0, LONGEST_NAME_BYTES));
}

/** What the rules leave of a tag's value. */
function tagOf(value: LongPair["value"], decoder: TextDecoder): FieldValue | undefined {
  if (typeof value !== "object" || !("texts" in value)) return value;
  const bytes = beginningOf(value.texts.at(0) ?? [], LONGEST_NAME_BYTES);
  return value.type === "string" ? nameOf(bytes, decoder) : bytes.slice();
}

/** A value by its number in an array's element. */
function decodeItem(number: number, reader: ProtobufReader, decoder: TextDecoder): ListItem | undefined {
  const { bytes, wireType } = reader;
  if (wireType === 2 && bytes.length > LONG_BYTES) {
    if (number === VALUE.string) return longContent(plainText(bytes));
    if (number === VALUE.bytes) return longContent(plainText(bytes), "bytes");
  }
  return decodeScalar(number, reader, decoder);
}

/** An array; `undefined` for a broken one, and for dictionaries, which Dataway does not store. */
function decodeArray(
  bytes: Uint8Array,
  decoder: TextDecoder,
  budget: MemberBudget,
): FieldValue | LongContent | undefined {
  const reader = createProtobufReader(bytes);
  let isArray = false;
  let packed = bytes.subarray(0, 0);
  while (nextField(reader)) {
    if (--budget.left < 0) return undefined;
    if (reader.field === ARRAY.typeUrl && reader.wireType === 2) isArray = isArrayType(reader.bytes, decoder);
    else if (reader.field === ARRAY.value && reader.wireType === 2) packed = reader.bytes;
  }
  if (reader.failed || !isArray) return undefined;
  const items: ListItem[] = [];
  const elements = createProtobufReader(packed);
  while (nextField(elements)) {
    if (--budget.left < 0) return undefined;
    if (elements.field !== ARRAY.element || elements.wireType !== 2) continue;
    const item = decodeElement(elements.bytes, decoder, budget);
    if (item === undefined) return undefined;
    items.push(item);
  }
  return elements.failed ? undefined : listOf(items);
}

function decodeElement(bytes: Uint8Array, decoder: TextDecoder, budget: MemberBudget): ListItem | undefined {
  const reader = createProtobufReader(bytes);
  let item: ListItem | undefined;
  while (nextField(reader)) {
    if (--budget.left < 0) return undefined;
    item = decodeItem(reader.field, reader, decoder) ?? item;
  }
  return reader.failed ? undefined : item;
}
