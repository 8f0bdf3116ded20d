/**
 * Payloads of v0.3 and v0.4 (arrays of arrays of maps), and of v0.5 (a table of strings, then arrays of arrays).
 */
import { type DecodeContext, expect, passOne, readSpans } from "./decode_context.ts";
import { DecodeError, isAtArray, isAtMap, takeArray, takeMap, takeText } from "./msgpack_cursor.ts";
import type { SpanForm } from "./span_form.ts";
import { createV04Form } from "./spans_v04.ts";
import { createV05Form, type StringPlaces } from "./spans_v05.ts";

/** More strings than any real payload has; each costs a slot even when empty. */
const MAX_STRINGS = 1_000_000;
const STRINGS_PER_LOOK = 4096;

/** Decodes `[[span, …], …]`, or a map whose values are such traces, or lists of them. */
export async function decodeV04(context: DecodeContext): Promise<void> {
  const form = createV04Form(context.cursor);
  await readTraces(context, form, "the payload must be an array of traces", isAtLists);
}

/** Decodes `[strings, [[span12, …], …]]`. */
export async function decodeV05(context: DecodeContext): Promise<void> {
  const { cursor } = context;
  const parts = expect(takeArray(cursor), "the payload must be an array of strings and traces");
  if (parts === 0) return;
  const form = createV05Form(cursor, await readTable(context));
  if (parts < 2) return;
  await readTraces(context, form, "the second part of the payload must be an array of traces", () => false);
}

async function readTraces(
  context: DecodeContext,
  form: SpanForm,
  what: string,
  isAtTraces: (context: DecodeContext) => boolean,
): Promise<void> {
  const { cursor } = context;
  const hasKeys = isAtMap(cursor);
  const traces = hasKeys ? takeMap(cursor) : expect(takeArray(cursor), what);
  for (let i = 0; i < traces; i++) {
    context.unread = traces - i;
    if (hasKeys) await passOne(context);
    if (hasKeys && isAtTraces(context)) {
      for (let left = takeArray(cursor); left > 0; left--) await readTrace(context, form);
    } else await readTrace(context, form);
  }
  context.unread = 0;
}

/** Whether there is an array at the cursor that begins by an array: for spans that are maps, a list of traces. */
function isAtLists({ cursor }: DecodeContext): boolean {
  if (!isAtArray(cursor)) return false;
  const place = cursor.at;
  const isNested = takeArray(cursor) > 0 && isAtArray(cursor);
  cursor.at = place;
  return isNested;
}

async function readTrace(context: DecodeContext, form: SpanForm): Promise<void> {
  const { slice } = context;
  if (slice.isOver()) await slice.pause();
  context.chunk.clear();
  await readSpans(context, form, true);
  if (context.chunk.count > 0) await context.write(form);
}

async function readTable(context: DecodeContext): Promise<StringPlaces> {
  const { cursor, slice } = context;
  const count = expect(takeArray(cursor), "the first part of the payload must be an array of strings");
  if (count > MAX_STRINGS) {
    throw new DecodeError(
      `Cannot decode traces as ${MAX_STRINGS} strings are the most: current value is ${count}`,
    );
  }
  const places = new Int32Array(2 * count);
  for (let i = 0; i < count; i++) {
    if (!takeText(cursor)) {
      await passOne(context);
      cursor.from = cursor.to = 0;
    }
    places[2 * i] = cursor.from;
    places[2 * i + 1] = cursor.to;
    if (i % STRINGS_PER_LOOK === STRINGS_PER_LOOK - 1 && slice.isOver()) await slice.pause();
  }
  return { places, count };
}
