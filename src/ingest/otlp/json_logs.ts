import { type JsonObject, toExactJson } from "../../json/exact_json.ts";
import {
  decodeJsonRequest,
  type Losses,
  readAnyValue,
  readAttributes,
  readItem,
  readPart,
  readText,
} from "./json_common.ts";
import { member, toInt32, toUint64 } from "./json_reader.ts";
import type { OtlpLogRecord, OtlpRequest, OtlpValue } from "./model.ts";

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

function readLogRecord(record: JsonObject, losses: Losses): OtlpLogRecord {
  return readItem(losses, (): OtlpLogRecord => ({
    timeUnixNano: toUint64(member(record, "timeUnixNano", "time_unix_nano")),
    observedTimeUnixNano: toUint64(member(record, "observedTimeUnixNano", "observed_time_unix_nano")),
    severityNumber: readPart(
      losses,
      0,
      () => toSeverity(member(record, "severityNumber", "severity_number")),
    ),
    severityText: readText(record, losses, "severityText", "severity_text"),
    body: readBody(member(record, "body")),
    attributes: readAttributes(record, losses),
    traceId: readText(record, losses, "traceId", "trace_id").toLowerCase(),
    spanId: readText(record, losses, "spanId", "span_id").toLowerCase(),
    eventName: readText(record, losses, "eventName", "event_name"),
  }));
}

/** What is no `AnyValue` is the line itself, which must not be lost: taken as the text it is. */
function readBody(value: unknown): OtlpValue {
  try {
    return readAnyValue(value);
  } catch {
    return typeof value === "string" ? value : toExactJson(value);
  }
}

/** By number, or by a name such as `SEVERITY_NUMBER_WARN2`. */
function toSeverity(value: unknown): number {
  const name = typeof value === "string" ? /^SEVERITY_NUMBER_([A-Z]+)([234])?$/.exec(value) : null;
  if (name === null) return toInt32(value);
  const group = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"].indexOf(name[1] ?? "");
  return group < 0 ? 0 : group * 4 + Number(name[2] ?? 1);
}
