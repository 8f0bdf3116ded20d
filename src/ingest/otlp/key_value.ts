/** The one reader of `KeyValue`, for attributes and for the pairs of maps. */
import { moveTo, type ProtoCursor, readLength, readTag, skipField } from "./proto_cursor.ts";

/** Numbers that a pair takes: begin and end of the key, begin and end of the `AnyValue` (equal without one). */
export const PAIR_PLACES = 4;

/** Reads the `KeyValue` that the cursor stands before, its length first; its places go to `places[at …]`. */
export function readKeyValue(c: ProtoCursor, places: Int32Array, at: number): void {
  const length = readLength(c);
  const outerEnd = c.end;
  const end = c.at + length;
  let keyFrom = end;
  let keyTo = end;
  let valueFrom = end;
  let valueTo = end;
  c.end = end;
  for (let tag = readTag(c); tag !== 0; tag = readTag(c)) {
    if (tag === 0x0a) {
      const size = readLength(c);
      keyFrom = c.at;
      keyTo = c.at = keyFrom + size;
    } else if (tag === 0x12) {
      const size = readLength(c);
      valueFrom = c.at;
      valueTo = c.at = valueFrom + size;
    } else skipField(c, tag);
  }
  moveTo(c, end, outerEnd);
  places[at] = keyFrom;
  places[at + 1] = keyTo;
  places[at + 2] = valueFrom;
  places[at + 3] = valueTo;
}
