/** What the decoders of all versions share: where chunks go, what is counted, how lists of spans are read. */
import type { TimeSlice } from "../../time_slice.ts";
import type { Chunk } from "./chunk.ts";
import { DecodeError, type MsgpackCursor, skipSome, takeArray, takeNil } from "./msgpack_cursor.ts";
import { type SpanForm, STEP } from "./span_form.ts";
import { addExtraMeta, addMeta, type WireSpan } from "./wire_span.ts";

/** One payload on its way, and what is counted. */
export interface DecodeContext {
  readonly cursor: MsgpackCursor;
  readonly slice: TimeSlice;
  /** The chunk that is being read. */
  readonly chunk: Chunk;
  /**
   * Writes the chunk's spans. Chunks before an error have been written by then. `decorate` adds to each span what the
   * chunk and the payload say of it.
   */
  readonly write: (form: SpanForm, decorate?: (span: WireSpan, index: number) => void) => Promise<void>;
  /** Spans this payload may still have. */
  spansLeft: number;
  /** Spans, or traces read as a whole, that were none: wrong type, or without ids. */
  malformed: number;
  /** Why the first of them was none, if there is more to say than that. */
  broken: string;
  /** Spans beyond `spansLeft`. */
  tooMany: number;
  /** Traces announced and not yet read, for the case that the payload cannot be read on. */
  unread: number;
}

/** Spans after which the clock is looked at: some 0.1 ms. */
const SPANS_PER_LOOK = 32;

/**
 * Reads an array of spans into the chunk. One without a span id cannot be found again, nor one without a trace id,
 * unless that is the chunk's.
 */
export async function readSpans(
  context: DecodeContext,
  form: SpanForm,
  needsTraceId: boolean,
): Promise<void> {
  const { cursor, chunk, slice } = context;
  const count = takeArray(cursor);
  if (count < 0) {
    context.malformed++;
    return await passOne(context);
  }
  for (let i = 0; i < count; i++) {
    if (i % SPANS_PER_LOOK === SPANS_PER_LOOK - 1 && slice.isOver()) await slice.pause();
    if (takeNil(cursor)) continue;
    const place = cursor.at;
    const span = chunk.next();
    if (!form.begin(span)) {
      context.malformed++;
      await passOne(context);
      continue;
    }
    while (!form.readSome()) if (slice.isOver()) await slice.pause();
    if (context.spansLeft <= 0) context.tooMany++;
    else if (isWhole(span, needsTraceId)) {
      context.spansLeft--;
      chunk.add(span, place);
    } else {
      context.malformed++;
      context.broken ||= span.broken;
    }
  }
}

function isWhole(span: WireSpan, needsTraceId: boolean): boolean {
  if (span.broken !== "" || (span.spanLow === 0 && span.spanHigh === 0)) return false;
  return !needsTraceId || span.traceLow !== 0 || span.traceHigh !== 0;
}

/** Passes over the value at the cursor. */
export async function passOne(context: DecodeContext): Promise<void> {
  context.cursor.pending = 1;
  await passPending(context);
}

/** Passes over what is pending. */
export async function passPending({ cursor, slice }: DecodeContext): Promise<void> {
  while (!skipSome(cursor, STEP)) if (slice.isOver()) await slice.pause();
}

/** A count of items, or an error naming what should have been there. */
export function expect(count: number, what: string): number {
  if (count < 0) throw new DecodeError(`Cannot decode traces as ${what}: current value is of another type`);
  return count;
}

/** The agent's "no priority given". */
const PRIORITY_NONE = -128;

/** Facts of a chunk that v0.4 has on its first span. */
export interface ChunkFacts {
  readonly priority: number | undefined;
  readonly origin: string;
}

/** Takes in the facts of a chunk; returns the priority if it belongs on the first span. */
export function setChunkFacts(chunk: Chunk, { priority, origin }: ChunkFacts): number | undefined {
  const isNew = priority !== undefined && priority !== PRIORITY_NONE && chunk.priority === undefined;
  chunk.setFacts(isNew ? priority : undefined, origin === "rum");
  return isNew ? priority : undefined;
}

/** Tags that every span carries itself in v0.4; what else a payload tells is on the first span there. */
const EVERY_SPAN: ReadonlySet<string> = new Set(["env", "version", "runtime-id"]);

/** Adds what a payload tells to the spans that have it in v0.4. */
export function addFacts(span: WireSpan, index: number, facts: ReadonlyMap<string, string>): void {
  for (const [key, text] of facts) if (index === 0 || EVERY_SPAN.has(key)) addExtraMeta(span, key, text);
}

/** Tags that all spans of a chunk or a payload have. */
export interface SharedTags {
  /** Those that lie in the payload: four places each as in {@link WireSpan.meta}. */
  readonly places: number[];
  /** Those that are no text there. */
  readonly texts: Map<string, string>;
  /** There are more than spans are given. */
  isCut: boolean;
}

/** More are left out: each is written once for every span. */
const MAX_SHARED_TAGS = 256;

/** No tags. */
export function createSharedTags(): SharedTags {
  return { places: [], texts: new Map(), isCut: false };
}

/** Adds a shared tag that lies in the payload. */
export function addShared(
  tags: SharedTags,
  keyFrom: number,
  keyTo: number,
  from: number,
  to: number,
): void {
  if (tags.places.length < 4 * MAX_SHARED_TAGS) tags.places.push(keyFrom, keyTo, from, to);
  else tags.isCut = true;
}

/** Adds one that is a number there. */
export function addSharedText(tags: SharedTags, key: string, text: string): void {
  if (tags.texts.size < MAX_SHARED_TAGS) tags.texts.set(key, text);
  else tags.isCut = true;
}

/** Adds shared tags to a span that lacks their keys. */
export function putShared(span: WireSpan, { places, texts, isCut }: SharedTags): void {
  if (isCut) span.isTrimmed = true;
  for (let i = 0; i < places.length; i += 4) {
    addMeta(span, places[i] ?? 0, places[i + 1] ?? 0, places[i + 2] ?? 0, places[i + 3] ?? 0);
  }
  for (const [key, text] of texts) addExtraMeta(span, key, text);
}
