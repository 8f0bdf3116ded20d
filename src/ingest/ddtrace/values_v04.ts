/** v0.4's links and events as they are written: what a span has few of, and made one by one. */
import {
  type MsgpackCursor,
  skip,
  sliceText,
  takeArray,
  takeInteger,
  takeMap,
  takeNumber,
  takeText,
  textOf,
} from "./msgpack_cursor.ts";
import { type Json, readValue, spend, type ValueBudget, wideInteger } from "./msgpack_value.ts";
import { hexOf, type SpanEvent, type SpanLink } from "./span_form.ts";

/** Links that begin at the cursor. Throws TooLargeError for more than the budget. */
export function readLinks(cursor: MsgpackCursor, budget: ValueBudget): readonly SpanLink[] {
  return readList(cursor, budget, readLink);
}

/** Events that begin at the cursor. Throws TooLargeError for more than the budget. */
export function readEvents(cursor: MsgpackCursor, budget: ValueBudget): readonly SpanEvent[] {
  return readList(cursor, budget, readEvent);
}

/** The list at the cursor; what is no item of it is left out. */
function readList<T>(
  cursor: MsgpackCursor,
  budget: ValueBudget,
  readItem: (cursor: MsgpackCursor, budget: ValueBudget, members: number) => T,
): T[] {
  const items: T[] = [];
  for (let left = takeArray(cursor); left > 0; left--) {
    spend(budget);
    const members = takeMap(cursor);
    if (members < 0) skip(cursor);
    else items.push(readItem(cursor, budget, members));
  }
  return items;
}

function readLink(cursor: MsgpackCursor, budget: ValueBudget, members: number): SpanLink {
  let low = zeros(16);
  let high = zeros(16);
  let isWhole = false;
  const link = { spanId: zeros(16), attributes: new Map<string, Json>(), tracestate: "", flags: 0 };
  eachMember(cursor, budget, members, (key) => {
    // Ids are numbers in msgpack, and hexadecimal text in the JSON of some tracers.
    if (key === "trace_id") {
      low = takeId(cursor, 32);
      isWhole = low.length === 32;
    } else if (key === "trace_id_high") high = takeId(cursor, 16);
    else if (key === "span_id") link.spanId = takeId(cursor, 16);
    else if (key === "attributes") link.attributes = readAttributes(cursor, budget, (value) => value);
    else if (key === "tracestate") link.tracestate = takeBudgeted(cursor, budget);
    else if (key === "flags") link.flags = takeNumber(cursor) ? cursor.number : skipped(cursor);
    else skip(cursor);
  });
  return { ...link, traceId: isWhole ? low : high + low };
}

/** An id in hexadecimal: of `digits` digits if it is text, of 16 if it is a number. */
function takeId(cursor: MsgpackCursor, digits: number): string {
  if (takeText(cursor)) {
    const { bytes, from, to } = cursor;
    // A unit has three bytes at most.
    return sliceText(bytes, from, Math.min(to, from + 3 * digits)).slice(0, digits).padStart(digits, "0");
  }
  takeInteger(cursor);
  return hexOf(cursor.low, cursor.high);
}

function zeros(digits: number): string {
  return "0".repeat(digits);
}

function readEvent(cursor: MsgpackCursor, budget: ValueBudget, members: number): SpanEvent {
  const event = { name: "", timeNs: 0n, attributes: new Map<string, Json>() };
  eachMember(cursor, budget, members, (key) => {
    if (key === "name") event.name = takeBudgeted(cursor, budget);
    else if (key === "time_unix_nano") {
      takeInteger(cursor);
      event.timeNs = wideInteger(cursor, false);
    } else if (key === "attributes") event.attributes = readAttributes(cursor, budget, eventAttribute);
    else skip(cursor);
  });
  return event;
}

function readAttributes(
  cursor: MsgpackCursor,
  budget: ValueBudget,
  valueOf: (wire: Json) => Json,
): Map<string, Json> {
  const attributes = new Map<string, Json>();
  eachMember(cursor, budget, takeMap(cursor), (key) => {
    attributes.set(key, valueOf(readValue(cursor, budget)));
  });
  return attributes;
}

function eachMember(
  cursor: MsgpackCursor,
  budget: ValueBudget,
  members: number,
  take: (key: string) => void,
): void {
  if (members < 0) skip(cursor);
  for (let left = members; left > 0; left--) take(takeBudgeted(cursor, budget));
}

function takeBudgeted(cursor: MsgpackCursor, budget: ValueBudget): string {
  spend(budget);
  if (!takeText(cursor)) {
    skip(cursor);
    return "";
  }
  spend(budget, cursor.to - cursor.from);
  return textOf(cursor);
}

function skipped(cursor: MsgpackCursor): number {
  skip(cursor);
  return 0;
}

/** The value within `{type, string_value | bool_value | …}`; anything else stays as it is. */
function eventAttribute(wire: Json): Json {
  if (!(wire instanceof Map)) return wire;
  switch (Number(wire.get("type") ?? (wire.has("string_value") ? 0 : NaN))) {
    case 0:
      return wire.get("string_value") ?? "";
    case 1: {
      const flag = wire.get("bool_value") ?? false;
      return typeof flag === "boolean" ? flag : flag !== 0;
    }
    case 2:
      return wire.get("int_value") ?? 0;
    case 3:
      return wire.get("double_value") ?? 0;
    case 4: {
      const list = wire.get("array_value");
      const values = list instanceof Map ? list.get("values") : list;
      return Array.isArray(values) ? values.map(eventAttribute) : [];
    }
    default:
      return wire;
  }
}
