/** How much text a value of JSON holds. */
import { isLarge } from "./large_values.ts";

/** Of members that are measured. */
const MAX_DEPTH = 32;

/** How much text is in a value, in UTF-16 units, as far as `enough`; that much is taken for large and deep ones. */
export function textLengthOf(value: unknown, enough: number, depth = 0): number {
  if (typeof value === "string") return value.length;
  if (typeof value !== "object" || value === null) return 1;
  if (depth > MAX_DEPTH || isLarge(value)) return enough;
  let length = 0;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length && length < enough; i++) {
      length += 1 + textLengthOf(value[i], enough - length, depth + 1);
    }
    return length;
  }
  // A list of its entries would be garbage of a multiple of a large record.
  for (const key in value) {
    if (length >= enough) return length;
    if (!Object.hasOwn(value, key)) continue;
    length += key.length + textLengthOf(Reflect.get(value, key), enough - length, depth + 1);
  }
  return length;
}
