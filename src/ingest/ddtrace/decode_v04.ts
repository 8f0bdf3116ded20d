/**
 * v0.3 and v0.4 (arrays of arrays of maps), and v0.7, which wraps the same spans.
 * @see `spec/ingest.md` 3.4 and 3.6
 */
import { type DecodeContext, expect, handOn, readSpans, setChunkFacts } from "./decode_context.ts";
import type { MsgpackReader } from "./msgpack_reader.ts";
import {
  type DdSpan,
  emptySpan,
  hex16,
  type Json,
  setMissing,
  type SpanEvent,
  type SpanLink,
} from "./span.ts";

/** Decodes `[[span, …], …]`. */
export function decodeV04(reader: MsgpackReader, context: DecodeContext): void {
  const traces = expect(reader.array(), "the payload must be an array of traces");
  for (let i = 0; i < traces; i++) {
    context.unread = traces - i;
    const chunk = readSpans(reader, context, () => readSpan(reader));
    if (chunk.length > 0) context.chunk(chunk);
  }
  context.unread = 0;
}

/** Decodes one map with `chunks`. Facts of the payload and the chunk go to the spans they are true of. */
export function decodeV07(reader: MsgpackReader, context: DecodeContext): void {
  const facts = new Map<string, string>();
  const tags = new Map<string, string>();
  const chunks: DdSpan[][] = [];
  try {
    eachMember(reader, expect(reader.map(), "the payload must be a map"), (key) => {
      const name = PAYLOAD_TAGS.get(key ?? "");
      if (key === "tags") readTexts(reader, tags);
      else if (name !== undefined) facts.set(name, reader.text() ?? "");
      else if (key === "chunks") readChunks(reader, context, chunks);
      else reader.skip();
    });
  } finally {
    handOn(chunks, facts, tags, context);
  }
}

/** Fields of a v0.7 payload and the span tags that say the same. The container is the sandbox: of no use. */
const PAYLOAD_TAGS: ReadonlyMap<string, string> = new Map([
  ["language_name", "language"],
  ["tracer_version", "tracer_version"],
  ["runtime_id", "runtime-id"],
  ["env", "env"],
  ["hostname", "_dd.hostname"],
  ["app_version", "version"],
]);

function readChunks(reader: MsgpackReader, context: DecodeContext, chunks: DdSpan[][]): void {
  const count = reader.array();
  if (count === undefined) return reader.skip();
  for (let i = 0; i < count; i++) {
    context.unread = count - i;
    chunks.push(readChunk(reader, context));
  }
  context.unread = 0;
}

function readChunk(reader: MsgpackReader, context: DecodeContext): DdSpan[] {
  const tags = new Map<string, string>();
  let spans: DdSpan[] = [];
  let priority: number | undefined;
  let origin = "";
  const members = reader.map();
  if (members === undefined) {
    context.malformed++;
    reader.skip();
    return spans;
  }
  eachMember(reader, members, (key) => {
    if (key === "spans") spans = readSpans(reader, context, () => readSpan(reader));
    else if (key === "tags") readTexts(reader, tags);
    else if (key === "priority") priority = reader.number();
    else if (key === "origin") origin = reader.text() ?? "";
    else reader.skip();
  });
  for (const span of spans) for (const [key, text] of tags) setMissing(span, key, text);
  setChunkFacts(spans, priority, origin);
  return spans;
}

function readSpan(reader: MsgpackReader): DdSpan | undefined {
  const members = reader.map();
  if (members === undefined) {
    reader.skip();
    return undefined;
  }
  const span = emptySpan();
  for (let i = 0; i < members; i++) readMember(reader, span, reader.text());
  return span;
}

function readMember(reader: MsgpackReader, span: DdSpan, key: string | undefined): void {
  switch (key) {
    case "service":
    case "name":
    case "resource":
    case "type":
      span[key] = reader.text() ?? "";
      return;
    case "trace_id":
      span.traceId = BigInt.asUintN(64, reader.integer());
      return;
    case "span_id":
      span.spanId = BigInt.asUintN(64, reader.integer());
      return;
    case "parent_id":
      span.parentId = BigInt.asUintN(64, reader.integer());
      return;
    case "start":
      span.startNs = BigInt.asIntN(64, reader.integer());
      return;
    case "duration":
      span.durationNs = BigInt.asIntN(64, reader.integer());
      return;
    case "error":
      span.error = reader.number() ?? 0;
      return;
    case "meta":
      return readTexts(reader, span.meta);
    case "metrics":
      return readNumbers(reader, span.metrics);
    case "meta_struct":
      return readDocuments(reader, span);
    case "span_links":
      span.links = readList(reader, readLink);
      return;
    case "span_events":
      span.events = readList(reader, readEvent);
      return;
    default:
      reader.skip();
  }
}

function eachMember(reader: MsgpackReader, count: number, take: (key: string | undefined) => void): void {
  for (let i = 0; i < count; i++) take(reader.text());
}

function readTexts(reader: MsgpackReader, into: Map<string, string>): void {
  const count = reader.map();
  if (count === undefined) return reader.skip();
  for (let i = 0; i < count; i++) {
    const key = reader.text();
    const text = reader.text();
    if (key !== undefined && text !== undefined) into.set(key, text);
  }
}

function readNumbers(reader: MsgpackReader, into: Map<string, number>): void {
  const count = reader.map();
  if (count === undefined) return reader.skip();
  for (let i = 0; i < count; i++) {
    const key = reader.text();
    const number = reader.number();
    if (key !== undefined && number !== undefined) into.set(key, number);
  }
}

function readDocuments(reader: MsgpackReader, span: DdSpan): void {
  const count = reader.map();
  if (count === undefined) return reader.skip();
  const documents = span.metaStruct ??= new Map();
  for (let i = 0; i < count; i++) {
    const key = reader.text();
    const bytes = reader.bytes();
    if (key !== undefined && bytes !== undefined) documents.set(key, bytes);
  }
}

function readList<T>(reader: MsgpackReader, readItem: (reader: MsgpackReader) => T | undefined): T[] {
  const items: T[] = [];
  const count = reader.array();
  if (count === undefined) reader.skip();
  for (let i = 0; i < (count ?? 0); i++) {
    const item = readItem(reader);
    if (item !== undefined) items.push(item);
  }
  return items;
}

function readLink(reader: MsgpackReader): SpanLink | undefined {
  const members = reader.map();
  if (members === undefined) {
    reader.skip();
    return undefined;
  }
  let low = 0n;
  let high = 0n;
  const attributes = new Map<string, string>();
  const link: SpanLink = { traceId: "", spanId: hex16(0n), attributes, tracestate: "", flags: 0 };
  eachMember(reader, members, (key) => {
    if (key === "trace_id") low = BigInt.asUintN(64, reader.integer());
    else if (key === "trace_id_high") high = BigInt.asUintN(64, reader.integer());
    else if (key === "span_id") link.spanId = hex16(BigInt.asUintN(64, reader.integer()));
    else if (key === "attributes") readTexts(reader, attributes);
    else if (key === "tracestate") link.tracestate = reader.text() ?? "";
    else if (key === "flags") link.flags = reader.number() ?? 0;
    else reader.skip();
  });
  link.traceId = hex16(high) + hex16(low);
  return link;
}

function readEvent(reader: MsgpackReader): SpanEvent | undefined {
  const members = reader.map();
  if (members === undefined) {
    reader.skip();
    return undefined;
  }
  const attributes = new Map<string, Json>();
  const event: SpanEvent = { name: "", timeNs: 0n, attributes };
  eachMember(reader, members, (key) => {
    if (key === "name") event.name = reader.text() ?? "";
    else if (key === "time_unix_nano") event.timeNs = BigInt.asUintN(64, reader.integer());
    else if (key === "attributes") {
      const count = reader.map();
      if (count === undefined) return reader.skip();
      for (let i = 0; i < count; i++) attributes.set(reader.text() ?? "", eventAttribute(reader.value()));
    } else reader.skip();
  });
  return event;
}

/** The value within `{type, string_value | bool_value | …}`; anything else stays as it is. */
export function eventAttribute(wire: Json): Json {
  if (!(wire instanceof Map)) return wire;
  switch (Number(wire.get("type") ?? 0)) {
    case 0:
      return wire.get("string_value") ?? "";
    case 1: {
      const flag = wire.get("bool_value") ?? false;
      return typeof flag === "boolean" ? flag : flag !== 0;
    }
    case 2:
      return wire.get("int_value") ?? 0;
    case 3:
      return wire.get("double_value") ?? 0;
    case 4: {
      const list = wire.get("array_value");
      const values = list instanceof Map ? list.get("values") : list;
      return Array.isArray(values) ? values.map(eventAttribute) : [];
    }
    default:
      return wire;
  }
}
