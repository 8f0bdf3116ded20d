/**
 * The JSON form of v0.3 and v0.4, with ids as bare numbers, and the JSON tags that stand in for span links and
 * events.
 * @see `spec/ingest.md` 3.4
 */
import { isJsonObject, type JsonObject, tryParseExactJson } from "../../json/exact_json.ts";
import { addSpan, type DecodeContext } from "./decode_context.ts";
import { eventAttribute } from "./decode_v04.ts";
import { DecodeError } from "./msgpack_reader.ts";
import { type DdSpan, emptySpan, hex16, type Json, type SpanEvent, type SpanLink } from "./span.ts";

/** Parsed JSON takes up to forty times its size, and no tracer of today sends it. */
const MAX_JSON_BYTES = 1024 * 1024;
const MAX_DEPTH = 32;

/** Decodes `[[span, …], …]`. */
export function decodeJsonTraces(bytes: Uint8Array, context: DecodeContext): void {
  if (bytes.length > MAX_JSON_BYTES) {
    throw new DecodeError(
      `Cannot decode traces as JSON may have ${MAX_JSON_BYTES} bytes: current value is ${bytes.length}`,
    );
  }
  const traces = tryParseExactJson(new TextDecoder().decode(bytes));
  if (!Array.isArray(traces)) {
    throw new DecodeError("Cannot decode traces as the payload must be a JSON array of traces");
  }
  for (const trace of traces) {
    if (trace === null) continue;
    if (!Array.isArray(trace)) {
      context.malformed++;
      continue;
    }
    const chunk: DdSpan[] = [];
    for (const item of trace) {
      if (item === null) continue;
      if (context.spansLeft <= 0) context.tooMany++;
      else addSpan(chunk, isJsonObject(item) ? spanOf(item) : undefined, context);
    }
    if (chunk.length > 0) context.chunk(chunk);
  }
}

/** Span links of the tag `_dd.span_links`; `undefined` when the text is no list of them. */
export function parseLinksTag(text: string): SpanLink[] | undefined {
  const list = tryParseExactJson(text);
  return Array.isArray(list) && list.every(isJsonObject) ? list.map(linkOf) : undefined;
}

/** Span events of the tag `events`; `undefined` when the text is no list of them. */
export function parseEventsTag(text: string): SpanEvent[] | undefined {
  const list = tryParseExactJson(text);
  return Array.isArray(list) && list.every(isJsonObject) ? list.map(eventOf) : undefined;
}

function spanOf(wire: JsonObject): DdSpan {
  const span = emptySpan();
  span.service = textOf(wire.service);
  span.name = textOf(wire.name);
  span.resource = textOf(wire.resource);
  span.type = textOf(wire.type);
  span.traceId = BigInt.asUintN(64, integerOf(wire.trace_id));
  span.spanId = BigInt.asUintN(64, integerOf(wire.span_id));
  span.parentId = BigInt.asUintN(64, integerOf(wire.parent_id));
  span.startNs = BigInt.asIntN(64, integerOf(wire.start));
  span.durationNs = BigInt.asIntN(64, integerOf(wire.duration));
  span.error = Number(integerOf(wire.error));
  for (const [key, value] of entriesOf(wire.meta)) {
    if (typeof value === "string") span.meta.set(key, value);
  }
  for (const [key, value] of entriesOf(wire.metrics)) {
    if (typeof value === "number" || typeof value === "bigint") span.metrics.set(key, Number(value));
  }
  if (Array.isArray(wire.span_links)) span.links = wire.span_links.filter(isJsonObject).map(linkOf);
  if (Array.isArray(wire.span_events)) span.events = wire.span_events.filter(isJsonObject).map(eventOf);
  return span;
}

/** Ids are hex texts in the tag, numbers in a payload. */
function linkOf(wire: JsonObject): SpanLink {
  const low = wire.trace_id;
  const attributes = new Map(entriesOf(wire.attributes).map(([key, value]) => [key, jsonOf(value, 0)]));
  return {
    traceId: typeof low === "string"
      ? low.padStart(32, "0")
      : hex16(BigInt.asUintN(64, integerOf(wire.trace_id_high))) + hex16(BigInt.asUintN(64, integerOf(low))),
    spanId: typeof wire.span_id === "string"
      ? wire.span_id.padStart(16, "0")
      : hex16(BigInt.asUintN(64, integerOf(wire.span_id))),
    attributes,
    tracestate: textOf(wire.tracestate),
    flags: Number(integerOf(wire.flags)),
  };
}

function eventOf(wire: JsonObject): SpanEvent {
  const attributes = new Map<string, Json>();
  for (const [key, value] of entriesOf(wire.attributes)) {
    attributes.set(key, isTyped(value) ? eventAttribute(jsonOf(value, 0)) : jsonOf(value, 0));
  }
  return {
    name: textOf(wire.name),
    timeNs: BigInt.asUintN(64, integerOf(wire.time_unix_nano)),
    attributes,
  };
}

function isTyped(value: unknown): boolean {
  return isJsonObject(value) && typeof value.type === "number";
}

/** Maps in place of objects, as keys may be anything. */
function jsonOf(value: unknown, depth: number): Json {
  if (depth >= MAX_DEPTH) return null;
  switch (typeof value) {
    case "string":
    case "number":
    case "bigint":
    case "boolean":
      return value;
  }
  if (Array.isArray(value)) return value.map((item) => jsonOf(item, depth + 1));
  if (!isJsonObject(value)) return null;
  return new Map(Object.entries(value).map(([key, member]) => [key, jsonOf(member, depth + 1)]));
}

function entriesOf(value: unknown): [string, unknown][] {
  return isJsonObject(value) ? Object.entries(value) : [];
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function integerOf(value: unknown): bigint {
  if (typeof value === "bigint") return value;
  if (typeof value === "boolean") return value ? 1n : 0n;
  if (typeof value === "string" && /^-?\d{1,20}$/.test(value)) return BigInt(value);
  return typeof value === "number" && Number.isFinite(value) ? BigInt(Math.trunc(value)) : 0n;
}
