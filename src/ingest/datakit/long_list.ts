/** Lists with long texts or bytes in them, which stay where they lie until they are written. */
import { scalarToJson } from "../../point/clean_field_value.ts";
import {
  aboutBytes,
  type AnyText,
  isLongContent,
  isMade,
  type LongContent,
  longContent,
  type LongType,
  PLAIN,
  plainText,
  textOfString,
} from "../../point/long_text.ts";
import type { Scalar } from "../../point/point.ts";
import { BASE64, inJson } from "../text_forms.ts";
import { createPartWriter, type PartWriter } from "./part_writer.ts";

/** A value of a list; a long one is no list itself. */
export type ListItem = Scalar | LongContent;

/** Bytes of a list's texts that are written piece by piece. */
const LONG_LIST_BYTES = 64 * 1024;

/** Items after which something else may run. */
const STEP = 256;
/** A longer string becomes text where it is written. */
const LONG_STRING = 1024;

const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const QUOTE = 0x22;
const QUOTED = inJson(PLAIN);

/** The list, as it is or to be written piece by piece: as text where its values are not of one type, as any list. */
export function listOf(items: readonly ListItem[]): readonly Scalar[] | LongContent {
  const making = listInSteps(items);
  for (;;) {
    const { done, value } = making.next();
    if (done === true) return value;
  }
}

/** The same, which stops now and then. */
export function* listInSteps(
  items: readonly ListItem[],
): Generator<undefined, readonly Scalar[] | LongContent, undefined> {
  const scalars: Scalar[] = [];
  let isScalar = true;
  let bytes = 0;
  let type = items.length === 0 ? undefined : typeOf(items[0]);
  let hasText = false;
  for (let i = 0; i < items.length; i++) {
    const item = items[i] ?? "";
    if (isLongContent(item)) {
      isScalar = false;
      bytes += aboutBytes(item.texts.at(0) ?? []);
    } else {
      scalars.push(item);
      if (isText(item)) bytes += item.length;
    }
    const itemType = typeOf(item);
    hasText ||= itemType !== undefined;
    if (itemType !== type) type = undefined;
    if (i % STEP === STEP - 1) yield;
  }
  if (isScalar && (!hasText || bytes <= LONG_LIST_BYTES)) return scalars;
  return type === undefined ? longContent({ bytes, make: () => mixedParts(items) }) : ofType(items, type);
}

/** What a text is; `undefined`: it is none. */
function typeOf(item: ListItem | undefined): LongType | undefined {
  if (typeof item === "string") return "string";
  if (item instanceof Uint8Array) return "bytes";
  return item !== undefined && isLongContent(item) ? item.type : undefined;
}

function isText(scalar: Scalar): scalar is string | Uint8Array {
  return typeof scalar === "string" || scalar instanceof Uint8Array;
}

function ofType(items: readonly ListItem[], type: LongType): LongContent {
  const at = (index: number): AnyText | undefined =>
    index < items.length ? textOf(items[index] ?? "") : undefined;
  return { type, isList: true, texts: { length: items.length, at } };
}

/** A text; of what is none nothing. */
function textOf(item: ListItem): AnyText {
  if (typeof item === "string") return textOfString(item);
  if (item instanceof Uint8Array) return plainText(item);
  return isLongContent(item) ? item.texts.at(0) ?? [] : [];
}

/** The parts of the JSON text of a list of mixed types. */
function* mixedParts(items: readonly ListItem[]): Generator<Uint8Array, void, undefined> {
  const out = createPartWriter(LONG_LIST_BYTES);
  out.byte(OPEN_BRACKET);
  for (let i = 0; i < items.length; i++) {
    const item = items[i] ?? "";
    if (i > 0) out.byte(COMMA);
    const type = typeOf(item);
    const isShort = !isLongContent(item) && !(isText(item) && item.length > LONG_STRING);
    if (isShort) out.text(scalarToJson(item));
    else if (type !== undefined) {
      out.byte(QUOTE);
      yield* quotedParts(out, textOf(item), type);
      out.byte(QUOTE);
    }
    if (out.isFull || i % STEP === STEP - 1) yield out.take();
  }
  out.byte(CLOSE_BRACKET);
  yield out.take();
}

/** What stands between the quotes of a text, or of bytes as base64. */
function* quotedParts(
  out: PartWriter,
  text: AnyText,
  type: LongType,
): Generator<Uint8Array, void, undefined> {
  if (!isMade(text)) {
    for (const piece of text) {
      yield* out.piece({ ...piece, form: type === "bytes" ? BASE64 : inJson(piece.form) });
    }
    return;
  }
  const parts = text.make();
  for (let step = parts.next(); step.done !== true; step = parts.next()) {
    yield* out.piece({ bytes: step.value, from: 0, to: step.value.length, form: QUOTED });
  }
}
