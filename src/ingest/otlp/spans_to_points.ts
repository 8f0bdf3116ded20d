import type { OtlpConfig } from "../../config/otlp.ts";
import type { FieldValue } from "../../point/point.ts";
import { createTraceRatio } from "../trace_ratio.ts";
import { createIdFormat, isSpanId, isTraceId } from "./ids.ts";
import type { OtlpAttributes, OtlpEvent, OtlpRequest, OtlpSpan } from "./model.ts";
import type { PointSink } from "./point_sink.ts";
import { createPromotion, type Promotion } from "./promotion.ts";
import { resourceMember, restOfSpan, scopeMember, wholeSpan } from "./span_message.ts";
import type { Clock } from "./time.ts";
import { toValueText } from "./values.ts";

/** Maps a request's spans into `sink`; `sampledOut` is told of each span left out by the sampling ratio. */
export type SpansToPoints = (
  request: OtlpRequest<OtlpSpan>,
  sink: PointSink,
  clock: Clock,
  sampledOut: () => void,
) => void;

/** What a span shares with the others of its scope. */
interface Surroundings {
  readonly service: string;
  /** Promoted attributes of the scope, then of the resource. */
  readonly fields: ReadonlyMap<string, FieldValue>;
  readonly json: string;
}

const KINDS = ["unspecified", "internal", "server", "client", "producer", "consumer"] as const;
const STATUS_ERROR = 2;

/**
 * Spans as points `opentelemetry` of the category tracing.
 * @see `spec/datakit.md` 5.2 for keys and units, 8 (faults 18 and 19) for what is mended
 */
export function createSpansToPoints(config: OtlpConfig): SpansToPoints {
  const promotion = createPromotion(config.customerTags);
  const formatId = createIdFormat(config.compatibleDdtrace);
  const isWithinRatio = createTraceRatio(config.samplingRatio);

  function isSampledOut(span: OtlpSpan): boolean {
    if (config.samplingRatio >= 1 || span.status?.code === STATUS_ERROR) return false;
    return !isWithinRatio(BigInt(`0x${span.traceId}`));
  }

  function add(span: OtlpSpan, around: Surroundings, spanType: string, sink: PointSink, clock: Clock): void {
    const fields = new Map<string, FieldValue>();
    const rest = promotion.promote(span.attributes, fields);
    for (const [key, value] of around.fields) if (!fields.has(key)) fields.set(key, value);
    const events = promoteEvents(span.events, promotion, fields);
    addError(span, fields);

    const tags = new Map(config.tags);
    tags.set("source", "opentelemetry").set("remote_ip", "127.0.0.1");
    tags.set("service", around.service).set("span_type", spanType);
    tags.set("span_kind", KINDS[span.kind] ?? "unspecified");
    tags.set(
      "status",
      span.status === undefined ? "info" : span.status.code === STATUS_ERROR ? "error" : "ok",
    );
    tags.set("source_type", sourceType(fields));
    const system = fields.get("db_system") ?? fields.get("rpc_system") ?? fields.get("messaging_system");
    if (config.splitServiceName && typeof system === "string" && system !== "") {
      tags.set("service", system).set("base_service", around.service);
    }
    const dbHost = fields.has("db_system")
      ? toValueText(span.attributes.get("net.peer.name") ?? span.attributes.get("server.address"))
      : "";
    if (dbHost !== "") tags.set("db_host", dbHost);
    const httpStatus = String(fields.get("http_status_code") ?? "");
    if (/^\d{3}$/.test(httpStatus)) {
      tags.set("http_status_code", httpStatus);
      fields.delete("http_status_code");
    }

    const { startTimeUnixNano: startNs, endTimeUnixNano: endNs } = span;
    const timeNs = clock.settle(startNs, endNs);
    fields.set("trace_id", formatId(span.traceId)).set("span_id", formatId(span.spanId));
    fields.set("parent_id", formatId(isSpanId(span.parentSpanId) ? span.parentSpanId : ""));
    fields.set("resource", span.name).set("start", timeNs / 1000n);
    fields.set("duration", startNs > 0n && endNs > startNs ? (endNs - startNs) / 1000n : 0n);
    if (config.message === "rest") fields.set("message", restOfSpan(span, rest, events, around.json));
    else if (config.message === "whole") fields.set("message", wholeSpan(span, around.json));
    sink.add({ category: "tracing", measurement: "opentelemetry", tags, fields, timeNs }, span.trimmed);
  }

  return (request, sink, clock, sampledOut) => {
    const spanType = createSpanTypes(request);
    for (const { resource, scopes } of request.resources) {
      const resourceFields = new Map<string, FieldValue>();
      const resourceRest = promotion.promote(resource.attributes, resourceFields);
      const whole = config.message === "whole";
      const resourceJson = resourceMember(whole ? resource.attributes : resourceRest);
      for (const { scope, items } of scopes) {
        const fields = new Map<string, FieldValue>();
        const scopeRest = promotion.promote(scope.attributes, fields);
        for (const [key, value] of resourceFields) if (!fields.has(key)) fields.set(key, value);
        const around = {
          service: toValueText(resource.attributes.get("service.name")) || "unknown_service",
          fields,
          json: resourceJson + scopeMember(scope, whole ? scope.attributes : scopeRest),
        };
        for (const span of items) {
          if (!isTraceId(span.traceId)) sink.reject("a trace_id must be 16 bytes that are not all zero");
          else if (!isSpanId(span.spanId)) sink.reject("a span_id must be 8 bytes that are not all zero");
          else if (isSampledOut(span)) sampledOut();
          else add(span, around, spanType(span), sink, clock);
        }
      }
    }
  };
}

/** Whether a span is where its service is entered, left, or in between, as far as this request tells. */
function createSpanTypes(request: OtlpRequest<OtlpSpan>): (span: OtlpSpan) => "entry" | "local" | "exit" {
  const spanIds = new Set<string>();
  const parentIds = new Set<string>();
  for (const { scopes } of request.resources) {
    for (const { items } of scopes) {
      for (const { spanId, parentSpanId } of items) {
        spanIds.add(spanId);
        parentIds.add(parentSpanId);
      }
    }
  }
  return ({ spanId, parentSpanId }) => {
    if (!spanIds.has(parentSpanId)) return "entry";
    return parentIds.has(spanId) ? "local" : "exit";
  };
}

/** Promotes the events' attributes; returns the events with what is left of them. */
function promoteEvents(
  events: readonly OtlpEvent[],
  promotion: Promotion,
  fields: Map<string, FieldValue>,
): readonly OtlpEvent[] {
  if (events.length === 0) return events;
  const exception = events.find((event) => event.name === "exception");
  if (exception !== undefined) addException(exception.attributes, fields);
  return events.map((event) => ({ ...event, attributes: promotion.promote(event.attributes, fields) }));
}

/** `error_type`, `error_message` and `error_stack` are where Guance looks for what went wrong. */
function addException(attributes: OtlpAttributes, fields: Map<string, FieldValue>): void {
  for (
    const [name, key] of [
      ["exception.type", "error_type"],
      ["exception.message", "error_message"],
      ["exception.stacktrace", "error_stack"],
    ] as const
  ) {
    const text = toValueText(attributes.get(name));
    if (text !== "" && !fields.has(key)) fields.set(key, text);
  }
}

function addError({ status }: OtlpSpan, fields: Map<string, FieldValue>): void {
  if (status?.code === STATUS_ERROR && status.message !== "" && !fields.has("error_message")) {
    fields.set("error_message", status.message);
  }
}

function sourceType(fields: ReadonlyMap<string, FieldValue>): string {
  if (fields.has("db_system")) return "db";
  if (fields.has("messaging_system")) return "message_queue";
  const web = ["http_method", "http_url", "http_scheme", "http_status_code", "rpc_system"];
  return web.some((key) => fields.has(key)) ? "web" : "custom";
}
