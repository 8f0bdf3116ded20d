/**
 * The function's logs as OpenTelemetry's.
 * @see https://opentelemetry.io/docs/specs/otel/logs/data-model/
 */
import { toJson } from "../json/exact_json.ts";
import type { KeptLog } from "../lambda/platform_tap.ts";
import type { ProtobufWriter } from "../point/protobuf_writer.ts";
import {
  type AttributeValue,
  idBytes,
  putAny,
  putAttribute,
  putFixed64,
  putMessage,
  putString,
} from "./proto.ts";

/** `ScopeLogs.log_records`. */
const RECORDS = 0x12;
const RECORD = {
  time: 0x09,
  severity: 0x10,
  severityText: 0x1a,
  body: 0x2a,
  attributes: 0x32,
  traceId: 0x4a,
  spanId: 0x52,
  observed: 0x59,
} as const;

/** `SeverityNumber` of Guance's words. */
const SEVERITIES: Readonly<Record<string, number>> = {
  debug: 5,
  info: 9,
  OK: 9,
  notice: 10,
  warning: 13,
  error: 17,
  critical: 21,
  alert: 22,
  emerg: 24,
};
const INFO = 9;
/** A customer's map with changing keys must not become ever new attributes. */
const MAX_ATTRIBUTES = 64;

/** Writes a record. `timeNs` and `observedNs`: Unix time in nanoseconds. */
export function putLogRecord(
  writer: ProtobufWriter,
  kept: KeptLog,
  timeNs: bigint,
  observedNs: bigint,
): void {
  const { log: { from, requestId, failure }, status, mask } = kept;
  const traceId = kept.traceId === undefined ? undefined : idBytes(kept.traceId, 16);
  const spanId = kept.spanId === undefined ? undefined : idBytes(kept.spanId, 8);
  putMessage(writer, RECORDS, 1024, () => {
    putFixed64(writer, RECORD.time, timeNs);
    writer.tag(RECORD.severity);
    writer.varint(SEVERITIES[status] ?? INFO);
    putString(writer, RECORD.severityText, status);
    putAny(writer, RECORD.body, kept.message);
    const put = (key: string, value: AttributeValue): void =>
      putAttribute(writer, RECORD.attributes, key, value);
    if (requestId !== undefined) put("faas.invocation_id", requestId);
    put("aws.lambda.log_from", from);
    if (kept.share !== undefined) put("sample_rate", kept.share);
    if (failure?.type !== undefined) put("exception.type", failure.type);
    if (failure?.message !== undefined) put("exception.message", mask(failure.message, "error_message"));
    putMembers(put, kept, traceId !== undefined);
    if (traceId !== undefined) {
      writer.tag(RECORD.traceId);
      writer.bytes(traceId);
    }
    if (spanId !== undefined) {
      writer.tag(RECORD.spanId);
      writer.bytes(spanId);
    }
    putFixed64(writer, RECORD.observed, observedNs);
  });
}

/** What a JSON record says besides, under its own keys; what is no single value as JSON. */
function putMembers(
  put: (key: string, value: AttributeValue) => void,
  { log: { line, requestId }, mask, traceId, spanId }: KeptLog,
  hasTrace: boolean,
): void {
  const { members } = line;
  if (members === undefined) return;
  let left = MAX_ATTRIBUTES;
  let rest: [string, unknown][] | undefined;
  for (const name of Object.keys(members)) {
    const value = members[name];
    if (value === null || value === undefined || line.told.includes(name)) continue;
    if (line.idKeys.includes(name) && value === requestId) continue;
    // Already there as an id.
    if (hasTrace && (value === traceId || value === spanId)) continue;
    if (left-- > 0 && name !== "") put(name, toAttribute(value, (text) => mask(text, name)));
    else (rest ??= []).push([name, value]);
  }
  if (rest !== undefined) put("extra", mask(toJson(Object.fromEntries(rest)), "extra"));
}

function toAttribute(value: unknown, mask: (text: string) => string): AttributeValue {
  switch (typeof value) {
    case "string":
      return mask(value);
    case "boolean":
    case "bigint":
      return value;
    case "number":
      return Number.isFinite(value) ? value : String(value);
    default:
      return mask(toJson(value));
  }
}
