import { cleanTagValue } from "../../point/clean_text.ts";
import type { Category } from "../../point/point.ts";
import type { Key, KeyTable } from "../../point/point_keys.ts";
import type { Constant } from "../../point/point_kind.ts";
import type { PointWriter } from "../../point/point_writer.ts";
import { encodeTag } from "../../point/protobuf.ts";

/** A tag that many points share, encoded once. */
export interface SharedTag {
  /** `undefined`: the rules leave nothing of it. */
  readonly constant: Constant | undefined;
  /** The rules shorten it: each point that has it counts as trimmed. */
  readonly isCut: boolean;
}

/** Prepares a tag. */
export function shareTag(writer: PointWriter, category: Category, name: string, value: string): SharedTag {
  let isCut = false;
  cleanTagValue(value, () => void (isCut = true));
  return { constant: writer.constantTag(category, name, value), isCut };
}

/** Writes it into the point begun. */
export function writeShared(writer: PointWriter, { constant, isCut }: SharedTag): void {
  writer.constant(constant);
  if (isCut) writer.trim();
}

/** A shared tag whose name comes from outside: there may be more of them than keys are kept. */
export interface ForeignTag extends SharedTag {
  readonly key: Key;
  readonly value: string;
}

/** Prepares one. */
export function shareForeignTag(keys: KeyTable, name: string, value: string): ForeignTag {
  const key = keys.of(name);
  let isCut = false;
  const clean = cleanTagValue(value, () => void (isCut = true));
  const constant = clean === "" ? undefined : { key, isTag: true, bytes: encodeTag(key.slot.name, clean) };
  return { key, value, constant, isCut };
}

/** Writes it with the key that it has in the point begun. */
export function writeForeign(writer: PointWriter, tag: ForeignTag, key: Key): void {
  if (tag.key.isKept) writeShared(writer, tag);
  else writer.tag(key, tag.value);
}
