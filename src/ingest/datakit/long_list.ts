/** Lists with long texts or bytes in them, which stay where they lie until they are written. */
import { scalarToJson } from "../../point/clean_field_value.ts";
import {
  isLongContent,
  type LongContent,
  type LongText,
  plainText,
  textOfString,
  type TextPiece,
} from "../../point/long_text.ts";
import type { Scalar } from "../../point/point.ts";
import { BASE64, inJson } from "../text_forms.ts";

/** A value of a list; a long one is no list itself. */
export type ListItem = Scalar | LongContent;

/** Bytes of a list's texts that are written piece by piece. */
const LONG_LIST_BYTES = 64 * 1024;

/** The list, as it is or to be written piece by piece: as text where its values are not of one type, as any list. */
export function listOf(items: readonly ListItem[]): readonly Scalar[] | LongContent {
  const scalars = scalarsOf(items);
  if (scalars !== undefined && sizeOf(scalars) <= LONG_LIST_BYTES) return scalars;
  for (const type of ["string", "bytes"] as const) {
    const texts = items.map((item) => textOf(item, type));
    if (isWhole(texts)) return { type, isList: true, texts };
  }
  return scalars !== undefined && !scalars.some(isText) ? scalars : mixed(items);
}

function scalarsOf(items: readonly ListItem[]): readonly Scalar[] | undefined {
  const scalars: Scalar[] = [];
  for (const item of items) {
    if (isLongContent(item)) return undefined;
    scalars.push(item);
  }
  return scalars;
}

function sizeOf(scalars: readonly Scalar[]): number {
  let size = 0;
  for (const scalar of scalars) if (isText(scalar)) size += scalar.length;
  return size;
}

function isText(scalar: Scalar): scalar is string | Uint8Array {
  return typeof scalar === "string" || scalar instanceof Uint8Array;
}

function textOf(item: ListItem, type: LongContent["type"]): LongText | undefined {
  if (typeof item === "string") return type === "string" ? textOfString(item) : undefined;
  if (item instanceof Uint8Array) return type === "bytes" ? plainText(item) : undefined;
  return isLongContent(item) && item.type === type ? item.texts[0] : undefined;
}

function isWhole(texts: readonly (LongText | undefined)[]): texts is readonly LongText[] {
  return !texts.includes(undefined);
}

/** The JSON text of a list of mixed types. */
function mixed(items: readonly ListItem[]): LongContent {
  const text: TextPiece[] = [];
  let before = "[";

  function put(pieces: LongText): void {
    text.push(...textOfString(before), ...pieces);
    before = "";
  }

  for (const [index, item] of items.entries()) {
    if (index > 0) before += ",";
    if (isLongContent(item) || isText(item)) {
      before += '"';
      put(inJsonOf(item));
      before += '"';
    } else before += scalarToJson(item);
  }
  put(textOfString("]"));
  return { type: "string", isList: false, texts: [text] };
}

/** What stands between the quotes of a text in JSON, which of bytes is base64. */
function inJsonOf(item: string | Uint8Array | LongContent): LongText {
  const isBytes = typeof item !== "string" && (item instanceof Uint8Array || item.type === "bytes");
  const text = textOf(item, isBytes ? "bytes" : "string") ?? [];
  return text.map((piece) => ({ ...piece, form: isBytes ? BASE64 : inJson(piece.form) }));
}
