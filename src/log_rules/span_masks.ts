/** Rules for the texts of spans. Loaded only where there is one. */
import type { FieldValue } from "../point/point.ts";
import { decodePoint } from "../point/point_range.ts";
import { encodePoint } from "../point/protobuf.ts";
import type { MemberMask } from "./rules.ts";

/** A span's point with its texts masked; `undefined`: there is nothing to mask in it. */
export type MaskSpan = (bytes: Uint8Array, length: number) => Uint8Array | undefined;

/** What finds a trace again, decimal or hexadecimal digits. */
const IDS: ReadonlySet<string> = new Set(["trace_id", "span_id", "parent_id"]);

/** Masks all tags and string fields but the ids. */
export function createSpanMasker(mask: MemberMask): MaskSpan {
  return (bytes, length) => {
    const point = decodePoint("tracing", bytes.subarray(0, length));
    const tags = maskAll(point.tags, mask);
    const fields = maskAll(point.fields, mask);
    if (tags === point.tags && fields === point.fields) return undefined;
    return encodePoint({ ...point, tags, fields });
  };
}

/** The same map when nothing changed. */
function maskAll<T extends FieldValue>(
  values: ReadonlyMap<string, T>,
  mask: MemberMask,
): ReadonlyMap<string, T | string> {
  let masked: Map<string, T | string> | undefined;
  for (const [key, value] of values) {
    if (typeof value !== "string" || IDS.has(key)) continue;
    const text = mask(value, key);
    if (text === value) continue;
    masked ??= new Map<string, T | string>(values);
    masked.set(key, text);
  }
  return masked ?? values;
}
