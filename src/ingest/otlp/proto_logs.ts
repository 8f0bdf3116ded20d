import { NO_ATTRIBUTES, type OtlpLogRecord, type OtlpRequest, type OtlpValue } from "./model.ts";
import { decodeProtoRequest, readAnyValue, readAttribute } from "./proto_common.ts";
import type { ProtoReader } from "./proto_reader.ts";

/**
 * Decodes an `ExportLogsServiceRequest`. Throws when it is malformed around its records.
 * @see `spec/ingest.md` 2.4
 */
export function decodeProtoLogs(bytes: Uint8Array): OtlpRequest<OtlpLogRecord> {
  return decodeProtoRequest(bytes, readLogRecord);
}

function readLogRecord(r: ProtoReader): OtlpLogRecord {
  let timeUnixNano = 0n;
  let observedTimeUnixNano = 0n;
  let severityNumber = 0;
  let severityText = "";
  let body: OtlpValue;
  let attributes: Map<string, OtlpValue> | undefined;
  let traceId = "";
  let spanId = "";
  let eventName = "";
  const outer = r.enter();
  for (let tag = r.tag(); tag !== 0; tag = r.tag()) {
    switch (tag) {
      case 0x09:
        timeUnixNano = r.fixed64();
        break;
      case 0x10:
        severityNumber = r.int32();
        break;
      case 0x1a:
        severityText = r.string();
        break;
      case 0x2a:
        body = readAnyValue(r);
        break;
      case 0x32:
        readAttribute(r, attributes ??= new Map());
        break;
      case 0x4a:
        traceId = r.hex();
        break;
      case 0x52:
        spanId = r.hex();
        break;
      case 0x59:
        observedTimeUnixNano = r.fixed64();
        break;
      case 0x62:
        eventName = r.string();
        break;
      default:
        r.skip(tag);
    }
  }
  r.leave(outer);
  return {
    timeUnixNano,
    observedTimeUnixNano,
    severityNumber,
    severityText,
    body,
    attributes: attributes ?? NO_ATTRIBUTES,
    traceId,
    spanId,
    eventName,
  };
}
