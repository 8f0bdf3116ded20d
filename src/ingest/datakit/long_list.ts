/** Lists with long texts or bytes in them, which stay where they lie until they are written. */
import { scalarToJson } from "../../point/clean_field_value.ts";
import {
  isLongContent,
  type LongContent,
  longContent,
  type LongText,
  type LongType,
  plainText,
  textOfString,
} from "../../point/long_text.ts";
import type { Scalar } from "../../point/point.ts";
import { BASE64, inJson } from "../text_forms.ts";
import { createTextWriter } from "./text_writer.ts";

/** A value of a list; a long one is no list itself. */
export type ListItem = Scalar | LongContent;

/** Bytes of a list's texts that are written piece by piece. */
const LONG_LIST_BYTES = 64 * 1024;

/** Items after which something else may run. */
const STEP = 256;
/** A longer string becomes text where it is written. */
const LONG_STRING = 1024;

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
    if (isLongContent(item)) isScalar = false;
    else {
      scalars.push(item);
      if (isText(item)) bytes += item.length;
    }
    const itemType = typeOf(item);
    hasText ||= itemType !== undefined;
    if (itemType !== type) type = undefined;
    if (i % STEP === STEP - 1) yield;
  }
  if (isScalar && (!hasText || bytes <= LONG_LIST_BYTES)) return scalars;
  return type === undefined ? yield* mixed(items) : yield* ofType(items, type);
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

function* ofType(items: readonly ListItem[], type: LongType): Generator<undefined, LongContent, undefined> {
  const writer = createTextWriter(LONG_LIST_BYTES);
  const texts: LongText[] = [];
  for (let i = 0; i < items.length; i++) {
    const item = items[i] ?? "";
    if (typeof item === "string" && item.length <= LONG_STRING) {
      writer.text(item);
      texts.push(writer.take());
    } else texts.push(textOf(item));
    if (i % STEP === STEP - 1) yield;
  }
  return { type, isList: true, texts };
}

/** A text; of what is none nothing. */
function textOf(item: ListItem): LongText {
  if (typeof item === "string") return textOfString(item);
  if (item instanceof Uint8Array) return plainText(item);
  return isLongContent(item) ? item.texts[0] ?? [] : [];
}

/** The JSON text of a list of mixed types. */
function* mixed(items: readonly ListItem[]): Generator<undefined, LongContent, undefined> {
  const writer = createTextWriter(LONG_LIST_BYTES);
  writer.text("[");
  for (let i = 0; i < items.length; i++) {
    const item = items[i] ?? "";
    if (i > 0) writer.text(",");
    const type = typeOf(item);
    const isShort = !isLongContent(item) && !(isText(item) && item.length > LONG_STRING);
    if (isShort) writer.text(scalarToJson(item));
    else if (type !== undefined) {
      writer.text('"');
      for (const piece of textOf(item)) {
        writer.piece({ ...piece, form: type === "bytes" ? BASE64 : inJson(piece.form) });
      }
      writer.text('"');
    }
    if (i % STEP === STEP - 1) yield;
  }
  writer.text("]");
  return longContent(writer.take());
}
