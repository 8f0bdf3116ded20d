import type { JsonObject } from "../../json/exact_json.ts";
import { decodeJsonRequest, readAttributes } from "./json_common.ts";
import { member, toHexId, toInt32, toList, toObject, toText, toUint64 } from "./json_reader.ts";
import {
  NONE,
  type OtlpEvent,
  type OtlpLink,
  type OtlpRequest,
  type OtlpSpan,
  type OtlpStatus,
} from "./model.ts";

const KINDS = ["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"];
const CODES = ["UNSET", "OK", "ERROR"];

/**
 * Decodes an `ExportTraceServiceRequest` from OTLP/JSON. Throws when it is malformed around its spans.
 * @see `spec/ingest.md` 2.2
 */
export function decodeJsonTraces(bytes: Uint8Array): OtlpRequest<OtlpSpan> {
  return decodeJsonRequest(bytes, {
    resources: ["resourceSpans", "resource_spans"],
    scopes: ["scopeSpans", "scope_spans"],
    items: ["spans", "spans"],
    readItem: readSpan,
  });
}

function readSpan(span: JsonObject): OtlpSpan {
  return {
    traceId: toHexId(member(span, "traceId", "trace_id")),
    spanId: toHexId(member(span, "spanId", "span_id")),
    traceState: toText(member(span, "traceState", "trace_state")),
    parentSpanId: toHexId(member(span, "parentSpanId", "parent_span_id")),
    name: toText(member(span, "name")),
    kind: toInt32(member(span, "kind"), KINDS, "SPAN_KIND_"),
    startTimeUnixNano: toUint64(member(span, "startTimeUnixNano", "start_time_unix_nano")),
    endTimeUnixNano: toUint64(member(span, "endTimeUnixNano", "end_time_unix_nano")),
    attributes: readAttributes(span),
    droppedAttributesCount: toInt32(member(span, "droppedAttributesCount", "dropped_attributes_count")) >>> 0,
    events: readList(member(span, "events"), readEvent),
    droppedEventsCount: toInt32(member(span, "droppedEventsCount", "dropped_events_count")) >>> 0,
    links: readList(member(span, "links"), readLink),
    droppedLinksCount: toInt32(member(span, "droppedLinksCount", "dropped_links_count")) >>> 0,
    status: readStatus(member(span, "status")),
    flags: toInt32(member(span, "flags")) >>> 0,
  };
}

function readList<T>(value: unknown, read: (object: JsonObject) => T): readonly T[] {
  const list = toList(value);
  return list.length === 0 ? NONE : list.map((item) => read(toObject(item)));
}

function readEvent(event: JsonObject): OtlpEvent {
  return {
    timeUnixNano: toUint64(member(event, "timeUnixNano", "time_unix_nano")),
    name: toText(member(event, "name")),
    attributes: readAttributes(event),
    droppedAttributesCount: toInt32(member(event, "droppedAttributesCount", "dropped_attributes_count")) >>>
      0,
  };
}

function readLink(link: JsonObject): OtlpLink {
  return {
    traceId: toHexId(member(link, "traceId", "trace_id")),
    spanId: toHexId(member(link, "spanId", "span_id")),
    traceState: toText(member(link, "traceState", "trace_state")),
    attributes: readAttributes(link),
    droppedAttributesCount: toInt32(member(link, "droppedAttributesCount", "dropped_attributes_count")) >>> 0,
    flags: toInt32(member(link, "flags")) >>> 0,
  };
}

function readStatus(value: unknown): OtlpStatus | undefined {
  if (value === undefined) return undefined;
  const status = toObject(value);
  return {
    code: toInt32(member(status, "code"), CODES, "STATUS_CODE_"),
    message: toText(member(status, "message")),
  };
}
