import type { Point } from "./point.ts";
import { cutUtf8, utf8Length } from "./utf8.ts";

/** Dataway's storage takes about 1 MB a log message; DataKit cuts at half of that. In bytes of UTF-8. */
export const MAX_MESSAGE_BYTES = 512_000;
/** Parts of one message keep their order by time. */
const PART_STEP_NS = 1000n;

/**
 * The points that carry a log point whose `message` is more than Dataway stores in one: parts in order, a microsecond
 * apart, with the fields `message_part` (from 1) and `message_parts`. A point that fits is returned as it is.
 * @see `tests/spec/datakit.md` 3.4 and 5.4
 */
export function splitMessage(point: Point, maxBytes: number = MAX_MESSAGE_BYTES): readonly Point[] {
  const message = point.fields.get("message");
  if (point.category !== "logging" || typeof message !== "string" || message.length * 3 <= maxBytes) {
    return [point];
  }
  if (utf8Length(message) <= maxBytes) return [point];
  const texts: string[] = [];
  for (let rest = message; rest !== ""; rest = rest.slice(texts.at(-1)?.length)) {
    texts.push(cutUtf8(rest, maxBytes));
  }
  return texts.map((text, index) => ({
    ...point,
    timeNs: point.timeNs + BigInt(index) * PART_STEP_NS,
    fields: new Map([
      ...point.fields,
      ["message", text],
      ["message_part", BigInt(index + 1)],
      ["message_parts", BigInt(texts.length)],
    ]),
  }));
}
