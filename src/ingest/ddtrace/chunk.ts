/**
 * The spans that came together as one trace, or a part of one, and what can only be said of a span by looking at the
 * others: a table of numbers, as a chunk may have a hundred thousand spans.
 */
import {
  createFamily,
  FLAGS,
  PARENT_HIGH,
  PARENT_LOW,
  PLACE,
  SERVICE,
  SPAN_HIGH,
  SPAN_LOW,
  STRIDE,
  TRACE_HIGH,
  TRACE_LOW,
} from "./family.ts";
import { toBigInt } from "./int64.ts";
import { createWireSpan, releaseSpan, type WireSpan } from "./wire_span.ts";

/** A span's place in the part of the trace that came: as DataKit's tag `span_type` has it. */
export type SpanType = "entry" | "local" | "exit";

/** The user's filters over whole traces, each answered by any span. */
export interface TraceFilter {
  isClosed(span: WireSpan): boolean;
  /** Only for traces without an error. */
  isOmitted(span: WireSpan): boolean;
}

/** One chunk after the other. */
export interface Chunk {
  /** Spans added. */
  readonly count: number;
  /** What holds for all of them: the first span with a priority, an error, the origin RUM, a user's decision. */
  readonly priority: number | undefined;
  readonly hasError: boolean;
  readonly isRum: boolean;
  readonly isUserKeep: boolean;
  /** The user's filters drop the trace, whether it has an error or unless it has one. */
  readonly isClosed: boolean;
  readonly isOmitted: boolean;
  /** The upper half of a 128-bit trace id as 16 lower hex digits in ASCII; all zero for 64-bit ids. */
  readonly upperHalf: Uint8Array;

  /** Forgets all spans. */
  clear(): void;
  /** The span to decode into next. */
  next(): WireSpan;
  /** Adds that span, which begins at `place` in its payload. */
  add(span: WireSpan, place: number): void;
  /** Where a span begins. */
  placeOf(index: number): number;
  /** The span as it was added, if it is still there: else it has to be decoded again. */
  kept(index: number): WireSpan | undefined;
  /** Where to decode it again. */
  readonly spare: WireSpan;
  /** Gives all spans one trace id, and its upper half in 16 hex digits if it has one. */
  setTraceId(low: number, high: number, upper: Uint8Array | undefined): void;
  /** Takes in a tag that all the spans have. */
  addSharedTag(bytes: Uint8Array, keyFrom: number, keyTo: number, from: number, to: number): void;
  /** Takes in what a later form tells of the chunk: a priority where no span has one, and an origin. */
  setFacts(priority: number | undefined, isRum: boolean): void;
  /** Gives a span that was decoded apart from it the trace id it has here. */
  applyTraceId(span: WireSpan, index: number): void;
  /** The lower half of the first span's trace id. */
  firstTraceId(): bigint;
  /** Priority of a span's own. */
  priorityOf(index: number): number | undefined;
  /** Whether the tracer's rules for single spans chose this one. */
  isSingleSpan(index: number): boolean;
  /** Whether the span will come again: a long-running one is sent over and over while it grows. */
  isUnfinished(index: number): boolean;
  spanType(index: number): SpanType;
  /** Whether the upper half belongs to this span's trace id. */
  hasUpperHalf(index: number): boolean;
  /** Lets go of payload and room. */
  release(): void;
}

/** Spans kept as decoded: nearly all chunks are smaller. */
const KEPT_SPANS = 64;
const INITIAL_SPANS = 64;
/** The most room that a request may leave behind. */
const KEPT_ROOM = 1024;
/** A span that the single-span rules of the tracer chose out of a rejected trace. */
const SINGLE_SPAN_MECHANISM = 8;
const USER_KEEP = 2;
/** Flags of a span. */
const SINGLE_SPAN = 1;
const UNFINISHED = 2;

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const UPPER_HALF = ascii("_dd.p.tid");
const ORIGIN = ascii("_dd.origin");
const RUM = ascii("rum");
const PRIORITY = ascii("_sampling_priority_v1");
const MECHANISM = ascii("_dd.span_sampling.mechanism");
const PARTIAL_VERSION = ascii("_dd.partial_version");
const LONG_RUNNING = ascii("_dd.was_long_running");
const UNDERSCORE = 0x5f;
const HEX_DIGITS = 16;

/** An empty chunk, whose spans `filter` sees if there is one. */
export function createChunk(filter?: TraceFilter): Chunk {
  let table = new Int32Array(STRIDE * INITIAL_SPANS);
  let priorities = new Float64Array(INITIAL_SPANS);
  const spans: WireSpan[] = [];
  const spare = createWireSpan();
  const upperHalf = new Uint8Array(HEX_DIGITS);
  /** The trace id that the upper half belongs to. */
  let upperLow = 0;
  let upperHigh = 0;
  let hasUpper = false;
  const family = createFamily();
  let isIndexed = false;

  const chunk = {
    count: 0,
    priority: undefined as number | undefined,
    hasError: false,
    isRum: false,
    isUserKeep: false,
    isClosed: false,
    isOmitted: false,
    upperHalf,
    spare,
    clear,
    next: () => chunk.count < KEPT_SPANS ? spans[chunk.count] ??= createWireSpan() : spare,
    add,
    placeOf: (index: number) => table[STRIDE * index + PLACE] ?? 0,
    kept: (index: number) => index < KEPT_SPANS ? spans[index] : undefined,
    setTraceId,
    addSharedTag: (bytes: Uint8Array, keyFrom: number, keyTo: number, from: number, to: number) =>
      lookAtTag(bytes, keyFrom, keyTo, from, to, 0),
    setFacts,
    applyTraceId: (span: WireSpan, index: number) => {
      span.traceLow = (table[STRIDE * index + TRACE_LOW] ?? 0) >>> 0;
      span.traceHigh = (table[STRIDE * index + TRACE_HIGH] ?? 0) >>> 0;
    },
    firstTraceId: () => BigInt.asUintN(64, toBigInt(table[TRACE_LOW] ?? 0, table[TRACE_HIGH] ?? 0)),
    priorityOf: (index: number) => toPriority(priorities[index]),
    isSingleSpan: (index: number) => ((table[STRIDE * index + FLAGS] ?? 0) & SINGLE_SPAN) !== 0,
    isUnfinished: (index: number) => ((table[STRIDE * index + FLAGS] ?? 0) & UNFINISHED) !== 0,
    spanType,
    hasUpperHalf: (index: number) =>
      hasUpper && table[STRIDE * index + TRACE_LOW] === upperLow &&
      table[STRIDE * index + TRACE_HIGH] === upperHigh,
    release,
  };

  function clear(): void {
    chunk.count = 0;
    chunk.priority = undefined;
    chunk.hasError =
      chunk.isRum =
      chunk.isUserKeep =
      chunk.isClosed =
      chunk.isOmitted =
        false;
    hasUpper = isIndexed = false;
  }

  function add(span: WireSpan, place: number): void {
    const index = chunk.count;
    if (index === priorities.length) grow();
    const at = STRIDE * index;
    table[at + PLACE] = place;
    table[at + TRACE_LOW] = span.traceLow;
    table[at + TRACE_HIGH] = span.traceHigh;
    table[at + SPAN_LOW] = span.spanLow;
    table[at + SPAN_HIGH] = span.spanHigh;
    table[at + PARENT_LOW] = span.parentLow;
    table[at + PARENT_HIGH] = span.parentHigh;
    table[at + SERVICE] = hashOf(span.service.bytes, span.service.from, span.service.to);
    table[at + FLAGS] = 0;
    priorities[index] = NaN;
    if (span.error !== 0) chunk.hasError = true;
    lookAtTags(span, at);
    lookAtNumbers(span, index);
    if (filter !== undefined) {
      chunk.isClosed ||= filter.isClosed(span);
      chunk.isOmitted ||= filter.isOmitted(span);
    }
    chunk.count++;
  }

  /** Any span may carry what holds for all of them. */
  function lookAtTags({ bytes, meta, metaCount }: WireSpan, at: number): void {
    for (let i = 0; i < 4 * metaCount; i += 4) {
      const from = meta[i] ?? 0;
      if (bytes[from] !== UNDERSCORE) continue;
      lookAtTag(bytes, from, meta[i + 1] ?? 0, meta[i + 2] ?? 0, meta[i + 3] ?? 0, at);
    }
  }

  function lookAtTag(
    bytes: Uint8Array,
    keyFrom: number,
    keyTo: number,
    from: number,
    to: number,
    at: number,
  ): void {
    if (!hasUpper && isText(bytes, keyFrom, keyTo, UPPER_HALF) && isUpperHalf(bytes, from, to)) {
      setUpper(bytes.subarray(from, to), table[at + TRACE_LOW] ?? 0, table[at + TRACE_HIGH] ?? 0);
    } else if (isText(bytes, keyFrom, keyTo, ORIGIN) && isText(bytes, from, to, RUM)) chunk.isRum = true;
  }

  function setFacts(priority: number | undefined, isRum: boolean): void {
    if (isRum) chunk.isRum = true;
    if (priority === undefined || chunk.priority !== undefined) return;
    chunk.priority = priorities[0] = priority;
    if (priority === USER_KEEP) chunk.isUserKeep = true;
  }

  function lookAtNumbers({ bytes, metricKeys, metricValues, metricCount }: WireSpan, index: number): void {
    for (let i = 0; i < metricCount; i++) {
      const from = metricKeys[2 * i] ?? 0;
      if (bytes[from] !== UNDERSCORE) continue;
      const to = metricKeys[2 * i + 1] ?? 0;
      const value = metricValues[i] ?? 0;
      if (isText(bytes, from, to, PRIORITY)) {
        priorities[index] = value;
        chunk.priority ??= value;
        if (value === USER_KEEP) chunk.isUserKeep = true;
      } else {
        const flag = flagOf(bytes, from, to, value);
        if (flag !== 0) table[STRIDE * index + FLAGS] = (table[STRIDE * index + FLAGS] ?? 0) | flag;
      }
    }
  }

  function setUpper(digits: Uint8Array, low: number, high: number): void {
    hasUpper = true;
    upperLow = low;
    upperHigh = high;
    // Lower case: these are hexadecimal digits.
    for (let i = 0; i < HEX_DIGITS; i++) upperHalf[i] = (digits[i] ?? 0) | 0x20;
  }

  function setTraceId(low: number, high: number, upper: Uint8Array | undefined): void {
    for (let i = 0; i < chunk.count; i++) {
      table[STRIDE * i + TRACE_LOW] = low;
      table[STRIDE * i + TRACE_HIGH] = high;
    }
    if (upper !== undefined) setUpper(upper, low | 0, high | 0);
    else if (hasUpper) {
      upperLow = low | 0;
      upperHigh = high | 0;
    }
  }

  function spanType(index: number): SpanType {
    const at = STRIDE * index;
    if (table[at + PARENT_LOW] === 0 && table[at + PARENT_HIGH] === 0) return "entry";
    if (!isIndexed) family.index(table, chunk.count);
    isIndexed = true;
    const parent = family.find(table, table[at + PARENT_LOW] ?? 0, table[at + PARENT_HIGH] ?? 0);
    if (parent < 0 || table[STRIDE * parent + SERVICE] !== table[at + SERVICE]) return "entry";
    return family.isParent(table, table[at + SPAN_LOW] ?? 0, table[at + SPAN_HIGH] ?? 0) ? "local" : "exit";
  }

  function grow(): void {
    const moreTable = new Int32Array(2 * table.length);
    moreTable.set(table);
    table = moreTable;
    const morePriorities = new Float64Array(2 * priorities.length);
    morePriorities.set(priorities);
    priorities = morePriorities;
  }

  function release(): void {
    clear();
    spans.forEach(releaseSpan);
    releaseSpan(spare);
    if (priorities.length > KEPT_ROOM) {
      table = new Int32Array(STRIDE * INITIAL_SPANS);
      priorities = new Float64Array(INITIAL_SPANS);
      family.release();
    }
  }

  return chunk;
}

function flagOf(bytes: Uint8Array, from: number, to: number, value: number): number {
  if (isText(bytes, from, to, MECHANISM)) return value === SINGLE_SPAN_MECHANISM ? SINGLE_SPAN : 0;
  const isUnfinished = isText(bytes, from, to, PARTIAL_VERSION) || isText(bytes, from, to, LONG_RUNNING);
  return isUnfinished ? UNFINISHED : 0;
}

function toPriority(value: number | undefined): number | undefined {
  return value === undefined || Number.isNaN(value) ? undefined : value;
}

/** Whether `bytes[from, to)` is the text. */
export function isText(bytes: Uint8Array, from: number, to: number, text: Uint8Array): boolean {
  const { length } = text;
  if (to - from !== length) return false;
  for (let i = 0; i < length; i++) if (bytes[from + i] !== text[i]) return false;
  return true;
}

/** Whether `bytes[from, to)` is 16 hex digits that are not all zero. */
function isUpperHalf(bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from !== HEX_DIGITS) return false;
  let isZero = true;
  for (let i = from; i < to; i++) {
    const digit = bytes[i] ?? 0;
    const letter = digit | 0x20;
    if (!(digit >= 0x30 && digit <= 0x39) && !(letter >= 0x61 && letter <= 0x66)) return false;
    if (digit !== 0x30) isZero = false;
  }
  return !isZero;
}

/** No service's name is longer once it is a tag. */
const HASHED_BYTES = 1024;

/** Services are told apart by this: of two with one hash a span would be taken for a local one of the other's. */
function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5 ^ (to - from);
  const until = Math.min(to, from + HASHED_BYTES);
  for (let i = from; i < until; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x01000193);
  return hash;
}
