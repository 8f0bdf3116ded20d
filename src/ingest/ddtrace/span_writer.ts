/**
 * Writes a span as DataKit's `ddtrace` point, from the payload's bytes straight into Dataway's.
 * Two of DataKit's own keys are left out: `runtime-id` (the same as `runtime_id`) and
 * `dk_fingerprint` (the tag `host` says it).
 */
import type { DdtraceMapping } from "../../config/ddtrace.ts";
import type { Intake } from "../../pipeline/receiver.ts";
import type { Constant } from "../../point/point_kind.ts";
import type { Chunk } from "./chunk.ts";
import { divide, MAX_DIGITS, putDecimal, putHex, quotient } from "./int64.ts";
import { clip, clippableText } from "./json_writer.ts";
import { createMessageWriter } from "./message_writer.ts";
import { sliceText } from "./msgpack_cursor.ts";
import { oneLine } from "./sampler.ts";
import { MAX_MESSAGE_BYTES, type SpanForm } from "./span_form.ts";
import { createSpanKeys, type SpanKey } from "./span_keys.ts";
import { eventsOfTag, linksOfTag, type TagParts } from "./span_message.ts";
import { createSpanTags } from "./span_tags.ts";
import { SOURCE_TYPES, sourceTypeOf } from "./source_types.ts";
import type { TextSlice, WireSpan } from "./wire_span.ts";

/** Writes spans one after the other. */
export interface SpanWriter {
  /** Looks at the tags of the span that is written next. */
  prepare(span: WireSpan): void;
  /** Whether it is the tracer's own traffic with the extension and the platform, which no user asked to see. */
  isOwnTraffic(): boolean;
  /** Writes it as the span `index` of its chunk; `form` decodes what is rare in it. */
  write(chunk: Chunk, index: number, form: SpanForm, remoteIp: string): void;
}

/** A longer text is a field: Dataway cuts tags here. */
const MAX_TAG_BYTES = 1024;
/** Longest text of one tag: see {@link clip}. */
const MAX_TEXT_BYTES = 25_000;
const OWN_TRAFFIC =
  /^http:\/\/(127\.0\.0\.1|localhost):(8124|8126|9001)\/|\/2018-06-01\/runtime\/invocation\/next$/;
const LF = 0x0a;
const CR = 0x0d;
const MAX_REMOTE_IPS = 64;

/** A writer of spans by one mapping. */
export function createSpanWriter({ writer, begin }: Intake, mapping: DdtraceMapping): SpanWriter {
  const kind = writer.kind("tracing", "ddtrace");
  const keys = createSpanKeys(writer, kind, mapping);
  const tags = createSpanTags(keys);
  const message = createMessageWriter();
  const ids = new Uint8Array(32 + MAX_DIGITS);
  const constant = (name: string, value: string): Constant | undefined =>
    writer.constantTag("tracing", name, value);
  const key = (name: string) => writer.key("tracing", name);

  const SOURCE = constant("source", "ddtrace");
  const SOURCE_TYPE = new Map(SOURCE_TYPES.map((type) => [type, constant("source_type", type)]));
  const SPAN_TYPE = new Map(
    (["entry", "local", "exit"] as const).map((type) => [type, constant("span_type", type)]),
  );
  const OK = constant("status", "ok");
  const ERROR = constant("status", "error");
  const SAMPLER_KEEP = constant("sampling_rate", "sampler_keep");
  const USER_KEEP = constant("sampling_rate", "user_keep");
  const STATUS_CLASS = new Map(
    ["1", "2", "3", "4", "5"].map((digit) => [digit, constant("http_status_class", `${digit}xx`)]),
  );
  const CONFIGURED = Array.from(mapping.tags, ([name, value]) => constant(name, value));
  const remoteIps = new Map<string, Constant | undefined>();

  const SERVICE = key("service");
  const OPERATION = key("operation");
  const HTTP_STATUS_CODE = key("http_status_code");
  const DB_HOST = key("db_host");
  const TRACE_ID = key("trace_id");
  const SPAN_ID = key("span_id");
  const PARENT_ID = key("parent_id");
  const RESOURCE = key("resource");
  const START = key("start");
  const DURATION = key("duration");
  const MESSAGE = key("message");

  const ERROR_MSG = keys.of("error.msg");
  const ERROR_MESSAGE = keys.of("error.message");
  const ERROR_STACK = keys.of("error.stack");
  const HANDLING_STACK = keys.of("error.handling_stack");
  const STATUS_CODE = keys.of("http.status_code");
  const HTTP_URL = keys.of("http.url");
  const DB_TYPE = keys.of("db.type");
  const PEER_HOSTNAME = keys.of("peer.hostname");
  const SPAN_LINKS = keys.of("_dd.span_links");
  const SPAN_EVENTS = keys.of("events");
  const PRIORITY = keys.of("_sampling_priority_v1");

  let span: WireSpan;
  const tagParts: { links: TagParts["links"]; events: TagParts["events"] } = {
    links: undefined,
    events: undefined,
  };

  function prepare(next: WireSpan): void {
    span = next;
    tags.begin(span);
  }

  function isOwnTraffic(): boolean {
    const index = tags.indexOf(HTTP_URL);
    if (index < 0) return false;
    tags.select(index);
    const { bytes, from, to } = tags;
    // Nearly all URLs end at the first look: they name another host, and no path of the runtime's.
    const isNear = bytes[from + 7] === 0x31 || bytes[from + 7] === 0x6c || bytes[to - 1] === 0x74;
    return isNear && to - from < MAX_TAG_BYTES && OWN_TRAFFIC.test(sliceText(bytes, from, to));
  }

  /** The text of the tag with the key, as far as a message may have it; `undefined` without one. */
  function textOf(name: SpanKey): string | undefined {
    const index = tags.indexOf(name);
    if (index < 0) return undefined;
    tags.select(index);
    // Enough to tell that it is too long: a unit has three bytes at most.
    return sliceText(tags.bytes, tags.from, Math.min(tags.to, tags.from + 3 * MAX_MESSAGE_BYTES + 3));
  }

  function write(chunk: Chunk, index: number, form: SpanForm, remoteIp: string): void {
    begin(kind);
    if (span.isTrimmed || tags.isCut) writer.trim();
    readTagParts();
    writeFixedTags(chunk, index, remoteIp);
    if (!mapping.omitMessage) message.begin(span, tags.isCut);
    writeTexts();
    if (!mapping.omitMessage) writeNumbers();
    writeDerivedTags();
    writeIds(chunk, index);
    writeResource(span.resource);
    divide(span.startLow, span.startHigh, 1000);
    writer.int(START, quotient.low, quotient.high);
    divide(span.durationLow, span.durationHigh, 1000);
    writer.int(DURATION, quotient.low, quotient.high);
    if (!mapping.omitMessage) writeMessage(form);
    CONFIGURED.forEach(writeNew);
    writer.end(span.startLow, span.startHigh);
  }

  /** Some tracers put links and events into tags; Go sends both forms. */
  function readTagParts(): void {
    const links = textOf(SPAN_LINKS);
    tagParts.links = links === undefined ? undefined : span.linksAt < 0 ? linksOfTag(links) : [];
    const events = span.eventsAt < 0 ? textOf(SPAN_EVENTS) : undefined;
    tagParts.events = events === undefined ? undefined : eventsOfTag(events);
  }

  function writeFixedTags(chunk: Chunk, index: number, remoteIp: string): void {
    writer.tagBytes(SERVICE, span.service.bytes, span.service.from, span.service.to);
    writer.tagBytes(OPERATION, span.name.bytes, span.name.from, span.name.to);
    writer.constant(SOURCE);
    writer.constant(SOURCE_TYPE.get(sourceTypeOf(span.type)));
    writer.constant(SPAN_TYPE.get(chunk.spanType(index)));
    writer.constant(span.error === 0 ? OK : ERROR);
    writer.constant(remoteIpTag(remoteIp));
  }

  function remoteIpTag(remoteIp: string): Constant | undefined {
    const known = remoteIps.get(remoteIp);
    if (known !== undefined) return known;
    const made = constant("remote_ip", remoteIp);
    if (remoteIps.size < MAX_REMOTE_IPS) remoteIps.set(remoteIp, made);
    return made;
  }

  /** Text tags become tags of the point, or fields where a tag would damage them; those that stay are in the message. */
  function writeTexts(): void {
    const hasMessage = tags.indexOf(ERROR_MESSAGE) >= 0;
    const hasStack = isSet(ERROR_STACK);
    for (let i = 0; i < tags.count; i++) {
      const name = tags.keyAt(i);
      // Of error.msg and error.message, which mean the same, the second one is newer.
      if (name === undefined || (name === ERROR_MSG && hasMessage) || isTagPart(name)) continue;
      tags.select(i);
      // Where the error was handled is less than where it arose, but all that Go's tracer has for most errors.
      const stays = tags.from === tags.to || (name === HANDLING_STACK && hasStack);
      if (!stays && promote(name)) continue;
      if (!mapping.omitMessage) message.putText(name, tags.bytes, tags.from, tags.to);
    }
  }

  function isTagPart(name: SpanKey): boolean {
    return (name === SPAN_LINKS && tagParts.links !== undefined) ||
      (name === SPAN_EVENTS && tagParts.events !== undefined);
  }

  function isSet(name: SpanKey): boolean {
    const index = tags.indexOf(name);
    if (index < 0) return false;
    tags.select(index);
    return tags.to > tags.from;
  }

  /** Whether the selected tag is one of the point now. */
  function promote({ promoted }: SpanKey): boolean {
    if (promoted === undefined || writer.has(promoted)) return false;
    const { bytes, from, to } = tags;
    if (to - from > MAX_TEXT_BYTES) {
      const text = clippableText(bytes, from, to);
      const clipped = clip(text);
      if (clipped !== text) writer.trim();
      writer.text(promoted, clipped);
    } else if (to - from > MAX_TAG_BYTES || (!mapping.oneLineTags && hasByte(bytes, from, to, LF, LF))) {
      // A tag is one line, so a stack trace would lose its shape.
      writer.textBytes(promoted, bytes, from, to);
    } else writer.tagBytes(promoted, bytes, from, to);
    return true;
  }

  function writeNumbers(): void {
    message.beginNumbers();
    for (let i = 0; i < tags.numberCount; i++) {
      const name = tags.numberKeyAt(i);
      if (name !== undefined) message.putNumber(name, tags.numberAt(i));
    }
  }

  function numberOf(name: SpanKey): number | undefined {
    return name.numberIndex < tags.numberCount && tags.numberKeyAt(name.numberIndex) === name
      ? tags.numberAt(name.numberIndex)
      : undefined;
  }

  function writeDerivedTags(): void {
    writeStatusCode();
    const priority = numberOf(PRIORITY);
    if (priority === 1 || priority === 2) writeNew(priority === 1 ? SAMPLER_KEEP : USER_KEEP);
    if (tags.indexOf(DB_TYPE) >= 0 && isSet(PEER_HOSTNAME) && !writer.has(DB_HOST)) {
      writer.tagBytes(DB_HOST, tags.bytes, tags.from, tags.to);
    }
  }

  function writeNew(tag: Constant | undefined): void {
    if (tag !== undefined && !writer.has(tag.key)) writer.constant(tag);
  }

  function writeStatusCode(): void {
    let status = isSet(STATUS_CODE) && tags.to - tags.from === 3
      ? sliceText(tags.bytes, tags.from, tags.to)
      : "";
    if (!writer.has(HTTP_STATUS_CODE)) {
      const number = numberOf(STATUS_CODE);
      if (number === undefined || !Number.isInteger(number)) return;
      status = String(number);
      writer.tag(HTTP_STATUS_CODE, status);
    }
    if (/^[1-5]\d\d$/.test(status)) writeNew(STATUS_CLASS.get(status[0] ?? ""));
  }

  function writeIds(chunk: Chunk, index: number): void {
    const { traceLow, traceHigh, spanLow, spanHigh, parentLow, parentHigh } = span;
    let end: number;
    if (mapping.traceId64Hex) end = putHex(ids, 0, traceLow, traceHigh);
    else if (mapping.traceId128 && chunk.hasUpperHalf(index)) {
      ids.set(chunk.upperHalf);
      end = putHex(ids, chunk.upperHalf.length, traceLow, traceHigh);
    } else end = putDecimal(ids, 0, traceLow, traceHigh);
    writer.textBytes(TRACE_ID, ids, 0, end);
    const put = mapping.hexSpanIds ? putHex : putDecimal;
    writer.textBytes(SPAN_ID, ids, 0, put(ids, 0, spanLow, spanHigh));
    const isRoot = parentLow === 0 && parentHigh === 0;
    writer.textBytes(
      PARENT_ID,
      ids,
      0,
      isRoot ? putDecimal(ids, 0, 0, 0) : put(ids, 0, parentLow, parentHigh),
    );
  }

  function writeResource({ bytes, from, to }: TextSlice): void {
    if (to - from <= MAX_TEXT_BYTES && !hasByte(bytes, from, to, LF, CR)) {
      return writer.textBytes(RESOURCE, bytes, from, to);
    }
    const text = clippableText(bytes, from, to);
    if (clip(text) !== text) writer.trim();
    writer.text(RESOURCE, oneLine(text));
  }

  function writeMessage(form: SpanForm): void {
    message.end(form, tagParts);
    if (message.isTrimmed) writer.trim();
    writer.textBytes(MESSAGE, message.bytes, 0, message.length);
  }

  return { prepare, isOwnTraffic, write };
}

/** Whether one of two bytes is among `bytes[from, to)`. */
function hasByte(bytes: Uint8Array, from: number, to: number, one: number, other: number): boolean {
  for (let i = from; i < to; i++) {
    const byte = bytes[i];
    if (byte === one || byte === other) return true;
  }
  return false;
}
