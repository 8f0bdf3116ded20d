/** Spans as arrays of twelve that refer to a table of strings: those of v0.5. */
import {
  isAtArray,
  isAtString,
  type MsgpackCursor,
  takeArray,
  takeInteger,
  takeMap,
  takeNil,
  takeNumber,
  takeText,
} from "./msgpack_cursor.ts";
import { advance, beginPairs, plainProgress, type SpanForm } from "./span_form.ts";
import { addMeta, addMetric, createWireSpan, resetSpan, setSlice, type WireSpan } from "./wire_span.ts";

/** Where the strings of a payload lie: two places each. */
export interface StringPlaces {
  readonly places: Int32Array;
  readonly count: number;
}

/** Where decoding is. */
interface State {
  readonly cursor: MsgpackCursor;
  readonly strings: StringPlaces;
  span: WireSpan;
  /** The member that is due. */
  member: number;
  /** Begins to take the map at the cursor, pair by pair. */
  readonly beginMap: (takePair: (state: State) => void) => void;
}

const MEMBERS = 12;

/** Decoder of spans at `cursor` whose strings are in the table. */
export function createV05Form(cursor: MsgpackCursor, strings: StringPlaces): SpanForm {
  let takePair = takeMetaTag;
  const state: State = {
    cursor,
    strings,
    span: createWireSpan(),
    member: 0,
    beginMap: (next) => {
      const count = takeMap(cursor);
      if (count >= 0) beginPairs(progress, state.span, count);
      else {
        state.span.broken ||= "meta and metrics must be maps: current value is of another type";
        cursor.pending = 1;
      }
      takePair = next;
    },
  };
  const progress = plainProgress(cursor, () => takeMember(state), () => takePair(state));

  return {
    begin: (span) => {
      if (!isAtArray(cursor)) return false;
      state.span = span;
      state.member = 0;
      resetSpan(span, cursor.bytes);
      progress.members = takeArray(cursor);
      if (progress.members !== MEMBERS) {
        span.broken = `a span must be an array of ${MEMBERS}: current value is ${progress.members}`;
        cursor.pending = progress.members;
        progress.members = 0;
      }
      return true;
    },
    readSome: () => advance(progress),
    linksOf: () => undefined,
    eventsOf: () => undefined,
  };
}

function takeMember(state: State): void {
  const { cursor, span } = state;
  switch (state.member++) {
    case 0:
      return takeName(state, span.service);
    case 1:
      return takeName(state, span.name);
    case 2:
      return takeName(state, span.resource);
    case 3:
      takeInteger(cursor);
      span.traceLow = cursor.low;
      span.traceHigh = cursor.high;
      return;
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
      return state.beginMap(takeMetaTag);
    case 10:
      return state.beginMap(takeMetricTag);
    default:
      return takeName(state, span.type);
  }
}

function takeName(state: State, slice: WireSpan["service"]): void {
  takeString(state);
  setSlice(slice, state.cursor);
}

function takeMetaTag(state: State): void {
  const { cursor, span } = state;
  if (!takeKey(state)) return;
  const { from, to } = cursor;
  takeString(state);
  addMeta(span, from, to, cursor.from, cursor.to);
  span.ownMetaCount = span.metaCount;
}

function takeMetricTag(state: State): void {
  const { cursor, span } = state;
  if (!takeKey(state)) return;
  const { from, to } = cursor;
  if (takeNumber(cursor)) addMetric(span, from, to, cursor.number);
  else cursor.pending = 1;
}

/** Takes a tag's key; `false`: it is not a string, and its value is skipped with it. */
function takeKey(state: State): boolean {
  takeString(state);
  if (state.cursor.pending === 0) return true;
  state.cursor.pending = 2;
  return false;
}

/**
 * Takes the string that an index stands for, as the cursor's last text. Java with long-running spans writes the
 * string itself. An index beyond the table costs the span.
 */
function takeString({ cursor, strings, span }: State): void {
  if (takeNil(cursor)) {
    cursor.from = cursor.to = 0;
    return;
  }
  if (isAtString(cursor)) {
    takeText(cursor);
    return;
  }
  const isNumber = takeNumber(cursor);
  const index = isNumber ? cursor.number : -1;
  if (index >= 0 && index < strings.count && Number.isInteger(index)) {
    cursor.from = strings.places[2 * index] ?? 0;
    cursor.to = strings.places[2 * index + 1] ?? 0;
    return;
  }
  span.broken ||= `a string's index must be below ${strings.count}: current value is ${index}`;
  cursor.from = cursor.to = 0;
  if (!isNumber) cursor.pending = 1;
}
