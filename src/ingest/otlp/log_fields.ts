import { type AttributeList, beginAttributes, readAttribute } from "./attribute_list.ts";
import { OWN_TRIMMED } from "./own_fields.ts";
import {
  allowFields,
  isUsedUp,
  moveTo,
  type ProtoCursor,
  readFixed64,
  readInt32,
  readLength,
  readTag,
  skipField,
} from "./proto_cursor.ts";

/**
 * A log record's fields, and where those lie that are text or messages (equal places: not there). The same object for
 * one record after the other.
 * @see https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/logs/v1/logs.proto
 */
export interface LogFields {
  timeLow: number;
  timeHigh: number;
  observedLow: number;
  observedHigh: number;
  severity: number;
  severityFrom: number;
  severityTo: number;
  bodyFrom: number;
  bodyTo: number;
  traceIdFrom: number;
  traceIdTo: number;
  spanIdFrom: number;
  spanIdTo: number;
  eventNameFrom: number;
  eventNameTo: number;
  /** A part of it could not be read, or is too much. */
  isTrimmed: boolean;
}

/** Fields of no record. */
export function createLogFields(): LogFields {
  return {
    timeLow: 0,
    timeHigh: 0,
    observedLow: 0,
    observedHigh: 0,
    severity: 0,
    severityFrom: 0,
    severityTo: 0,
    bodyFrom: 0,
    bodyTo: 0,
    traceIdFrom: 0,
    traceIdTo: 0,
    spanIdFrom: 0,
    spanIdTo: 0,
    eventNameFrom: 0,
    eventNameTo: 0,
    isTrimmed: false,
  };
}

/** Reads the record that lies at `[from, to)`, and its attributes. Throws {@link ProtoError} for a malformed one. */
export function readLogRecord<T>(
  c: ProtoCursor,
  from: number,
  to: number,
  record: LogFields,
  attributes: AttributeList<T>,
): void {
  clear(record);
  beginAttributes(attributes);
  allowFields(c);
  moveTo(c, from, to);
  for (let tag = readTag(c); tag !== 0; tag = readTag(c)) {
    switch (tag) {
      case 0x09:
        readFixed64(c);
        record.timeLow = c.low;
        record.timeHigh = c.high;
        break;
      case 0x10:
        record.severity = readInt32(c);
        break;
      case 0x1a: {
        const length = readLength(c);
        record.severityFrom = c.at;
        record.severityTo = c.at += length;
        break;
      }
      case 0x2a: {
        const length = readLength(c);
        record.bodyFrom = c.at;
        record.bodyTo = c.at += length;
        break;
      }
      case 0x32:
        readAttribute(attributes, c);
        break;
      case 0x4a: {
        const length = readLength(c);
        record.traceIdFrom = c.at;
        record.traceIdTo = c.at += length;
        break;
      }
      case 0x52: {
        const length = readLength(c);
        record.spanIdFrom = c.at;
        record.spanIdTo = c.at += length;
        break;
      }
      case 0x59:
        readFixed64(c);
        record.observedLow = c.low;
        record.observedHigh = c.high;
        break;
      case 0x62: {
        const length = readLength(c);
        record.eventNameFrom = c.at;
        record.eventNameTo = c.at += length;
        break;
      }
      default:
        if (tag === OWN_TRIMMED && c.isOwn) record.isTrimmed = readInt32(c) !== 0;
        else skipField(c, tag);
    }
  }
  if (isUsedUp(c)) record.isTrimmed = true;
}

function clear(record: LogFields): void {
  record.timeLow = 0;
  record.timeHigh = 0;
  record.observedLow = 0;
  record.observedHigh = 0;
  record.severity = 0;
  record.severityTo = record.severityFrom;
  record.bodyTo = record.bodyFrom;
  record.traceIdTo = record.traceIdFrom;
  record.spanIdTo = record.spanIdFrom;
  record.eventNameTo = record.eventNameFrom;
  record.isTrimmed = false;
}
