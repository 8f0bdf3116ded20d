/**
 * v1.0: maps with integer keys, and strings kept in a table that grows while reading.
 * @see `spec/ingest.md` 3.7
 */
import { toExactJson } from "../../json/exact_json.ts";
import { type DecodeContext, expect, handOn, readSpans, setChunkFacts } from "./decode_context.ts";
import { MAX_STRINGS } from "./decode_v05.ts";
import { DecodeError, type MsgpackReader } from "./msgpack_reader.ts";
import {
  type DdSpan,
  emptySpan,
  hex16,
  type Json,
  setMissing,
  type SpanEvent,
  type SpanLink,
} from "./span.ts";
import { createStreamingStrings, type StreamingStrings } from "./streaming_strings.ts";

type Attributes = ReadonlyMap<string, Json>;

/** Decodes one v1.0 payload. */
export function decodeV10(reader: MsgpackReader, context: DecodeContext): void {
  const strings = createStreamingStrings(reader, MAX_STRINGS);
  const tags = new Map<string, string>();
  const chunks: DdSpan[][] = [];
  let attributes: Attributes = new Map();
  try {
    eachMember(reader, expect(reader.map(), "the payload must be a map"), (key) => {
      const name = PAYLOAD_TAGS.get(key);
      if (name !== undefined) tags.set(name, strings.take());
      else if (key === 1) strings.takeTable();
      else if (key === 10) attributes = strings.takeAttributes();
      else if (key === 11) readChunks(reader, strings, context, chunks);
      else strings.skip();
    });
  } finally {
    for (const [key, value] of attributes) if (!tags.has(key)) tags.set(key, textOf(value));
    handOn(chunks, tags, new Map(), context);
  }
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

const SPAN_KINDS = ["", "internal", "server", "client", "producer", "consumer"];

function readChunks(
  reader: MsgpackReader,
  strings: StreamingStrings,
  context: DecodeContext,
  chunks: DdSpan[][],
): void {
  const count = reader.array();
  if (count === undefined) return strings.skip();
  for (let i = 0; i < count; i++) {
    context.unread = count - i;
    chunks.push(readChunk(reader, strings, context));
  }
  context.unread = 0;
}

function readChunk(reader: MsgpackReader, strings: StreamingStrings, context: DecodeContext): DdSpan[] {
  let spans: DdSpan[] = [];
  let attributes: Attributes = new Map();
  let traceId: Uint8Array | undefined;
  let priority: number | undefined;
  let origin = "";
  let mechanism = "";
  // The trace id is the chunk's and may come after its spans, so ids are checked afterwards.
  const unchecked = { ...context, malformed: 0 };
  eachMember(reader, expect(reader.map(), "a chunk must be a map"), (key) => {
    if (key === 1) priority = reader.number();
    else if (key === 2) origin = strings.take();
    else if (key === 3) attributes = strings.takeAttributes();
    else if (key === 4) {
      spans = readSpans(reader, unchecked, () => readSpan(reader, strings), strings.skip);
    } else if (key === 6) traceId = reader.bytes();
    else if (key === 7) mechanism = readMechanism(reader, strings);
    else strings.skip();
  });
  context.spansLeft = unchecked.spansLeft;
  context.tooMany = unchecked.tooMany;
  context.malformed += unchecked.malformed;
  if (traceId === undefined || traceId.length !== 16 || lowHalf(traceId) === 0n) {
    context.malformed += spans.length;
    return [];
  }
  setTraceId(spans, traceId);
  setChunkFacts(spans, priority, origin);
  const first = spans[0];
  if (first !== undefined) setMissing(first, "_dd.p.dm", mechanism);
  for (const span of spans) {
    for (const [key, value] of attributes) setMissing(span, key, textOf(value));
  }
  return spans;
}

/** The decision maker: a mechanism's number now, a text in early tracers. 0 is what unset looks like. */
function readMechanism(reader: MsgpackReader, strings: StreamingStrings): string {
  if (reader.atString()) return strings.take();
  const mechanism = Math.abs((reader.number() ?? 0) | 0);
  return mechanism === 0 ? "" : `-${mechanism}`;
}

function setTraceId(spans: readonly DdSpan[], bytes: Uint8Array): void {
  const high = new DataView(bytes.buffer, bytes.byteOffset, 16).getBigUint64(0);
  const low = lowHalf(bytes);
  for (const span of spans) span.traceId = low;
  const first = spans[0];
  if (high !== 0n && first !== undefined) setMissing(first, "_dd.p.tid", hex16(high));
}

function lowHalf(bytes: Uint8Array): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset, 16).getBigUint64(8);
}

function readSpan(reader: MsgpackReader, strings: StreamingStrings): DdSpan | undefined {
  const members = reader.map();
  if (members === undefined) {
    strings.skip();
    return undefined;
  }
  const span = emptySpan();
  // Stands in for the chunk's id until that is known.
  span.traceId = 1n;
  let attributes: Attributes = new Map();
  eachMember(reader, members, (key) => {
    if (key === 9) attributes = strings.takeAttributes();
    else readMember(reader, strings, span, key);
  });
  for (const [key, value] of attributes) addAttribute(span, key, value);
  return span;
}

function readMember(reader: MsgpackReader, strings: StreamingStrings, span: DdSpan, key: number): void {
  switch (key) {
    case 1:
      span.service = strings.take();
      return;
    case 2:
      span.name = strings.take();
      return;
    case 3:
      span.resource = strings.take();
      return;
    case 4:
      span.spanId = BigInt.asUintN(64, reader.integer());
      return;
    case 5:
      span.parentId = BigInt.asUintN(64, reader.integer());
      return;
    case 6:
      span.startNs = BigInt.asIntN(64, reader.integer());
      return;
    case 7:
      span.durationNs = BigInt.asIntN(64, reader.integer());
      return;
    case 8:
      span.error = reader.number() ?? 0;
      return;
    case 10:
      span.type = strings.take();
      return;
    case 11:
      span.links = readList(reader, strings, () => readLink(reader, strings));
      return;
    case 12:
      span.events = readList(reader, strings, () => readEvent(reader, strings));
      return;
    case 13:
      return setTag(span, "env", strings.take());
    case 14:
      return setTag(span, "version", strings.take());
    case 15:
      return setTag(span, "component", strings.take());
    case 16:
      return setTag(span, "span.kind", SPAN_KINDS[reader.number() ?? 0] ?? "");
    default:
      strings.skip();
  }
}

function setTag(span: DdSpan, key: string, text: string): void {
  if (text !== "") span.meta.set(key, text);
}

/** Puts an attribute where v0.4 has it: numbers are metrics, bytes are documents, the rest is text. */
function addAttribute(span: DdSpan, key: string, value: Json): void {
  if (typeof value === "number" || typeof value === "bigint") span.metrics.set(key, Number(value));
  else if (value instanceof Uint8Array) (span.metaStruct ??= new Map()).set(key, value);
  else span.meta.set(key, textOf(value));
}

function readLink(reader: MsgpackReader, strings: StreamingStrings): SpanLink {
  const link: SpanLink = { traceId: "", spanId: hex16(0n), attributes: new Map(), tracestate: "", flags: 0 };
  eachMember(reader, expect(reader.map(), "a link must be a map"), (key) => {
    if (key === 1) link.traceId = (reader.bytes()?.subarray(0, 16).toHex() ?? "").padStart(32, "0");
    else if (key === 2) link.spanId = hex16(BigInt.asUintN(64, reader.integer()));
    else if (key === 3) link.attributes = strings.takeAttributes();
    else if (key === 4) link.tracestate = strings.take();
    else if (key === 5) link.flags = reader.number() ?? 0;
    else strings.skip();
  });
  return link;
}

function readEvent(reader: MsgpackReader, strings: StreamingStrings): SpanEvent {
  const event: SpanEvent = { name: "", timeNs: 0n, attributes: new Map() };
  eachMember(reader, expect(reader.map(), "an event must be a map"), (key) => {
    if (key === 1) event.timeNs = BigInt.asUintN(64, reader.integer());
    else if (key === 2) event.name = strings.take();
    else if (key === 3) event.attributes = strings.takeAttributes();
    else strings.skip();
  });
  return event;
}

function eachMember(reader: MsgpackReader, count: number, take: (key: number) => void): void {
  for (let i = 0; i < count; i++) {
    if (reader.atString()) {
      throw new DecodeError("Cannot decode traces as keys must be integers: current value is a text");
    }
    take(reader.number() ?? 0);
  }
}

function readList<T>(reader: MsgpackReader, strings: StreamingStrings, readItem: () => T): T[] {
  const items: T[] = [];
  const count = reader.array();
  if (count === undefined) strings.skip();
  for (let i = 0; i < (count ?? 0); i++) items.push(readItem());
  return items;
}

function textOf(value: Json): string {
  return typeof value === "object" ? toExactJson(value) : String(value);
}
