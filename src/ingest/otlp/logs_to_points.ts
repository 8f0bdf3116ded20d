import type { OtlpConfig } from "../../config/otlp.ts";
import { numberToStatus, wordToStatus } from "../../point/log_status.ts";
import type { FieldValue } from "../../point/point.ts";
import { createIdFormat, isSpanId, isTraceId } from "./ids.ts";
import type { OtlpAttributes, OtlpLogRecord, OtlpRequest } from "./model.ts";
import type { PointSink } from "./point_sink.ts";
import { underscored } from "./promotion.ts";
import type { Clock } from "./time.ts";
import { toBodyText, toFieldValue, toValueText } from "./values.ts";

/** Maps a request's log records into `sink`. */
export type LogsToPoints = (request: OtlpRequest<OtlpLogRecord>, sink: PointSink, clock: Clock) => void;

/** What a log's point calls by these names is its own, or Guance's: attributes of these names get a prefix. */
const RESERVED = /^(message|status|service|source|date|remote_ip)$/;
const RESERVED_PREFIX = "attributes_";
/** As DataKit says it, by four numbers each. */
const DATAKIT_STATUSES = ["trace", "debug", "info", "warn", "error", "fatal"] as const;

/**
 * Log records as points of the category logging, measured by `log.source` or the service.
 * @see `spec/datakit.md` 5.4, 8 (fault 20) for what is mended
 */
export function createLogsToPoints(config: OtlpConfig): LogsToPoints {
  const formatId = createIdFormat(config.compatibleDdtrace);

  /** The nearer ones win: a record's own attributes over its scope's over its resource's. */
  function addAttributes(attributes: OtlpAttributes, fields: Map<string, FieldValue>): void {
    for (const [name, value] of attributes) {
      const field = config.logAttributesAsText && value !== undefined
        ? toValueText(value)
        : toFieldValue(value);
      if (field === undefined) continue;
      const key = underscored(name);
      fields.set(RESERVED.test(key) ? RESERVED_PREFIX + key : key, field);
    }
  }

  function add(
    record: OtlpLogRecord,
    source: {
      measurement: string;
      tags: ReadonlyMap<string, string>;
      fields: ReadonlyMap<string, FieldValue>;
    },
    sink: PointSink,
    clock: Clock,
  ): void {
    const tags = new Map(source.tags);
    tags.set("status", statusOf(record, config.logAttributesAsText));
    const fields = new Map(source.fields);
    addAttributes(record.attributes, fields);
    if (record.severityText !== "") fields.set("severity_text", record.severityText);
    if (record.eventName !== "") fields.set("event_name", record.eventName);
    if (isTraceId(record.traceId) || !fields.has("trace_id")) {
      fields.set("trace_id", formatId(isTraceId(record.traceId) ? record.traceId : ""));
    }
    if (isSpanId(record.spanId) || !fields.has("span_id")) {
      fields.set("span_id", formatId(isSpanId(record.spanId) ? record.spanId : ""));
    }
    fields.set("message", messageOf(record, fields));
    const timeNs = clock.settle(record.timeUnixNano, record.observedTimeUnixNano);
    sink.add(
      { category: "logging", measurement: source.measurement, tags, fields, timeNs },
      record.trimmed,
    );
  }

  return (request, sink, clock) => {
    for (const { resource: { attributes }, scopes, schemaUrl } of request.resources) {
      const service = toValueText(attributes.get("service.name"));
      const tags = new Map(config.tags);
      tags.set("service", service || "unSetServiceName").set("remote_ip", "127.0.0.1");
      const host = toValueText(attributes.get("host.name"));
      if (host !== "") tags.set("host", host);
      const measurement = toValueText(attributes.get("log.source")) || service || "otel_logs";
      for (const { scope, items, schemaUrl: scopeSchemaUrl } of scopes) {
        const fields = new Map<string, FieldValue>();
        addAttributes(attributes, fields);
        addAttributes(scope.attributes, fields);
        if (scope.name !== "") fields.set("scope_name", scope.name);
        if ((scopeSchemaUrl || schemaUrl) !== "") fields.set("schema_url", scopeSchemaUrl || schemaUrl);
        for (const record of items) add(record, { measurement, tags, fields }, sink, clock);
      }
    }
  };
}

/** The body's text; an attribute `message` stands in for a body that is not there. */
function messageOf({ body }: OtlpLogRecord, fields: Map<string, FieldValue>): string {
  const key = `${RESERVED_PREFIX}message`;
  const attribute = fields.get(key);
  if (body !== undefined || attribute === undefined) return toBodyText(body);
  fields.delete(key);
  return String(attribute);
}

/** Guance's word by the number, else by the text; DataKit's words where they are wanted, which know no text. */
function statusOf({ severityNumber, severityText }: OtlpLogRecord, asDataKit: boolean): string {
  if (asDataKit) return DATAKIT_STATUSES[Math.ceil(severityNumber / 4) - 1] ?? "unknown";
  return numberToStatus(severityNumber, "otel") ?? wordToStatus(severityText) ?? "info";
}
