import type { JsonObject } from "../../json/exact_json.ts";
import { decodeJsonRequest, readAnyValue, readAttributes } from "./json_common.ts";
import { member, toHexId, toInt32, toText, toUint64 } from "./json_reader.ts";
import type { OtlpLogRecord, OtlpRequest } from "./model.ts";

/**
 * Decodes an `ExportLogsServiceRequest` from OTLP/JSON. Throws when it is malformed around its records.
 * @see `spec/ingest.md` 2.2
 */
export function decodeJsonLogs(bytes: Uint8Array): OtlpRequest<OtlpLogRecord> {
  return decodeJsonRequest(bytes, {
    resources: ["resourceLogs", "resource_logs"],
    scopes: ["scopeLogs", "scope_logs"],
    items: ["logRecords", "log_records"],
    readItem: readLogRecord,
  });
}

function readLogRecord(record: JsonObject): OtlpLogRecord {
  return {
    timeUnixNano: toUint64(member(record, "timeUnixNano", "time_unix_nano")),
    observedTimeUnixNano: toUint64(member(record, "observedTimeUnixNano", "observed_time_unix_nano")),
    severityNumber: toSeverity(member(record, "severityNumber", "severity_number")),
    severityText: toText(member(record, "severityText", "severity_text")),
    body: readAnyValue(member(record, "body")),
    attributes: readAttributes(record),
    traceId: toHexId(member(record, "traceId", "trace_id")),
    spanId: toHexId(member(record, "spanId", "span_id")),
    eventName: toText(member(record, "eventName", "event_name")),
  };
}

/** By number, or by a name such as `SEVERITY_NUMBER_WARN2`. */
function toSeverity(value: unknown): number {
  const name = typeof value === "string" ? /^SEVERITY_NUMBER_([A-Z]+)([234])?$/.exec(value) : null;
  if (name === null) return toInt32(value);
  const group = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"].indexOf(name[1] ?? "");
  return group < 0 ? 0 : group * 4 + Number(name[2] ?? 1);
}
