import type { JsonObject } from "../../json/exact_json.ts";
import {
  decodeJsonRequest,
  type Losses,
  readAttributes,
  readItem,
  readPart,
  readParts,
  readText,
  readUint32,
} from "./json_common.ts";
import { member, toHexId, toInt32, toObject, toUint64 } from "./json_reader.ts";
import type { OtlpEvent, OtlpLink, OtlpRequest, OtlpSpan, OtlpStatus } from "./model.ts";

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

function readSpan(span: JsonObject, losses: Losses): OtlpSpan {
  return readItem(losses, (): OtlpSpan => ({
    traceId: toHexId(member(span, "traceId", "trace_id")),
    spanId: toHexId(member(span, "spanId", "span_id")),
    traceState: readText(span, losses, "traceState", "trace_state"),
    parentSpanId: readText(span, losses, "parentSpanId", "parent_span_id").toLowerCase(),
    name: readText(span, losses, "name"),
    kind: readPart(losses, 0, () => toInt32(member(span, "kind"), KINDS, "SPAN_KIND_")),
    startTimeUnixNano: toUint64(member(span, "startTimeUnixNano", "start_time_unix_nano")),
    endTimeUnixNano: toUint64(member(span, "endTimeUnixNano", "end_time_unix_nano")),
    attributes: readAttributes(span, losses),
    droppedAttributesCount: readDropped(span, losses),
    events: readParts(span, losses, "events", (event) => readEvent(event, losses)),
    droppedEventsCount: readUint32(span, losses, "droppedEventsCount", "dropped_events_count"),
    links: readParts(span, losses, "links", (link) => readLink(link, losses)),
    droppedLinksCount: readUint32(span, losses, "droppedLinksCount", "dropped_links_count"),
    status: readStatus(member(span, "status"), losses),
    flags: readUint32(span, losses, "flags"),
  }));
}

function readEvent(event: JsonObject, losses: Losses): OtlpEvent {
  return {
    timeUnixNano: toUint64(member(event, "timeUnixNano", "time_unix_nano")),
    name: readText(event, losses, "name"),
    attributes: readAttributes(event, losses),
    droppedAttributesCount: readDropped(event, losses),
  };
}

function readLink(link: JsonObject, losses: Losses): OtlpLink {
  return {
    traceId: toHexId(member(link, "traceId", "trace_id")),
    spanId: toHexId(member(link, "spanId", "span_id")),
    traceState: readText(link, losses, "traceState", "trace_state"),
    attributes: readAttributes(link, losses),
    droppedAttributesCount: readDropped(link, losses),
    flags: readUint32(link, losses, "flags"),
  };
}

function readDropped(object: JsonObject, losses: Losses): number {
  return readUint32(object, losses, "droppedAttributesCount", "dropped_attributes_count");
}

function readStatus(value: unknown, losses: Losses): OtlpStatus | undefined {
  const status = value === undefined ? undefined : readPart(losses, undefined, () => toObject(value));
  if (status === undefined) return undefined;
  return {
    code: readPart(losses, 0, () => toInt32(member(status, "code"), CODES, "STATUS_CODE_")),
    message: readText(status, losses, "message"),
  };
}
