/** Spans as maps with integer keys, and strings kept in a table that grows while reading: those of v1.0. */
import { toExactJson } from "../../json/exact_json.ts";
import { isAtMap, type MsgpackCursor, takeInteger, takeMap, takeNumber, takeText } from "./msgpack_cursor.ts";
import { createBudget, TooLargeError } from "./msgpack_value.ts";
import { advance, beginPairs, cursorAt, keyText, type Progress, type SpanForm } from "./span_form.ts";
import { clippableText } from "./json_writer.ts";
import type { StreamingStrings } from "./streaming_strings.ts";
import { readEvents, readLinks, readTypedValue } from "./values_v10.ts";
import { ATTRIBUTE, EVENTS, itemsOf, LINKS, takeKey, TYPE, type V10Walk } from "./walk_v10.ts";
import {
  addDocument,
  addExtraMeta,
  addMeta,
  addMetric,
  createWireSpan,
  resetSpan,
  setSlice,
  type WireSpan,
} from "./wire_span.ts";

/** Where decoding is. */
interface State {
  readonly cursor: MsgpackCursor;
  readonly strings: StreamingStrings;
  readonly walk: V10Walk;
  readonly progress: Progress;
  span: WireSpan;
}

/** Longest text that a list or map becomes: more is cut anyway. */
const MAX_NESTED_TEXT = 25_000;
const SPAN_KINDS = ["", "internal", "server", "client", "producer", "consumer"];

/** Decoder of spans at `cursor`. Their trace id is the chunk's. */
export function createV10Form(cursor: MsgpackCursor, strings: StreamingStrings, walk: V10Walk): SpanForm {
  const progress: Progress = {
    left: 0,
    members: 0,
    pairs: 0,
    excess: 0,
    takeMember: () => takeMember(state),
    takePair: () => takeAttribute(state),
    passExcess: (pairs) => walk.begin(ATTRIBUTE, pairs),
    passSome: walk.passSome,
  };
  const state: State = { cursor, strings, walk, progress, span: createWireSpan() };

  return {
    begin: (span) => {
      if (!isAtMap(cursor)) return false;
      state.span = span;
      resetSpan(span, cursor.bytes);
      progress.members = takeMap(cursor);
      return true;
    },
    readSome: () => advance(progress),
    linksOf: ({ bytes, linksAt }, budget) =>
      linksAt < 0 ? undefined : readLinks(cursorAt(bytes, linksAt), strings, budget),
    eventsOf: ({ bytes, eventsAt }, budget) =>
      eventsAt < 0 ? undefined : readEvents(cursorAt(bytes, eventsAt), strings, budget),
  };
}

function takeMember(state: State): void {
  const { cursor, span } = state;
  switch (takeKey(cursor)) {
    case 1:
      return takeName(state, span.service);
    case 2:
      return takeName(state, span.name);
    case 3:
      return takeName(state, span.resource);
    case 4:
      takeInteger(cursor);
      span.spanLow = cursor.low;
      span.spanHigh = cursor.high;
      return;
    case 5:
      takeInteger(cursor);
      span.parentLow = cursor.low;
      span.parentHigh = cursor.high;
      return;
    case 6:
      takeInteger(cursor);
      span.startLow = cursor.low;
      span.startHigh = cursor.high;
      return;
    case 7:
      takeInteger(cursor);
      span.durationLow = cursor.low;
      span.durationHigh = cursor.high;
      return;
    case 8:
      if (takeNumber(cursor)) span.error = cursor.number;
      else cursor.pending = 1;
      return;
    case 9:
      return beginAttributes(state);
    case 10:
      return takeName(state, span.type);
    case 11:
      span.linksAt = cursor.at;
      return state.walk.beginList(LINKS);
    case 12:
      span.eventsAt = cursor.at;
      return state.walk.beginList(EVENTS);
    default:
      return takeOther(state, cursor.number);
  }
}

/** The members that v0.4 has among its tags. */
function takeOther({ cursor, strings, span }: State, key: number): void {
  if (key === 16) {
    if (takeNumber(cursor)) addExtraMeta(span, "span.kind", SPAN_KINDS[cursor.number] ?? "");
    else cursor.pending = 1;
    return;
  }
  const name = key === 13 ? "env" : key === 14 ? "version" : key === 15 ? "component" : undefined;
  if (name === undefined) cursor.pending = 1;
  else if (strings.take(cursor)) {
    addExtraMeta(span, name, clippableText(cursor.bytes, cursor.from, cursor.to));
  } else span.isTrimmed = true;
}

function takeName({ cursor, strings, span }: State, slice: WireSpan["service"]): void {
  if (strings.take(cursor)) setSlice(slice, cursor);
  else span.broken ||= "a string's number must be of one that was sent";
}

function beginAttributes({ cursor, progress, span }: State): void {
  const count = itemsOf(cursor, ATTRIBUTE);
  if (count < 0) cursor.pending = 1;
  else beginPairs(progress, span, count);
}

/** Takes key, type and value, and puts them where v0.4 has them: numbers are metrics, bytes are documents. */
function takeAttribute(state: State): void {
  const { cursor, strings, span, walk } = state;
  const hasKey = strings.take(cursor);
  const { from, to } = cursor;
  if (!hasKey || !takeNumber(cursor)) {
    span.isTrimmed = true;
    return walk.passAttribute(hasKey);
  }
  const type = cursor.number;
  switch (type) {
    case TYPE.text:
      if (strings.take(cursor)) addMeta(span, from, to, cursor.from, cursor.to);
      else span.isTrimmed = true;
      span.ownMetaCount = span.metaCount;
      return;
    case TYPE.boolean:
      if (takeNumber(cursor)) {
        addExtraMeta(span, keyText(cursor.bytes, from, to), cursor.number === 0 ? "false" : "true");
      } else cursor.pending = 1;
      return;
    case TYPE.float:
    case TYPE.integer:
      if (takeNumber(cursor)) addMetric(span, from, to, cursor.number);
      else cursor.pending = 1;
      return;
    case TYPE.bytes:
      if (takeText(cursor)) addDocument(span, from, to, cursor.from, cursor.to);
      else cursor.pending = 1;
      return;
    default:
      return takeNested(state, from, to, type);
  }
}

/** A list or map is JSON text. */
function takeNested(state: State, from: number, to: number, type: number): void {
  const { cursor, strings, span, walk, progress } = state;
  progress.left = 0;
  const budget = createBudget(MAX_NESTED_TEXT);
  try {
    const value = readTypedValue(cursorAt(cursor.bytes, cursor.at), strings, type, budget);
    if (value === undefined || budget.isCut) span.isTrimmed = true;
    else addExtraMeta(span, keyText(cursor.bytes, from, to), toExactJson(value));
  } catch (error) {
    if (!(error instanceof TooLargeError)) throw error;
    span.isTrimmed = true;
  }
  walk.passValue(type);
}
