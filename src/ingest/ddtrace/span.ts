/**
 * The span all wire forms decode to, in the tracers' own field names and v0.4's habits: what a later form keeps
 * elsewhere (priority, 128-bit id, environment …) is put back where v0.4 has it, so one mapping serves them all.
 */

/** One span. Ids are unsigned 64-bit; `traceId` holds the lower half of a 128-bit id. Times in ns. */
export interface DdSpan {
  service: string;
  name: string;
  resource: string;
  type: string;
  traceId: bigint;
  spanId: bigint;
  /** 0 for a root. */
  parentId: bigint;
  startNs: bigint;
  durationNs: bigint;
  /** Nonzero means failed. */
  error: number;
  readonly meta: Map<string, string>;
  readonly metrics: Map<string, number>;
  /** Each value is a msgpack document of its own. */
  metaStruct?: Map<string, Uint8Array>;
  links?: SpanLink[] | undefined;
  events?: SpanEvent[];
}

/** A reference to a span of this or another trace. */
export interface SpanLink {
  /** 32 hex digits. */
  traceId: string;
  /** 16 hex digits. */
  spanId: string;
  attributes: ReadonlyMap<string, Json>;
  tracestate: string;
  /** W3C trace flags; bit 31 says that they are set. */
  flags: number;
}

/** Something that happened within a span. */
export interface SpanEvent {
  name: string;
  timeNs: bigint;
  attributes: ReadonlyMap<string, Json>;
}

/** What can be written as JSON without loss: `bigint` as a bare number, bytes as base64. */
export type Json =
  | string
  | number
  | bigint
  | boolean
  | null
  | Uint8Array
  | readonly Json[]
  | ReadonlyMap<string, Json>;

/** Spans that arrived together as one trace, or a part of one. */
export type Chunk = readonly DdSpan[];

/** A span with nothing in it. */
export function emptySpan(): DdSpan {
  return {
    service: "",
    name: "",
    resource: "",
    type: "",
    traceId: 0n,
    spanId: 0n,
    parentId: 0n,
    startNs: 0n,
    durationNs: 0n,
    error: 0,
    meta: new Map(),
    metrics: new Map(),
  };
}

/** Fixed-width lower hex of an unsigned 64-bit id. */
export function hex16(id: bigint): string {
  return id.toString(16).padStart(16, "0");
}

/** Sets a tag unless the span has it or the text is empty. */
export function setMissing(span: DdSpan, key: string, text: string): void {
  if (text !== "" && !span.meta.has(key)) span.meta.set(key, text);
}
