/** Payloads of v0.7, which wraps the spans of v0.4 with what is true of all of them. */
import {
  addFacts,
  addShared,
  addSharedText,
  createSharedTags,
  type DecodeContext,
  expect,
  passOne,
  putShared,
  readSpans,
  setChunkFacts,
  type SharedTags,
} from "./decode_context.ts";
import { clippableText } from "./json_writer.ts";
import { isAtArray, takeArray, takeMap, takeNumber, takeText } from "./msgpack_cursor.ts";
import { keyText, type SpanForm } from "./span_form.ts";
import { createV04Form } from "./spans_v04.ts";

/** What a payload tells of its spans. */
interface Payload {
  readonly facts: Map<string, string>;
  readonly tags: SharedTags;
}

/** Fields of a payload and the span tags that say the same. The container is the sandbox: of no use. */
const PAYLOAD_TAGS: ReadonlyMap<string, string> = new Map([
  ["language_name", "language"],
  ["tracer_version", "tracer_version"],
  ["runtime_id", "runtime-id"],
  ["env", "env"],
  ["hostname", "_dd.hostname"],
  ["app_version", "version"],
]);

/** Decodes one map with `chunks`. Facts of the payload and the chunk go to the spans they are true of. */
export async function decodeV07(context: DecodeContext): Promise<void> {
  const { cursor, slice } = context;
  const form = createV04Form(cursor);
  const payload: Payload = { facts: new Map(), tags: createSharedTags() };
  let chunksAt = -1;
  let failure: unknown;
  try {
    for (let left = expect(takeMap(cursor), "the payload must be a map"); left > 0; left--) {
      if (slice.isOver()) await slice.pause();
      const key = await takeKey(context);
      const name = PAYLOAD_TAGS.get(key);
      if (key === "tags") await takeTags(context, payload.tags);
      else if (name !== undefined) payload.facts.set(name, await takeValue(context));
      else if (key !== "chunks" || !isAtArray(cursor)) await passOne(context);
      // Facts may come after the chunks; they hardly ever do.
      else if (left === 1) await readChunks(context, form, payload);
      else {
        chunksAt = cursor.at;
        await passOne(context);
      }
    }
  } catch (error) {
    failure = error;
  }
  if (chunksAt >= 0) {
    cursor.at = chunksAt;
    cursor.pending = 0;
    await readChunks(context, form, payload);
  }
  if (failure !== undefined) throw failure;
}

async function readChunks(context: DecodeContext, form: SpanForm, payload: Payload): Promise<void> {
  const { cursor, slice } = context;
  const count = takeArray(cursor);
  for (let i = 0; i < count; i++) {
    context.unread = count - i;
    await readChunk(context, form, payload);
    if (slice.isOver()) await slice.pause();
  }
  context.unread = 0;
}

async function readChunk(context: DecodeContext, form: SpanForm, payload: Payload): Promise<void> {
  const { cursor, chunk, slice } = context;
  chunk.clear();
  const members = takeMap(cursor);
  if (members < 0) {
    context.malformed++;
    return await passOne(context);
  }
  const tags = createSharedTags();
  let priority: number | undefined;
  let origin = "";
  for (let left = members; left > 0; left--) {
    if (slice.isOver()) await slice.pause();
    const key = await takeKey(context);
    if (key === "spans") await readSpans(context, form, true);
    else if (key === "tags") await takeTags(context, tags);
    else if (key === "priority" && takeNumber(cursor)) priority = cursor.number;
    else if (key === "origin") origin = await takeValue(context);
    else await passOne(context);
  }
  if (chunk.count === 0) return;
  const own = setChunkFacts(chunk, { priority, origin });
  for (const list of [tags, payload.tags]) shareTags(context, list);
  await context.write(form, (span, index) => {
    putShared(span, tags);
    if (index === 0 && origin !== "") span.extraMeta.push("_dd.origin", origin);
    if (index === 0 && own !== undefined) span.extraMetrics.push(["_sampling_priority_v1", own]);
    putShared(span, payload.tags);
    addFacts(span, index, payload.facts);
  });
}

function shareTags({ chunk, cursor }: DecodeContext, { places }: SharedTags): void {
  for (let i = 0; i < places.length; i += 4) {
    chunk.addSharedTag(
      cursor.bytes,
      places[i] ?? 0,
      places[i + 1] ?? 0,
      places[i + 2] ?? 0,
      places[i + 3] ?? 0,
    );
  }
}

/** The key of a member; empty for one that is no text. */
async function takeKey(context: DecodeContext): Promise<string> {
  return await takeValue(context);
}

/** A text, as far as a tag may have it; empty for anything else. */
async function takeValue(context: DecodeContext): Promise<string> {
  const { cursor } = context;
  if (takeText(cursor)) return clippableText(cursor.bytes, cursor.from, cursor.to);
  await passOne(context);
  return "";
}

async function takeTags(context: DecodeContext, into: SharedTags): Promise<void> {
  const { cursor, slice } = context;
  const count = takeMap(cursor);
  if (count < 0) return await passOne(context);
  for (let left = count; left > 0; left--) {
    if (left % 256 === 0 && slice.isOver()) await slice.pause();
    if (!takeText(cursor)) {
      await passOne(context);
      await passOne(context);
      continue;
    }
    const { from, to } = cursor;
    if (takeText(cursor)) addShared(into, from, to, cursor.from, cursor.to);
    else if (takeNumber(cursor)) {
      addSharedText(into, keyText(cursor.bytes, from, to), String(cursor.number));
    } else await passOne(context);
  }
}
