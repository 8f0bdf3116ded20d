import { cleanTagValue } from "../../point/clean_text.ts";
import type { Category } from "../../point/point.ts";
import type { Constant, PointWriter } from "../../point/point_writer.ts";

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
