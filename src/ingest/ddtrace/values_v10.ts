/** v1.0's values, links and events as they are written: what a span has few of, and made one by one. */
import {
  isAtMap,
  type MsgpackCursor,
  skip,
  takeArray,
  takeInteger,
  takeMap,
  takeNumber,
  takeText,
  textOf,
} from "./msgpack_cursor.ts";
import {
  type Json,
  MAX_DEPTH,
  spend,
  TooLargeError,
  type ValueBudget,
  wideInteger,
} from "./msgpack_value.ts";
import { hexOf, type SpanEvent, type SpanLink } from "./span_form.ts";
import type { StreamingStrings } from "./streaming_strings.ts";
import { ATTRIBUTE, itemsOf, takeKey, TYPE, VALUE } from "./walk_v10.ts";

/** A value of the type; `undefined` for one of a type that there is not. Throws TooLargeError beyond the budget. */
export function readTypedValue(
  cursor: MsgpackCursor,
  strings: StreamingStrings,
  type: number,
  budget: ValueBudget,
  depth = 0,
): Json | undefined {
  spend(budget);
  if (depth >= MAX_DEPTH) throw new TooLargeError("Cannot decode a value as it nests too deep");
  switch (type) {
    case TYPE.text:
      return takeString(cursor, strings, budget);
    case TYPE.boolean:
      return takeNumberOr0(cursor) !== 0;
    case TYPE.float:
      return takeNumberOr0(cursor);
    case TYPE.integer:
      takeInteger(cursor);
      return wideInteger(cursor, true);
    case TYPE.bytes:
      if (takeText(cursor)) return cursor.bytes.subarray(cursor.from, cursor.to);
      skip(cursor);
      return null;
    case TYPE.array:
      return readArray(cursor, strings, budget, depth);
    case TYPE.keyValues:
      return readAttributes(cursor, strings, budget, depth + 1);
    default:
      skip(cursor);
      return undefined;
  }
}

function readArray(
  cursor: MsgpackCursor,
  strings: StreamingStrings,
  budget: ValueBudget,
  depth: number,
): Json {
  const values: Json[] = [];
  const count = itemsOf(cursor, VALUE);
  if (count < 0) skip(cursor);
  for (let left = count; left > 0; left--) {
    values.push(readTypedValue(cursor, strings, takeNumberOr0(cursor), budget, depth + 1) ?? null);
  }
  return values;
}

/** Attributes that begin at the cursor, set in `attributes`. Throws TooLargeError beyond the budget. */
export function readAttributes(
  cursor: MsgpackCursor,
  strings: StreamingStrings,
  budget: ValueBudget,
  depth = 0,
  attributes = new Map<string, Json>(),
): ReadonlyMap<string, Json> {
  const count = itemsOf(cursor, ATTRIBUTE);
  if (count < 0) skip(cursor);
  for (let left = count; left > 0; left--) {
    const key = takeString(cursor, strings, budget);
    const value = readTypedValue(cursor, strings, takeNumberOr0(cursor), budget, depth);
    if (value !== undefined) attributes.set(key, value);
  }
  return attributes;
}

/** Links that begin at the cursor. Throws TooLargeError beyond the budget. */
export function readLinks(
  cursor: MsgpackCursor,
  strings: StreamingStrings,
  budget: ValueBudget,
): readonly SpanLink[] {
  return readList(cursor, budget, (members) => {
    const link = { traceId: "", spanId: hexOf(0, 0), tracestate: "", flags: 0 };
    let attributes: ReadonlyMap<string, Json> = new Map();
    for (let left = members; left > 0; left--) {
      const key = takeKey(cursor);
      if (key === 1) link.traceId = takeHex(cursor);
      else if (key === 2) {
        takeInteger(cursor);
        link.spanId = hexOf(cursor.low, cursor.high);
      } else if (key === 3) attributes = readAttributes(cursor, strings, budget, 0);
      else if (key === 4) link.tracestate = takeString(cursor, strings, budget);
      else if (key === 5) link.flags = takeNumberOr0(cursor);
      else skip(cursor);
    }
    return { ...link, traceId: link.traceId.padStart(32, "0"), attributes };
  });
}

/** Events that begin at the cursor. Throws TooLargeError beyond the budget. */
export function readEvents(
  cursor: MsgpackCursor,
  strings: StreamingStrings,
  budget: ValueBudget,
): readonly SpanEvent[] {
  return readList(cursor, budget, (members) => {
    const event = { name: "", timeNs: 0n };
    let attributes: ReadonlyMap<string, Json> = new Map();
    for (let left = members; left > 0; left--) {
      const key = takeKey(cursor);
      if (key === 1) {
        takeInteger(cursor);
        event.timeNs = wideInteger(cursor, false);
      } else if (key === 2) event.name = takeString(cursor, strings, budget);
      else if (key === 3) attributes = readAttributes(cursor, strings, budget, 0);
      else skip(cursor);
    }
    return { ...event, attributes };
  });
}

function readList<T>(cursor: MsgpackCursor, budget: ValueBudget, readItem: (members: number) => T): T[] {
  const items: T[] = [];
  for (let left = takeArray(cursor); left > 0; left--) {
    spend(budget);
    if (isAtMap(cursor)) items.push(readItem(takeMap(cursor)));
    else skip(cursor);
  }
  return items;
}

function takeString(cursor: MsgpackCursor, strings: StreamingStrings, budget: ValueBudget): string {
  const isString = strings.take(cursor);
  if (cursor.pending > 0) skip(cursor);
  if (!isString) return "";
  spend(budget, cursor.to - cursor.from);
  return textOf(cursor);
}

function takeNumberOr0(cursor: MsgpackCursor): number {
  if (takeNumber(cursor)) return cursor.number;
  skip(cursor);
  return 0;
}

/** Up to 16 bytes in hexadecimal. */
function takeHex(cursor: MsgpackCursor): string {
  if (takeText(cursor)) {
    return cursor.bytes.subarray(cursor.from, Math.min(cursor.to, cursor.from + 16)).toHex();
  }
  skip(cursor);
  return "";
}
