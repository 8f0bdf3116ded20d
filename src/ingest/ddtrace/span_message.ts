/** What the field `message` has of a span after its type: documents, links and events. A span has few of them. */
import { isJsonObject, toExactJson, tryParseExactJson } from "../../json/exact_json.ts";
import { createMsgpackCursor, DecodeError, type MsgpackCursor, sliceText } from "./msgpack_cursor.ts";
import { createBudget, type Json, readValue, TooLargeError, type ValueBudget } from "./msgpack_value.ts";
import { MAX_MESSAGE_BYTES, type SpanEvent, type SpanForm, type SpanLink } from "./span_form.ts";
import { pack } from "./msgpack_writer.ts";
import { readEvents, readLinks } from "./values_v04.ts";
import type { WireSpan } from "./wire_span.ts";

/** A member of a span's JSON. */
export interface SpanPart {
  readonly name: string;
  /** `undefined`: more than a message holds. */
  readonly json: string | undefined;
  /** Something in it nested too deep. */
  readonly isCut: boolean;
}

/** Links and events that tags stand in for. */
export interface TagParts {
  readonly links: readonly SpanLink[] | undefined;
  readonly events: readonly SpanEvent[] | undefined;
}

/** Links in the JSON of a tag; `undefined` when it is no list of them that can be told as a whole. */
export function linksOfTag(json: string): readonly SpanLink[] | undefined {
  return listOfTag(json, readLinks);
}

/** Events in the JSON of a tag; `undefined` when it is no list of them that can be told as a whole. */
export function eventsOfTag(json: string): readonly SpanEvent[] | undefined {
  return listOfTag(json, readEvents);
}

function listOfTag<T>(
  json: string,
  read: (cursor: MsgpackCursor, budget: ValueBudget) => readonly T[],
): readonly T[] | undefined {
  const list = json.length > MAX_MESSAGE_BYTES ? undefined : tryParseExactJson(json);
  if (!Array.isArray(list) || !list.every(isJsonObject)) return undefined;
  const budget = createBudget(MAX_MESSAGE_BYTES);
  const items = attempt(() => read(createMsgpackCursor(pack(list)), budget));
  return budget.isCut ? undefined : items;
}

/** The parts that a span has, its own before those in tags. */
export function partsOf(span: WireSpan, form: SpanForm, tags: TagParts): readonly SpanPart[] {
  const parts: SpanPart[] = [];
  const { documents, linksAt, eventsAt } = span;
  if (documents.length > 0) parts.push(partOf("meta_struct", (budget) => documentsJson(span, budget)));
  if (linksAt >= 0) {
    parts.push(partOf("span_links", (budget) => listJson(form.linksOf(span, budget), linkJson)));
  } else if (tags.links !== undefined) {
    parts.push({ name: "span_links", json: listJson(tags.links, linkJson), isCut: false });
  }
  if (eventsAt >= 0) {
    parts.push(partOf("span_events", (budget) => listJson(form.eventsOf(span, budget), eventJson)));
  } else if (tags.events !== undefined) {
    parts.push({ name: "span_events", json: listJson(tags.events, eventJson), isCut: false });
  }
  return parts.filter(({ json }) => json !== "[]");
}

function partOf(name: string, make: (budget: ValueBudget) => string): SpanPart {
  const budget = createBudget(MAX_MESSAGE_BYTES);
  const json = attempt(() => make(budget));
  return { name, json, isCut: budget.isCut };
}

function listJson<T>(items: readonly T[] | undefined, jsonOf: (item: T) => string): string {
  return `[${(items ?? []).map(jsonOf).join()}]`;
}

function attempt<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    if (error instanceof TooLargeError) return undefined;
    throw error;
  }
}

function documentsJson({ bytes, documents }: WireSpan, budget: ValueBudget): string {
  const json = new Map<string, Json>();
  for (let i = 0; i < documents.length; i += 4) {
    const keyFrom = documents[i] ?? 0;
    const keyTo = documents[i + 1] ?? 0;
    budget.bytes -= keyTo - keyFrom;
    if (budget.bytes < 0) throw new TooLargeError("Cannot write documents as their names are too long");
    const key = sliceText(bytes, keyFrom, keyTo);
    const document = bytes.subarray(documents[i + 2] ?? 0, documents[i + 3] ?? 0);
    json.set(key, documentOf(document, budget));
  }
  return toExactJson(json);
}

/** The document within, or its bytes when it is not a document. */
function documentOf(bytes: Uint8Array, budget: ValueBudget): Json {
  try {
    return readValue(createMsgpackCursor(bytes), budget);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    if (bytes.length > budget.bytes) throw new TooLargeError("Cannot write a document as it is too large");
    return bytes;
  }
}

function linkJson({ traceId, spanId, attributes, tracestate, flags }: SpanLink): string {
  const json = new Map<string, Json>([["trace_id", traceId], ["span_id", spanId]]);
  if (attributes.size > 0) json.set("attributes", attributes);
  if (tracestate !== "") json.set("tracestate", tracestate);
  if (flags !== 0) json.set("flags", flags);
  return toExactJson(json);
}

function eventJson({ name, timeNs, attributes }: SpanEvent): string {
  const json = new Map<string, Json>([["name", name], ["time_unix_nano", timeNs]]);
  if (attributes.size > 0) json.set("attributes", attributes);
  return toExactJson(json);
}
