/** Spans as maps: those of v0.3, v0.4 and v0.7. */
import { toExactJson } from "../../json/exact_json.ts";
import { createByteTable } from "../../point/byte_table.ts";
import {
  isAtMap,
  type MsgpackCursor,
  takeInteger,
  takeMap,
  takeNil,
  takeNumber,
  takeText,
} from "./msgpack_cursor.ts";
import { createBudget, readValue, TooLargeError } from "./msgpack_value.ts";
import {
  advance,
  beginPairs,
  cursorAt,
  keyText,
  plainProgress,
  type Progress,
  type SpanForm,
} from "./span_form.ts";
import { readEvents, readLinks } from "./values_v04.ts";
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
  span: WireSpan;
  /** Begins to take the map at the cursor, pair by pair. */
  readonly beginMap: (takePair: (state: State) => void) => void;
  readonly progress: Progress;
}

/** Longest text that a tag of another type becomes: more is cut anyway. */
const MAX_ODD_TEXT = 25_000;

/** Decoder of spans at `cursor`. */
export function createV04Form(cursor: MsgpackCursor): SpanForm {
  let takePair = takeMetaTag;
  const progress = plainProgress(cursor, () => takeMember(state), () => takePair(state));
  const state: State = {
    cursor,
    progress,
    span: createWireSpan(),
    beginMap: (next) => {
      const count = takeMap(cursor);
      if (count < 0) cursor.pending = 1;
      else beginPairs(progress, state.span, count);
      takePair = next;
    },
  };

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
      linksAt < 0 ? undefined : readLinks(cursorAt(bytes, linksAt), budget),
    eventsOf: ({ bytes, eventsAt }, budget) =>
      eventsAt < 0 ? undefined : readEvents(cursorAt(bytes, eventsAt), budget),
  };
}

function takeMember(state: State): void {
  const { cursor } = state;
  if (!takeText(cursor)) {
    cursor.pending = 2;
    return;
  }
  const take = MEMBERS.get(cursor.bytes, cursor.from, cursor.to);
  if (take === undefined) cursor.pending = 1;
  else take(state);
}

/** What each member of a span is taken by. */
const MEMBERS = createByteTable<(state: State) => void>([
  ["service", (state) => takeName(state, "service")],
  ["name", (state) => takeName(state, "name")],
  ["resource", (state) => takeName(state, "resource")],
  ["type", (state) => takeName(state, "type")],
  ["trace_id", ({ cursor, span }) => {
    takeInteger(cursor);
    span.traceLow = cursor.low;
    span.traceHigh = cursor.high;
  }],
  ["span_id", ({ cursor, span }) => {
    takeInteger(cursor);
    span.spanLow = cursor.low;
    span.spanHigh = cursor.high;
  }],
  ["parent_id", ({ cursor, span }) => {
    takeInteger(cursor);
    span.parentLow = cursor.low;
    span.parentHigh = cursor.high;
  }],
  ["start", ({ cursor, span }) => {
    takeInteger(cursor);
    span.startLow = cursor.low;
    span.startHigh = cursor.high;
  }],
  ["duration", ({ cursor, span }) => {
    takeInteger(cursor);
    span.durationLow = cursor.low;
    span.durationHigh = cursor.high;
  }],
  ["error", ({ cursor, span }) => {
    if (takeNumber(cursor)) span.error = cursor.number;
    else cursor.pending = 1;
  }],
  ["meta", (state) => state.beginMap(takeMetaTag)],
  ["metrics", (state) => state.beginMap(takeMetricTag)],
  ["meta_struct", (state) => state.beginMap(takeDocument)],
  ["span_links", (state) => note(state, "linksAt")],
  ["span_events", (state) => note(state, "eventsAt")],
]);

function takeName(state: State, member: "service" | "name" | "resource" | "type"): void {
  const { cursor, span } = state;
  const slice = span[member];
  if (takeText(cursor)) setSlice(slice, cursor);
  else {
    const text = takeOddText(state);
    if (text === undefined) span.isTrimmed = true;
    else {
      slice.bytes = new TextEncoder().encode(text);
      slice.to = slice.bytes.length;
    }
  }
}

/** The value at the cursor is decoded if it is needed. */
function note({ cursor, span }: State, place: "linksAt" | "eventsAt"): void {
  span[place] = cursor.at;
  cursor.pending = 1;
}

function takeMetaTag(state: State): void {
  const { cursor, span } = state;
  if (!takeText(cursor)) {
    cursor.pending = 2;
    return;
  }
  const { from, to } = cursor;
  if (takeText(cursor)) {
    addMeta(span, from, to, cursor.from, cursor.to);
    span.ownMetaCount = span.metaCount;
    return;
  }
  const text = takeOddText(state);
  if (text === undefined) span.isTrimmed = true;
  else addExtraMeta(span, keyText(cursor.bytes, from, to), text);
}

function takeMetricTag({ cursor, span }: State): void {
  if (!takeText(cursor)) {
    cursor.pending = 2;
    return;
  }
  const { from, to } = cursor;
  if (takeNumber(cursor)) addMetric(span, from, to, cursor.number);
  else if (takeText(cursor)) addMeta(span, from, to, cursor.from, cursor.to);
  else cursor.pending = 1;
}

function takeDocument({ cursor, span }: State): void {
  if (!takeText(cursor)) {
    cursor.pending = 2;
    return;
  }
  const { from, to } = cursor;
  if (takeText(cursor)) addDocument(span, from, to, cursor.from, cursor.to);
  else cursor.pending = 1;
}

/**
 * The text of a value that is not a string: numbers and booleans as they are written, lists and maps as JSON; empty for
 * nil. `undefined` for more than a tag holds. The value is taken, or pending.
 */
function takeOddText({ cursor, progress }: State): string | undefined {
  if (takeNil(cursor)) return "";
  progress.left = 0;
  const start = cursor.at;
  const budget = createBudget(MAX_ODD_TEXT);
  try {
    const value = readValue(cursorAt(cursor.bytes, start), budget);
    return budget.isCut ? undefined : typeof value === "object" ? toExactJson(value) : String(value);
  } catch (error) {
    if (error instanceof TooLargeError) return undefined;
    throw error;
  } finally {
    cursor.pending = 1;
  }
}
