/** Rules for the texts of spans. Loaded only where there is one. */
import type { FieldValue } from "../point/point.ts";
import { decodePoint } from "../point/point_range.ts";
import { encodePoint } from "../point/protobuf.ts";
import type { MemberMask } from "./rules.ts";

/** Masks the texts of spans' points. */
export interface SpanMasker {
  /** The same point masked; `undefined`: there is nothing to mask in it. */
  readonly mask: (bytes: Uint8Array, length: number) => Uint8Array | undefined;
  /** The same in steps, text by text, for points of megabytes. */
  readonly steps: (bytes: Uint8Array) => Generator<undefined, Uint8Array | undefined>;
}

/** What finds a trace again, decimal or hexadecimal digits. */
const IDS: ReadonlySet<string> = new Set(["trace_id", "span_id", "parent_id"]);

/** Masks all tags and string fields but the ids. */
export function createSpanMasker(mask: MemberMask): SpanMasker {
  function* steps(bytes: Uint8Array): Generator<undefined, Uint8Array | undefined> {
    const point = decodePoint("tracing", bytes);
    yield;
    const tags = yield* maskAll(point.tags, mask);
    const fields = yield* maskAll(point.fields, mask);
    if (tags === point.tags && fields === point.fields) return undefined;
    return encodePoint({ ...point, tags, fields });
  }

  return {
    steps,
    mask: (bytes, length) => {
      const all = steps(bytes.subarray(0, length));
      let step = all.next();
      while (step.done !== true) step = all.next();
      return step.value;
    },
  };
}

/** The same map when nothing changed. */
function* maskAll<T extends FieldValue>(
  values: ReadonlyMap<string, T>,
  mask: MemberMask,
): Generator<undefined, ReadonlyMap<string, T | string>> {
  let masked: Map<string, T | string> | undefined;
  for (const [key, value] of values) {
    if (typeof value !== "string" || IDS.has(key)) continue;
    const text = mask(value, key);
    yield;
    if (text === value) continue;
    masked ??= new Map<string, T | string>(values);
    masked.set(key, text);
  }
  return masked ?? values;
}
