/** Payloads of v1.0: maps with integer keys, and strings kept in a table that grows while reading. */
import { toExactJson } from "../../json/exact_json.ts";
import {
  addFacts,
  addSharedText,
  createSharedTags,
  type DecodeContext,
  expect,
  passOne,
  passPending,
  putShared,
  readSpans,
  setChunkFacts,
  type SharedTags,
} from "./decode_context.ts";
import { isAtArray, type MsgpackCursor, takeArray, takeMap, takeNumber, takeText } from "./msgpack_cursor.ts";
import { clippableText } from "./json_writer.ts";
import { createBudget, type Json, TooLargeError } from "./msgpack_value.ts";
import { cursorAt, hexOf, type SpanForm } from "./span_form.ts";
import { createV10Form } from "./spans_v10.ts";
import { createStreamingStrings, type StreamingStrings } from "./streaming_strings.ts";
import { readAttributes } from "./values_v10.ts";
import { ATTRIBUTE, createV10Walk, itemsOf, takeKey, type V10Walk } from "./walk_v10.ts";
import { addExtraMeta } from "./wire_span.ts";

/** A payload on its way. */
interface Payload {
  readonly context: DecodeContext;
  readonly strings: StreamingStrings;
  readonly walk: V10Walk;
  readonly form: SpanForm;
  readonly facts: Map<string, string>;
  /** There were more attributes than spans are given. */
  isCut: boolean;
}

/** Payload fields and the span tags that say the same. */
const PAYLOAD_TAGS: ReadonlyMap<number, string> = new Map([
  [3, "language"],
  [5, "tracer_version"],
  [6, "runtime-id"],
  [7, "env"],
  [8, "_dd.hostname"],
  [9, "version"],
]);
/** Longest text of the attributes of a payload or chunk, which each span has. */
const MAX_SHARED_TEXT = 25_000;
const TRACE_ID_BYTES = 16;

/** Decodes one v1.0 payload. */
export async function decodeV10(context: DecodeContext): Promise<void> {
  const { cursor, slice } = context;
  const strings = createStreamingStrings(cursor.bytes);
  const walk = createV10Walk(cursor, strings);
  const form = createV10Form(cursor, strings, walk);
  const payload: Payload = { context, strings, walk, form, facts: new Map(), isCut: false };
  let attributes = createSharedTags();
  let chunksAt = -1;
  let failure: unknown;
  try {
    for (let left = expect(takeMap(cursor), "the payload must be a map"); left > 0; left--) {
      if (slice.isOver()) await slice.pause();
      const key = takeKey(cursor);
      const name = PAYLOAD_TAGS.get(key);
      if (name !== undefined) payload.facts.set(name, await takeString(payload));
      else if (key === 1) await takeTable(payload);
      else if (key === 10) attributes = await takeAttributes(payload);
      else if (key !== 11 || !isAtArray(cursor)) await passOne(context);
      // Facts may come after the chunks; they hardly ever do.
      else if (left > 1) {
        chunksAt = cursor.at;
        await rehearse(payload);
      } else {
        addMissing(payload, attributes);
        await readChunks(payload);
      }
    }
  } catch (error) {
    failure = error;
  }
  if (chunksAt >= 0) {
    cursor.at = chunksAt;
    cursor.pending = 0;
    addMissing(payload, attributes);
    await readChunks(payload);
  }
  if (failure !== undefined) throw failure;
}

function addMissing(payload: Payload, { texts, isCut }: SharedTags): void {
  const { facts } = payload;
  for (const [key, text] of texts) if (!facts.has(key)) facts.set(key, text);
  if (isCut) payload.isCut = true;
}

/** Reads the chunks for their strings only. */
async function rehearse(payload: Payload): Promise<void> {
  const { context } = payload;
  const { spansLeft, malformed, broken, tooMany } = context;
  try {
    for (let left = takeArray(context.cursor); left > 0; left--) await readChunk(payload);
  } finally {
    Object.assign(context, { spansLeft, malformed, broken, tooMany });
  }
}

async function readChunks(payload: Payload): Promise<void> {
  const { context } = payload;
  const count = takeArray(context.cursor);
  for (let i = 0; i < count; i++) {
    context.unread = count - i;
    await (await readChunk(payload))?.();
  }
  context.unread = 0;
}

/** Reads a chunk, and returns what writes it. */
async function readChunk(payload: Payload): Promise<(() => Promise<void>) | undefined> {
  const { context, form, facts } = payload;
  const { cursor, chunk, slice } = context;
  if (slice.isOver()) await slice.pause();
  chunk.clear();
  let attributes = createSharedTags();
  let traceId: Uint8Array | undefined;
  let priority: number | undefined;
  let origin = "";
  let mechanism = "";
  for (let left = expect(takeMap(cursor), "a chunk must be a map"); left > 0; left--) {
    if (slice.isOver()) await slice.pause();
    const key = takeKey(cursor);
    if (key === 1 && takeNumber(cursor)) priority = cursor.number;
    else if (key === 2) origin = await takeString(payload);
    else if (key === 3) attributes = await takeAttributes(payload);
    // The trace id is the chunk's and may come after its spans.
    else if (key === 4) await readSpans(context, form, false);
    else if (key === 6 && takeText(cursor)) traceId = cursor.bytes.subarray(cursor.from, cursor.to);
    else if (key === 7) mechanism = await takeMechanism(payload);
    else await passOne(context);
  }
  if (chunk.count === 0) return undefined;
  const upper = setTraceId(payload, traceId);
  if (upper === undefined) {
    context.malformed += chunk.count;
    context.spansLeft += chunk.count;
    return undefined;
  }
  const own = setChunkFacts(chunk, {
    priority,
    origin: origin || (attributes.texts.get("_dd.origin") ?? ""),
  });
  return () =>
    context.write(form, (span, index) => {
      if (index === 0) {
        addExtraMeta(span, "_dd.p.tid", upper);
        addExtraMeta(span, "_dd.origin", origin);
        if (own !== undefined) span.extraMetrics.push(["_sampling_priority_v1", own]);
        addExtraMeta(span, "_dd.p.dm", mechanism);
      }
      putShared(span, attributes);
      addFacts(span, index, facts);
      if (index === 0 && payload.isCut) span.isTrimmed = true;
    });
}

/**
 * Gives the spans their trace id; returns its upper half in hex, empty for a 64-bit id; `undefined`: it is not an id.
 */
function setTraceId({ context }: Payload, bytes: Uint8Array | undefined): string | undefined {
  if (bytes?.length !== TRACE_ID_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, TRACE_ID_BYTES);
  const low = view.getUint32(12);
  const high = view.getUint32(8);
  if (low === 0 && high === 0) return undefined;
  const hasUpper = view.getUint32(0) !== 0 || view.getUint32(4) !== 0;
  const upper = hasUpper ? hexOf(view.getUint32(4), view.getUint32(0)) : "";
  context.chunk.setTraceId(low, high, hasUpper ? new TextEncoder().encode(upper) : undefined);
  return upper;
}

/** The decision maker: a mechanism's number now, a text in early tracers. 0 is what unset looks like. */
async function takeMechanism(payload: Payload): Promise<string> {
  const { cursor } = payload.context;
  if (!takeNumber(cursor)) return await takeString(payload);
  const mechanism = Math.abs(cursor.number | 0);
  return mechanism === 0 ? "" : `-${mechanism}`;
}

/** A string, as far as a tag may have it; empty for any other value. */
async function takeString({ context, strings }: Payload): Promise<string> {
  const { cursor } = context;
  if (strings.take(cursor)) return clippableText(cursor.bytes, cursor.from, cursor.to);
  await passPending(context);
  return "";
}

/** A list of strings sent ahead. */
async function takeTable(payload: Payload): Promise<void> {
  const { context, strings } = payload;
  const { cursor, slice } = context;
  if (!isAtArray(cursor)) return await passOne(context);
  for (let left = takeArray(cursor); left > 0; left--) {
    if (!takeText(cursor)) await passOne(context);
    else strings.add(cursor.from, cursor.to);
    if (left % 4096 === 0 && slice.isOver()) await slice.pause();
  }
}

/** Attributes that all spans have, as text; more than a span holds are left out. */
async function takeAttributes(payload: Payload): Promise<SharedTags> {
  const { context, strings, walk } = payload;
  const { cursor, slice } = context;
  const place = cursor.at;
  const count = itemsOf(cursor, ATTRIBUTE);
  if (count < 0) {
    await passOne(context);
    return createSharedTags();
  }
  walk.begin(ATTRIBUTE, count);
  while (!walk.passSome()) if (slice.isOver()) await slice.pause();
  return textsOf(cursor, place, strings);
}

function textsOf(
  cursor: MsgpackCursor,
  place: number,
  strings: StreamingStrings,
): SharedTags {
  const tags = createSharedTags();
  const attributes = new Map<string, Json>();
  try {
    readAttributes(cursorAt(cursor.bytes, place), strings, createBudget(MAX_SHARED_TEXT), 0, attributes);
  } catch (error) {
    if (!(error instanceof TooLargeError)) throw error;
    tags.isCut = true;
  }
  for (const [key, value] of attributes) addSharedText(tags, key, textOfValue(value));
  return tags;
}

function textOfValue(value: Json): string {
  return typeof value === "string" ? value : toExactJson(value);
}
