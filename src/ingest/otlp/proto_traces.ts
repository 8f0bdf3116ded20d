import {
  NO_ATTRIBUTES,
  NONE,
  type OtlpEvent,
  type OtlpLink,
  type OtlpRequest,
  type OtlpSpan,
  type OtlpStatus,
  type OtlpValue,
} from "./model.ts";
import { decodeProtoRequest, readAttribute } from "./proto_common.ts";
import type { ProtoReader } from "./proto_reader.ts";

/**
 * Decodes an `ExportTraceServiceRequest`. Throws when it is malformed around its spans.
 * @see `spec/ingest.md` 2.4
 */
export function decodeProtoTraces(bytes: Uint8Array): OtlpRequest<OtlpSpan> {
  return decodeProtoRequest(bytes, readSpan);
}

function readSpan(r: ProtoReader): OtlpSpan {
  let traceId = "";
  let spanId = "";
  let traceState = "";
  let parentSpanId = "";
  let name = "";
  let kind = 0;
  let startTimeUnixNano = 0n;
  let endTimeUnixNano = 0n;
  let attributes: Map<string, OtlpValue> | undefined;
  let droppedAttributesCount = 0;
  let events: OtlpEvent[] | undefined;
  let droppedEventsCount = 0;
  let links: OtlpLink[] | undefined;
  let droppedLinksCount = 0;
  let status: OtlpStatus | undefined;
  let flags = 0;
  const outer = r.enter();
  for (let tag = r.tag(); tag !== 0; tag = r.tag()) {
    switch (tag) {
      case 0x0a:
        traceId = r.hex();
        break;
      case 0x12:
        spanId = r.hex();
        break;
      case 0x1a:
        traceState = r.string();
        break;
      case 0x22:
        parentSpanId = r.hex();
        break;
      case 0x2a:
        name = r.string();
        break;
      case 0x30:
        kind = r.int32();
        break;
      case 0x39:
        startTimeUnixNano = r.fixed64();
        break;
      case 0x41:
        endTimeUnixNano = r.fixed64();
        break;
      case 0x4a:
        readAttribute(r, attributes ??= new Map());
        break;
      case 0x50:
        droppedAttributesCount = r.int32() >>> 0;
        break;
      case 0x5a:
        (events ??= []).push(readEvent(r));
        break;
      case 0x60:
        droppedEventsCount = r.int32() >>> 0;
        break;
      case 0x6a:
        (links ??= []).push(readLink(r));
        break;
      case 0x70:
        droppedLinksCount = r.int32() >>> 0;
        break;
      case 0x7a:
        status = readStatus(r, status);
        break;
      case 0x85:
        flags = r.fixed32();
        break;
      default:
        r.skip(tag);
    }
  }
  r.leave(outer);
  return {
    traceId,
    spanId,
    traceState,
    parentSpanId,
    name,
    kind,
    startTimeUnixNano,
    endTimeUnixNano,
    attributes: attributes ?? NO_ATTRIBUTES,
    droppedAttributesCount,
    events: events ?? NONE,
    droppedEventsCount,
    links: links ?? NONE,
    droppedLinksCount,
    status,
    flags,
  };
}

function readEvent(r: ProtoReader): OtlpEvent {
  let timeUnixNano = 0n;
  let name = "";
  let attributes: Map<string, OtlpValue> | undefined;
  let droppedAttributesCount = 0;
  const outer = r.enter();
  for (let tag = r.tag(); tag !== 0; tag = r.tag()) {
    if (tag === 0x09) timeUnixNano = r.fixed64();
    else if (tag === 0x12) name = r.string();
    else if (tag === 0x1a) readAttribute(r, attributes ??= new Map());
    else if (tag === 0x20) droppedAttributesCount = r.int32() >>> 0;
    else r.skip(tag);
  }
  r.leave(outer);
  return { timeUnixNano, name, attributes: attributes ?? NO_ATTRIBUTES, droppedAttributesCount };
}

function readLink(r: ProtoReader): OtlpLink {
  let traceId = "";
  let spanId = "";
  let traceState = "";
  let attributes: Map<string, OtlpValue> | undefined;
  let droppedAttributesCount = 0;
  let flags = 0;
  const outer = r.enter();
  for (let tag = r.tag(); tag !== 0; tag = r.tag()) {
    if (tag === 0x0a) traceId = r.hex();
    else if (tag === 0x12) spanId = r.hex();
    else if (tag === 0x1a) traceState = r.string();
    else if (tag === 0x22) readAttribute(r, attributes ??= new Map());
    else if (tag === 0x28) droppedAttributesCount = r.int32() >>> 0;
    else if (tag === 0x35) flags = r.fixed32();
    else r.skip(tag);
  }
  r.leave(outer);
  return {
    traceId,
    spanId,
    traceState,
    attributes: attributes ?? NO_ATTRIBUTES,
    droppedAttributesCount,
    flags,
  };
}

function readStatus(r: ProtoReader, before: OtlpStatus | undefined): OtlpStatus {
  let code = before?.code ?? 0;
  let message = before?.message ?? "";
  const outer = r.enter();
  for (let tag = r.tag(); tag !== 0; tag = r.tag()) {
    if (tag === 0x12) message = r.string();
    else if (tag === 0x18) code = r.int32();
    else r.skip(tag);
  }
  r.leave(outer);
  return { code, message };
}
