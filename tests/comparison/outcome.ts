import { encodeHex } from "@std/encoding/hex";
import { createHash } from "node:crypto";
import type { Category, FieldValue, Scalar } from "../../src/point/point.ts";
import type { DecodedPoint } from "../support/wire/decoded_point.ts";

/** All that came of an input. Points are one line of JSON each, in the order in which they came. */
export interface Outcome {
  /** What the client was answered. */
  readonly answers: readonly string[];
  /** `<source> <reason> <count>`, sorted. */
  readonly refused: readonly string[];
  /** As line protocol has them. */
  readonly v1: readonly string[];
  /** As protobuf has them. */
  readonly v2: readonly string[];
}

/** Longer texts are told by their beginning and a digest. */
const MAX_TEXT = 3000;

/**
 * `[category, measurement, time, tags, fields]` with sorted keys; a field's value is text with its type before it.
 * Times are told in steps of `stepNs`.
 */
export function pointText(category: Category, point: DecodedPoint, stepNs: bigint): string {
  const tags = Array.from(point.tags).sort(byKey).map(([key, value]) => [shorten(key), shorten(value)]);
  const fields = Array.from(point.fields).sort(byKey).map(([key, value]) => [shorten(key), fieldText(value)]);
  const time = String(point.timeNs - (point.timeNs % stepNs));
  return JSON.stringify([
    category,
    shorten(point.measurement),
    time,
    Object.fromEntries(tags),
    Object.fromEntries(fields),
  ]);
}

/** A short digest of an outcome. */
export function digestOf(outcome: Outcome): string {
  return createHash("sha256").update(JSON.stringify(outcome)).digest("hex").slice(0, 16);
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Ids of events are by chance. */
const EVENT_ID = /^event-[0-9a-f]{32}$/;

function fieldText(value: FieldValue): string {
  if (Array.isArray(value)) return `[${value.map(scalarText).join()}]`;
  return scalarText(value);
}

function scalarText(value: FieldValue | Scalar): string {
  switch (typeof value) {
    case "string":
      return `s:${shorten(value.replace(EVENT_ID, "event-*"))}`;
    case "number":
      return `f:${Object.is(value, -0) ? "-0" : value}`;
    case "bigint":
      return `i:${value}`;
    case "boolean":
      return `b:${value}`;
  }
  if (value instanceof Uint8Array) return `d:${encodeHex(value)}`;
  return "unsigned" in value ? `u:${value.unsigned}` : "?";
}

function shorten(text: string): string {
  if (text.length <= MAX_TEXT) return text;
  const digest = createHash("sha256").update(text).digest("hex").slice(0, 16);
  return `${text.slice(0, 40)}… ${text.length} ${digest}`;
}
