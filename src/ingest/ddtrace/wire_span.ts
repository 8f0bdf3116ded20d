/**
 * A span while it is decoded: places in the payload and numbers, in v0.4's terms. What a later form keeps elsewhere
 * (priority, 128-bit id, environment …) is put back where v0.4 has it, so one mapping serves all forms. One object
 * is used again and again; nothing is made per tag.
 */
import type { MsgpackCursor } from "./msgpack_cursor.ts";

/** A text that lies in `bytes[from, to)`. */
export interface TextSlice {
  bytes: Uint8Array;
  from: number;
  to: number;
}

/** One span. 64-bit numbers are two halves; `traceLow` and `traceHigh` are the lower half of a 128-bit id. */
export interface WireSpan {
  /** The payload, where the tags lie. */
  bytes: Uint8Array;
  readonly service: TextSlice;
  readonly name: TextSlice;
  readonly resource: TextSlice;
  readonly type: TextSlice;
  traceLow: number;
  traceHigh: number;
  spanLow: number;
  spanHigh: number;
  /** 0 for a root. */
  parentLow: number;
  parentHigh: number;
  /** Unix time in ns. */
  startLow: number;
  startHigh: number;
  /** In ns. */
  durationLow: number;
  durationHigh: number;
  /** Nonzero means failed. */
  error: number;

  /** Text tags, four places each: where the key begins and ends, where the text does. */
  meta: Int32Array;
  metaCount: number;
  /** Of these the first are the span's own; those after them only count where the span lacks their key. */
  ownMetaCount: number;
  /** Number tags: where the key begins and ends. */
  metricKeys: Int32Array;
  metricValues: Float64Array;
  metricCount: number;
  /** Texts that are no slices of the payload, for keys that the span lacks: key, text, key, text … */
  readonly extraMeta: string[];
  /** Numbers like that. */
  readonly extraMetrics: [key: string, value: number][];

  /** Documents (msgpack in msgpack), four places each as in {@link meta}. */
  readonly documents: number[];
  /** Where links and events begin; -1: the span has none. */
  linksAt: number;
  eventsAt: number;

  /** More of it was left out than is left out of every span. */
  isTrimmed: boolean;
  /** Why it is no span; empty: it is one. */
  broken: string;
}

/** Tags of a kind that are looked at: a point has room for fewer, and a span is written in one go. */
export const MAX_TAGS_READ = 4096;
/** What is kept of a larger span's room once the request is done. */
const KEPT_TAGS = 256;

/** A span with room for a usual one. */
export function createWireSpan(): WireSpan {
  return {
    bytes: NO_BYTES,
    service: { bytes: NO_BYTES, from: 0, to: 0 },
    name: { bytes: NO_BYTES, from: 0, to: 0 },
    resource: { bytes: NO_BYTES, from: 0, to: 0 },
    type: { bytes: NO_BYTES, from: 0, to: 0 },
    traceLow: 0,
    traceHigh: 0,
    spanLow: 0,
    spanHigh: 0,
    parentLow: 0,
    parentHigh: 0,
    startLow: 0,
    startHigh: 0,
    durationLow: 0,
    durationHigh: 0,
    error: 0,
    meta: new Int32Array(4 * 16),
    metaCount: 0,
    ownMetaCount: 0,
    metricKeys: new Int32Array(2 * 8),
    metricValues: new Float64Array(8),
    metricCount: 0,
    extraMeta: [],
    extraMetrics: [],
    documents: [],
    linksAt: -1,
    eventsAt: -1,
    isTrimmed: false,
    broken: "",
  };
}

const NO_BYTES = new Uint8Array(0);

/** Empties a span before it is decoded anew from `bytes`. */
export function resetSpan(span: WireSpan, bytes: Uint8Array): void {
  span.bytes = bytes;
  setEmpty(span.service, bytes);
  setEmpty(span.name, bytes);
  setEmpty(span.resource, bytes);
  setEmpty(span.type, bytes);
  span.traceLow =
    span.traceHigh =
    span.spanLow =
    span.spanHigh =
    span.parentLow =
    span.parentHigh =
      0;
  span.startLow =
    span.startHigh =
    span.durationLow =
    span.durationHigh =
    span.error =
      0;
  span.metaCount = span.ownMetaCount = span.metricCount = 0;
  if (span.extraMeta.length > 0) span.extraMeta.length = 0;
  if (span.extraMetrics.length > 0) span.extraMetrics.length = 0;
  if (span.documents.length > 0) span.documents.length = 0;
  span.linksAt = span.eventsAt = -1;
  span.isTrimmed = false;
  span.broken = "";
}

function setEmpty(slice: TextSlice, bytes: Uint8Array): void {
  slice.bytes = bytes;
  slice.from = slice.to = 0;
}

/** Lets go of the payload, and of room that a usual span does not need. */
export function releaseSpan(span: WireSpan): void {
  resetSpan(span, NO_BYTES);
  if (span.meta.length > 4 * KEPT_TAGS) span.meta = new Int32Array(4 * KEPT_TAGS);
  if (span.metricValues.length > KEPT_TAGS) {
    span.metricKeys = new Int32Array(2 * KEPT_TAGS);
    span.metricValues = new Float64Array(KEPT_TAGS);
  }
}

/** Sets a slice to the cursor's last text. */
export function setSlice(slice: TextSlice, { from, to }: MsgpackCursor): void {
  slice.from = from;
  slice.to = to;
}

/** Adds a text tag. */
export function addMeta(span: WireSpan, keyFrom: number, keyTo: number, from: number, to: number): void {
  let { meta } = span;
  const at = 4 * span.metaCount;
  if (at === meta.length) {
    if (span.metaCount >= MAX_TAGS_READ) {
      span.isTrimmed = true;
      return;
    }
    meta = new Int32Array(2 * at);
    meta.set(span.meta);
    span.meta = meta;
  }
  meta[at] = keyFrom;
  meta[at + 1] = keyTo;
  meta[at + 2] = from;
  meta[at + 3] = to;
  span.metaCount++;
}

/** Adds a number tag. */
export function addMetric(span: WireSpan, keyFrom: number, keyTo: number, value: number): void {
  const { metricCount } = span;
  if (metricCount === span.metricValues.length) {
    if (metricCount >= MAX_TAGS_READ) {
      span.isTrimmed = true;
      return;
    }
    const keys = new Int32Array(4 * metricCount);
    keys.set(span.metricKeys);
    span.metricKeys = keys;
    const values = new Float64Array(2 * metricCount);
    values.set(span.metricValues);
    span.metricValues = values;
  }
  span.metricKeys[2 * metricCount] = keyFrom;
  span.metricKeys[2 * metricCount + 1] = keyTo;
  span.metricValues[metricCount] = value;
  span.metricCount++;
}

/** Adds a text that lies nowhere in the payload, for a key that the span may lack; empty ones say nothing. */
export function addExtraMeta(span: WireSpan, key: string, text: string): void {
  if (text === "") return;
  if (span.extraMeta.length >= 2 * MAX_TAGS_READ) span.isTrimmed = true;
  else span.extraMeta.push(key, text);
}

/** Adds a document. */
export function addDocument(span: WireSpan, keyFrom: number, keyTo: number, from: number, to: number): void {
  if (span.documents.length >= 4 * MAX_TAGS_READ) span.isTrimmed = true;
  else span.documents.push(keyFrom, keyTo, from, to);
}
