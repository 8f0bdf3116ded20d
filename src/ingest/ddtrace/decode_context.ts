/** What the decoders of all versions share: where chunks go, what is counted, how lists of spans are read. */
import { DecodeError, type MsgpackReader } from "./msgpack_reader.ts";
import { type Chunk, type DdSpan, setMissing } from "./span.ts";

/** Where chunks go, and what is counted on the way. */
export interface DecodeContext {
  /** Told of each whole chunk, in order. Chunks before an error have been handed on. */
  readonly chunk: (chunk: Chunk) => void;
  /** Spans this payload may still have. */
  spansLeft: number;
  /** Spans, or traces read as a whole, that were none: wrong type, or without ids. */
  malformed: number;
  /** Spans beyond `spansLeft`. */
  tooMany: number;
  /** Traces announced and not yet read, for the case that the payload cannot be read on. */
  unread: number;
}

/** Reads an array of spans with `readSpan`; `undefined` from it means the span was none. */
export function readSpans(
  reader: MsgpackReader,
  context: DecodeContext,
  readSpan: () => DdSpan | undefined,
  skip: () => void = reader.skip,
): DdSpan[] {
  const spans: DdSpan[] = [];
  const count = reader.array();
  if (count === undefined) {
    context.malformed++;
    skip();
    return spans;
  }
  for (let i = 0; i < count; i++) {
    if (reader.nil()) continue;
    if (context.spansLeft <= 0) {
      context.tooMany++;
      skip();
      continue;
    }
    const span = readSpan();
    addSpan(spans, span, context);
  }
  return spans;
}

/** Adds a span that can be found again later: one without a trace or a span id cannot. */
export function addSpan(spans: DdSpan[], span: DdSpan | undefined, context: DecodeContext): void {
  if (span === undefined || span.traceId === 0n || span.spanId === 0n) {
    context.malformed++;
    return;
  }
  context.spansLeft--;
  spans.push(span);
}

/** A count of items, or an error naming what should have been there. */
export function expect(count: number | undefined, what: string): number {
  if (count === undefined) {
    throw new DecodeError(`Cannot decode traces as ${what}: current value is of another type`);
  }
  return count;
}

/** The agent's "no priority given". */
const PRIORITY_NONE = -128;

/** Puts a chunk's own facts where v0.4 has them: on its first span. */
export function setChunkFacts(spans: readonly DdSpan[], priority: number | undefined, origin: string): void {
  const first = spans[0];
  if (first === undefined) return;
  setMissing(first, "_dd.origin", origin);
  if (priority === undefined || priority === PRIORITY_NONE) return;
  if (!spans.some((span) => span.metrics.has("_sampling_priority_v1"))) {
    first.metrics.set("_sampling_priority_v1", priority);
  }
}

/** Tags that every span carries itself in v0.4; what else a payload tells is on the first span there. */
const EVERY_SPAN: ReadonlySet<string> = new Set(["env", "version", "runtime-id"]);

/**
 * Hands chunks on, also those read before an error, with the payload's tags: `onEvery` to all their spans, `facts`
 * where v0.4 has them.
 */
export function handOn(
  chunks: readonly (readonly DdSpan[])[],
  facts: ReadonlyMap<string, string>,
  onEvery: ReadonlyMap<string, string>,
  context: DecodeContext,
): void {
  for (const chunk of chunks) {
    for (const span of chunk) {
      for (const [key, text] of onEvery) setMissing(span, key, text);
      for (const [key, text] of facts) {
        if (span === chunk[0] || EVERY_SPAN.has(key)) setMissing(span, key, text);
      }
    }
    if (chunk.length > 0) context.chunk(chunk);
  }
}
