import type { OtlpConfig } from "../../config/otlp.ts";
import type { Intake } from "../../pipeline/receiver.ts";
import type { Key } from "../../point/point_keys.ts";
import { createTraceRatio } from "../../pipeline/trace_ratio.ts";
import { createAnyValue, readAnyValue } from "./any_value.ts";
import { createAround } from "./around.ts";
import {
  type AttributeName,
  createAttributeList,
  defineName,
  indexOfName,
  PLACES,
} from "./attribute_list.ts";
import { decimalId, isSpanId, isTraceId, lowBits } from "./ids.ts";
import {
  allowFields,
  createProtoCursor,
  isUsedUp,
  moveTo,
  type ProtoCursor,
  ProtoError,
  readLength,
  readTag,
  skipField,
} from "./proto_cursor.ts";
import type { MakeVisitor } from "./request_walk.ts";
import { writeShared } from "./shared_tag.ts";
import { createSpanAttributes, type SpanAttribute } from "./span_attributes.ts";
import { createSpanDetails } from "./span_details.ts";
import { createSpanFields, readSpan } from "./span_fields.ts";
import { createSpanIds, SPAN_ID_BYTES, type SpanIds } from "./span_ids.ts";
import {
  closeList,
  closeObject,
  putAttribute,
  putDropped,
  putOwnMembers,
  putStateAndFlags,
  putStatus,
  putTakenMembers,
} from "./span_message.ts";
import { createSurroundingsReader, type Surroundings } from "./span_surroundings.ts";
import { createSpanTags } from "./span_tags.ts";
import { clearText, createTextBuffer } from "./text_buffer.ts";
import { type Clock, isLess, settleTime, thousandth } from "./time.ts";
import { nameOf, writeBuffer, writeSlice } from "./value_field.ts";

const STATUS_ERROR = 2;
/** Kinds of the span of an invocation: server, and consumer for events of queues. */
const ENTRY_KINDS: readonly number[] = [2, 5];
/** Names that tell the request of an invocation: today's convention, its older name, and Datadog's. */
const INVOCATION_IDS: readonly string[] = ["faas.invocation_id", "faas.execution", "aws.lambda.request_id"];
/** Whether a span is where its service is entered, left, or in between, as far as its request tells. */
type SpanType = "entry" | "local" | "exit";

/**
 * Spans as points `opentelemetry` of the category tracing, straight from a request's bytes.
 * @see https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto
 */
export function createSpansToPoints(config: OtlpConfig, intake: Intake): MakeVisitor {
  const { writer, begin, refuse, sampledOut } = intake;
  const kind = writer.kind("tracing", "opentelemetry");
  const key = (name: string): Key => writer.key("tracing", name);
  const TRACE_ID = key("trace_id");
  const SPAN_ID = key("span_id");
  const PARENT_ID = key("parent_id");
  const RESOURCE = key("resource");
  const START = key("start");
  const DURATION = key("duration");
  const MESSAGE = key("message");
  const ERROR_MESSAGE = key("error_message");
  const SERVICE = key("service");
  const DB_HOST = key("db_host");
  const DB_SYSTEM = key("db_system");

  const tags = createSpanTags(config, writer);
  const fields = createSpanAttributes(config, writer, kind.keys);
  const details = createSpanDetails(writer, fields);
  const surroundings = createSurroundingsReader(intake, fields, config.message);
  const attributes = createAttributeList(fields.learn, fields.mayKeep);
  const PEER_NAME = defineName(attributes, "net.peer.name");
  const SERVER_ADDRESS = defineName(attributes, "server.address");
  const invocationIds = INVOCATION_IDS.map((name) => defineName(attributes, name));
  const span = createSpanFields();
  const value = createAnyValue();
  const message = createTextBuffer();
  const m = config.message === "none" ? undefined : message;
  const isWhole = config.message === "whole";
  const isWithinRatio = createTraceRatio(config.samplingRatio);

  function isSampledOut({ bytes }: ProtoCursor): boolean {
    if (config.samplingRatio >= 1 || span.statusCode === STATUS_ERROR) return false;
    return !isWithinRatio(lowBits(bytes, span.traceIdTo));
  }

  /** Writes the span that was read into the point begun. `type`: where it stands in its service. */
  function write(c: ProtoCursor, around: Surroundings, type: SpanType, clock: Clock): void {
    fields.begin();
    allowFields(c);
    if (m !== undefined) {
      clearText(m);
      if (isWhole) putOwnMembers(m, c, span);
      putStateAndFlags(m, c, span);
    }
    writeAttributes(c);
    for (const { attribute, value } of around.fields) fields.takeShared(attribute, value);
    details.writeEvents(c, span, m, isWhole);
    const { statusMessageFrom: from, statusMessageTo: to } = span;
    if (span.statusCode === STATUS_ERROR && from < to && !writer.has(ERROR_MESSAGE)) {
      writeSlice(writer, ERROR_MESSAGE, c.bytes, from, to);
    }
    if (m !== undefined) {
      putDropped(m, "events", span.droppedEvents);
      details.putLinks(c, span, m);
      putDropped(m, "links", span.droppedLinks);
      putStatus(m, c, span, isWhole);
      putTakenMembers(m, around.json);
      closeObject(m, 0);
      writeBuffer(writer, MESSAGE, m);
    }
    writeTags(c, around, type);
    writeIds(c);
    settleTime(clock, span.startLow, span.startHigh, span.endLow, span.endHigh);
    writer.integer(START, thousandth(clock.low, clock.high));
    writeDuration();
    if (span.isTrimmed || around.isCut || isUsedUp(c)) writer.trim();
    writer.end(clock.low, clock.high);
    if (intake.invocationSpan !== undefined && ENTRY_KINDS.includes(span.kind)) tellInvocation(c);
  }

  /** Tells of a span that names the request whose invocation it is. */
  function tellInvocation(c: ProtoCursor): void {
    for (const name of invocationIds) {
      if (!readNamed(c, name)) continue;
      const requestId = nameOf(c, value);
      if (requestId === "") continue;
      const { bytes } = c;
      const hasParent = isSpanId(bytes, span.parentIdFrom, span.parentIdTo);
      return intake.invocationSpan?.({
        requestId,
        traceId: idText(bytes, span.traceIdFrom, span.traceIdTo),
        spanId: idText(bytes, span.spanIdFrom, span.spanIdTo),
        parentId: hasParent ? idText(bytes, span.parentIdFrom, span.parentIdTo) : "0",
      });
    }
  }

  function idText(bytes: Uint8Array, from: number, to: number): string {
    return config.compatibleDdtrace ? decimalId(bytes, to) : bytes.subarray(from, to).toHex();
  }

  /** Attributes into fields where they are chosen, into the message otherwise. */
  function writeAttributes(c: ProtoCursor): void {
    const { places, names, count } = attributes;
    let isFirst = true;
    for (let index = 0; index < count && !isUsedUp(c); index++) {
      const place = index * PLACES;
      const name = names[index];
      if (name === undefined) continue;
      readAnyValue(c, places[place + 2] ?? 0, places[place + 3] ?? 0, value);
      if ((fields.take(c, name.value, value) && !isWhole) || m === undefined) continue;
      putAttribute(m, c, places[place] ?? 0, places[place + 1] ?? 0, value, isFirst);
      isFirst = false;
    }
    if (m === undefined) return;
    if (!isFirst) closeList(m);
    putDropped(m, "attributes", span.droppedAttributes);
  }

  function writeTags(c: ProtoCursor, around: Surroundings, type: SpanType): void {
    writeShared(writer, tags.sourceType());
    writeShared(writer, tags.source);
    writeShared(writer, tags.remoteIp);
    writeShared(writer, tags.type[type]);
    writeShared(writer, tags.kinds[span.kind] ?? tags.unspecified);
    const { statusCode } = span;
    writeShared(writer, tags.status[statusCode < 0 ? "none" : statusCode === STATUS_ERROR ? "error" : "ok"]);
    const system = config.splitServiceName ? fields.system() : "";
    if (system === "") writeShared(writer, around.service);
    else {
      writer.tag(SERVICE, system);
      writeShared(writer, around.baseService);
    }
    if (writer.has(DB_SYSTEM)) writeDatabaseHost(c);
    for (const tag of tags.user) {
      if (!tag.mayBeOwn || !writer.has(tag.key)) writeShared(writer, tag);
    }
  }

  function writeDatabaseHost(c: ProtoCursor): void {
    if (!readNamed(c, PEER_NAME) && !readNamed(c, SERVER_ADDRESS)) return;
    const host = nameOf(c, value);
    if (host !== "") writer.tag(DB_HOST, host);
  }

  /** Reads the attribute of a name; `false`: there is none, or it is empty. */
  function readNamed(c: ProtoCursor, name: AttributeName<SpanAttribute>): boolean {
    const index = indexOfName(attributes, name);
    if (index < 0) return false;
    const place = index * PLACES;
    readAnyValue(c, attributes.places[place + 2] ?? 0, attributes.places[place + 3] ?? 0, value);
    return value.kind !== "none";
  }

  function writeIds({ bytes }: ProtoCursor): void {
    writeSlice(writer, RESOURCE, bytes, span.nameFrom, span.nameTo);
    writeId(TRACE_ID, bytes, span.traceIdFrom, span.traceIdTo);
    writeId(SPAN_ID, bytes, span.spanIdFrom, span.spanIdTo);
    if (!isSpanId(bytes, span.parentIdFrom, span.parentIdTo)) writer.text(PARENT_ID, "0");
    else writeId(PARENT_ID, bytes, span.parentIdFrom, span.parentIdTo);
  }

  function writeId(key: Key, bytes: Uint8Array, from: number, to: number): void {
    if (config.compatibleDdtrace) writer.text(key, decimalId(bytes, to));
    else writer.hex(key, bytes, from, to);
  }

  /** In µs; 0 where it cannot be told. */
  function writeDuration(): void {
    const { startLow, startHigh, endLow, endHigh } = span;
    if ((startLow | startHigh) === 0 || !isLess(startLow, startHigh, endLow, endHigh)) {
      return writer.integer(DURATION, 0);
    }
    const borrow = endLow < startLow ? 1 : 0;
    const low = (endLow - startLow) >>> 0;
    const high = (endHigh - startHigh - borrow) >>> 0;
    const us = thousandth(low, high);
    if (us <= Number.MAX_SAFE_INTEGER) writer.integer(DURATION, us);
    else writer.field(DURATION, (BigInt(high) << 32n | BigInt(low)) / 1000n);
  }

  return (bytes, isOwn, sink, clock) => {
    const c = createProtoCursor(bytes, isOwn);
    const ids = createSpanIds();
    const parents = createSpanIds();
    const around = createAround(c, surroundings);

    function typeOf(): SpanType {
      const { spanIdFrom, parentIdFrom, parentIdTo } = span;
      if (parentIdTo - parentIdFrom !== SPAN_ID_BYTES || !ids.has(bytes, parentIdFrom)) return "entry";
      return parents.has(bytes, spanIdFrom) ? "local" : "exit";
    }

    return {
      survey: (from, to) => surveySpan(c, from, to, ids, parents),
      resource: around.resource,
      scope: around.scope,
      item: (from, to) => {
        // Before anything is read, as keys that are not kept are of the point begun.
        begin(kind);
        readSpan(c, from, to, span, attributes);
        if (!isTraceId(bytes, span.traceIdFrom, span.traceIdTo)) {
          sink.reject("a trace_id must be 16 bytes that are not all zero");
        } else if (!isSpanId(bytes, span.spanIdFrom, span.spanIdTo)) {
          sink.reject("a span_id must be 8 bytes that are not all zero");
        } else if (!isSampledOut(c)) {
          const work = around.prepare();
          if (work > 0) return -work;
          write(c, around.read(), typeOf(), clock);
        } else if (sampledOut === undefined) refuse("sampled_out");
        else sampledOut(() => write(c, around.read(), typeOf(), clock));
        return to - from + (around.peek()?.weight ?? 0);
      },
    };
  };
}

/** Notes the ids of the span that lies at `[from, to)`; of a malformed one those before the fault. */
function surveySpan(c: ProtoCursor, from: number, to: number, ids: SpanIds, parents: SpanIds): void {
  allowFields(c);
  moveTo(c, from, to);
  try {
    for (let tag = readTag(c); tag !== 0; tag = readTag(c)) {
      if (tag !== 0x12 && tag !== 0x22) {
        skipField(c, tag);
        continue;
      }
      const length = readLength(c);
      if (length === SPAN_ID_BYTES) (tag === 0x12 ? ids : parents).add(c.bytes, c.at);
      c.at += length;
    }
  } catch (error) {
    // It is counted when it is to be taken.
    if (!(error instanceof ProtoError)) throw error;
  }
}
