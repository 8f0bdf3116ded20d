/** The field `message` of a span: OTLP/JSON, composed of pieces of the body. Members begin with their comma. */
import type { LongText } from "../../point/long_text.ts";
import type { AnyValue } from "./any_value.ts";
import type { ProtoCursor } from "./proto_cursor.ts";
import type { SpanFields } from "./span_fields.ts";
import {
  putBytes,
  putCode,
  putHex,
  putInteger,
  putJsonString,
  putTaken,
  putText,
  type TextBuffer,
} from "./text_buffer.ts";
import { putPair } from "./value_text.ts";

const encoder = new TextEncoder();

function piece(text: string): Uint8Array {
  return encoder.encode(text);
}

const TRACE_ID = piece(',"traceId":"');
const SPAN_ID = piece(',"spanId":"');
const PARENT_ID = piece(',"parentSpanId":"');
const NAME = piece(',"name":');
const VERSION = piece(',"version":');
const KIND = piece(',"kind":');
const START = piece(',"startTimeUnixNano":"');
const END = piece(',"endTimeUnixNano":"');
const TIME = piece(',"timeUnixNano":"');
const TRACE_STATE = piece(',"traceState":');
const FLAGS = piece(',"flags":');
const ATTRIBUTES = piece(',"attributes":[');
const EVENTS = piece(',"events":[');
const LINKS = piece(',"links":[');
const DROPPED_ATTRIBUTES = piece(',"droppedAttributesCount":');
const DROPPED_EVENTS = piece(',"droppedEventsCount":');
const DROPPED_LINKS = piece(',"droppedLinksCount":');
const STATUS = piece(',"status":{"code":');
const STATUS_MESSAGE = piece(',"status":{"message":');
const MESSAGE = piece(',"message":');

const COMMA = 0x2c;
const QUOTE = 0x22;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const CLOSE_BRACKET = 0x5d;

/** Puts an object's brace in place of its first member's comma, and its end. `from` is where its members begin. */
export function closeObject(m: TextBuffer, from: number): void {
  if (m.at === from) putCode(m, OPEN_BRACE);
  else m.bytes[from] = OPEN_BRACE;
  putCode(m, CLOSE_BRACE);
}

/** Puts members that were taken. The first one's comma, in whose place the brace comes, is never left where it lies. */
export function putTakenMembers(m: TextBuffer, members: LongText): void {
  const [first, ...rest] = members;
  if (m.at > 0 || first === undefined) return putTaken(m, members);
  putCode(m, COMMA);
  putTaken(m, [{ ...first, from: first.from + 1 }, ...rest]);
}

/** Ids, name, kind and times: what the point's fields say, where the whole span is wanted. */
export function putOwnMembers(m: TextBuffer, c: ProtoCursor, span: SpanFields): void {
  putId(m, TRACE_ID, c, span.traceIdFrom, span.traceIdTo);
  putId(m, SPAN_ID, c, span.spanIdFrom, span.spanIdTo);
  if (span.parentIdFrom < span.parentIdTo) putId(m, PARENT_ID, c, span.parentIdFrom, span.parentIdTo);
  putBytes(m, NAME);
  putJsonString(m, c.bytes, span.nameFrom, span.nameTo);
  putBytes(m, KIND);
  putText(m, String(span.kind));
  putTime(m, START, span.startLow, span.startHigh);
  putTime(m, END, span.endLow, span.endHigh);
}

/** What stands before the attributes. */
export function putStateAndFlags(m: TextBuffer, c: ProtoCursor, span: SpanFields): void {
  putTextMember(m, TRACE_STATE, c, span.traceStateFrom, span.traceStateTo);
  putFlags(m, span.flags);
}

/** An attribute; `isFirst`: the list is begun with it. */
export function putAttribute(
  m: TextBuffer,
  c: ProtoCursor,
  keyFrom: number,
  keyTo: number,
  value: AnyValue,
  isFirst: boolean,
): void {
  if (isFirst) putBytes(m, ATTRIBUTES);
  else putCode(m, COMMA);
  putPair(m, c, keyFrom, keyTo, value, 0);
}

/** Ends a list that was begun. */
export function closeList(m: TextBuffer): void {
  putCode(m, CLOSE_BRACKET);
}

/** Begins an element of the span's events; returns where its members begin. */
export function beginEvent(m: TextBuffer, isFirst: boolean): number {
  return beginElement(m, EVENTS, isFirst);
}

/** Begins an element of the span's links; returns where its members begin. */
export function beginLink(m: TextBuffer, isFirst: boolean): number {
  return beginElement(m, LINKS, isFirst);
}

function beginElement(m: TextBuffer, list: Uint8Array, isFirst: boolean): number {
  if (isFirst) putBytes(m, list);
  else putCode(m, COMMA);
  return m.at;
}

export function putEventTime(m: TextBuffer, low: number, high: number): void {
  putTime(m, TIME, low, high);
}

/** A name, if there is one. */
export function putName(m: TextBuffer, c: ProtoCursor, from: number, to: number): void {
  putTextMember(m, NAME, c, from, to);
}

/** A version, if there is one. */
export function putVersion(m: TextBuffer, c: ProtoCursor, from: number, to: number): void {
  putTextMember(m, VERSION, c, from, to);
}

/** The ids of a link, as far as it has them. */
export function putLinkIds(
  m: TextBuffer,
  c: ProtoCursor,
  ids: Pick<SpanFields, "traceIdFrom" | "traceIdTo" | "spanIdFrom" | "spanIdTo">,
): void {
  if (ids.traceIdFrom < ids.traceIdTo) putId(m, TRACE_ID, c, ids.traceIdFrom, ids.traceIdTo);
  if (ids.spanIdFrom < ids.spanIdTo) putId(m, SPAN_ID, c, ids.spanIdFrom, ids.spanIdTo);
}

export function putTraceState(m: TextBuffer, c: ProtoCursor, from: number, to: number): void {
  putTextMember(m, TRACE_STATE, c, from, to);
}

export function putFlags(m: TextBuffer, flags: number): void {
  putCount(m, FLAGS, flags);
}

/** What the SDK left out, if anything. */
export function putDropped(m: TextBuffer, what: "attributes" | "events" | "links", count: number): void {
  if (count === 0) return;
  putCount(
    m,
    what === "attributes" ? DROPPED_ATTRIBUTES : what === "events" ? DROPPED_EVENTS : DROPPED_LINKS,
    count,
  );
}

/** The status: its message only, or whole. */
export function putStatus(m: TextBuffer, c: ProtoCursor, span: SpanFields, isWhole: boolean): void {
  const { statusCode, statusMessageFrom: from, statusMessageTo: to } = span;
  if (isWhole && statusCode >= 0) {
    putBytes(m, STATUS);
    putText(m, String(statusCode));
    putTextMember(m, MESSAGE, c, from, to);
    putCode(m, CLOSE_BRACE);
  } else if (!isWhole && from < to) {
    putBytes(m, STATUS_MESSAGE);
    putJsonString(m, c.bytes, from, to);
    putCode(m, CLOSE_BRACE);
  }
}

function putTextMember(m: TextBuffer, member: Uint8Array, c: ProtoCursor, from: number, to: number): void {
  if (from >= to) return;
  putBytes(m, member);
  putJsonString(m, c.bytes, from, to);
}

function putId(m: TextBuffer, member: Uint8Array, c: ProtoCursor, from: number, to: number): void {
  putBytes(m, member);
  putHex(m, c.bytes, from, to);
  putCode(m, QUOTE);
}

function putTime(m: TextBuffer, member: Uint8Array, low: number, high: number): void {
  putBytes(m, member);
  putInteger(m, low, high, false);
  putCode(m, QUOTE);
}

function putCount(m: TextBuffer, member: Uint8Array, count: number): void {
  if (count === 0) return;
  putBytes(m, member);
  putText(m, String(count));
}
