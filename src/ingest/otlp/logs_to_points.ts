import { isUtf8 } from "node:buffer";
import type { OtlpConfig } from "../../config/otlp.ts";
import type { Intake } from "../../pipeline/receiver.ts";
import { numberToStatus, wordToStatus } from "../../point/log_status.ts";
import { isLongValue, longContent, PLAIN } from "../../point/long_text.ts";
import type { FieldValue } from "../../point/point.ts";
import type { Key } from "../../point/point_keys.ts";
import { BASE64 } from "../text_forms.ts";
import { createAnyValue, readAnyValue } from "./any_value.ts";
import { createAround } from "./around.ts";
import { createAttributeList, PLACES } from "./attribute_list.ts";
import { decimalId, isSpanId, isTraceId } from "./ids.ts";
import { createLogFields, readLogRecord } from "./log_fields.ts";
import {
  createLogSurroundingsReader,
  logFieldName,
  type LogSurroundings,
  MESSAGE_ATTRIBUTE,
  type SharedField,
} from "./log_surroundings.ts";
import { allowFields, createProtoCursor, isUsedUp, type ProtoCursor } from "./proto_cursor.ts";
import type { MakeVisitor } from "./request_walk.ts";
import { type SharedTag, shareTag, writeShared } from "./shared_tag.ts";
import { type Clock, settleTime } from "./time.ts";
import { writeField, writeSlice, writeText } from "./value_field.ts";

/** As DataKit says it, by four numbers each. */
const DATAKIT_STATUSES = ["trace", "debug", "info", "warn", "error", "fatal"] as const;
/** No word is so long that tells a status. */
const LONGEST_WORD_BYTES = 256;
/** Severity numbers there are. */
const SEVERITIES = 24;

/**
 * Log records as points of the category logging, measured by `log.source` or the service, straight from a request's
 * bytes.
 * @see https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/logs/v1/logs.proto
 */
export function createLogsToPoints(config: OtlpConfig, intake: Intake): MakeVisitor {
  const { writer, begin } = intake;
  const key = (name: string): Key => writer.key("logging", name);
  const MESSAGE = key("message");
  const ATTRIBUTE = key(MESSAGE_ATTRIBUTE);
  const SEVERITY_TEXT = key("severity_text");
  const EVENT_NAME = key("event_name");
  const TRACE_ID = key("trace_id");
  const SPAN_ID = key("span_id");
  const statuses = createStatuses(
    (word) => shareTag(writer, "logging", "status", word),
    config.logAttributesAsText,
  );
  const surroundings = createLogSurroundingsReader(config, intake);
  const { keys } = writer.kind("logging", "otel_logs");
  const attributes = createAttributeList((name) => keys.of(logFieldName(name)), ({ isKept }) => isKept);
  const record = createLogFields();
  const value = createAnyValue();
  const body = createAnyValue();

  /** Writes the record that was read into the point begun. The nearer attributes come first: the first that has a key keeps it. */
  function write(c: ProtoCursor, around: LogSurroundings, clock: Clock): void {
    allowFields(c);
    readAnyValue(c, record.bodyFrom, record.bodyTo, body);
    const standIn = body.kind === "none" ? findMessage(c, around) : undefined;
    writeOwn(c);
    for (let index = attributes.count - 1; index >= 0 && !isUsedUp(c); index--) {
      const attribute = attributes.names[index]?.value;
      if (attribute === undefined || writer.has(attribute)) continue;
      if (standIn !== undefined && attribute.slot === ATTRIBUTE.slot) continue;
      readAttributeValue(c, index);
      if (value.kind === "none") continue;
      if (config.logAttributesAsText) writeText(writer, attribute, c, value);
      else writeField(writer, attribute, c, value);
    }
    for (const field of around.fields) {
      if (standIn === undefined || field.key.slot !== ATTRIBUTE.slot) writeSharedField(field);
    }
    if (!writer.has(TRACE_ID)) writer.text(TRACE_ID, "0");
    if (!writer.has(SPAN_ID)) writer.text(SPAN_ID, "0");
    if (standIn === undefined) writeBody(c);
    else if (typeof standIn === "object") writeMessage(standIn);
    else {
      readAttributeValue(c, standIn);
      writeText(writer, MESSAGE, c, value);
    }
    writeShared(writer, statuses.of(c, record.severity, record.severityFrom, record.severityTo));
    for (const tag of around.tags) writeShared(writer, tag);
    if (record.isTrimmed || around.isCut || isUsedUp(c)) writer.trim();
    settleTime(clock, record.timeLow, record.timeHigh, record.observedLow, record.observedHigh);
    writer.end(clock.low, clock.high);
  }

  function writeSharedField({ key, value, constant, isCut }: SharedField): void {
    const current = keys.current(key);
    if (writer.has(current)) return;
    if (isLongValue(value)) return writer.longText(current, value.text);
    if (!key.isKept) return writer.field(current, value);
    writer.constant(constant);
    if (isCut) writer.trim();
  }

  function readAttributeValue(c: ProtoCursor, index: number): void {
    const place = index * PLACES;
    readAnyValue(c, attributes.places[place + 2] ?? 0, attributes.places[place + 3] ?? 0, value);
  }

  /** What the record says itself counts more than attributes do. */
  function writeOwn({ bytes }: ProtoCursor): void {
    const { severityFrom, severityTo, eventNameFrom, eventNameTo } = record;
    if (severityFrom < severityTo) writeSlice(writer, SEVERITY_TEXT, bytes, severityFrom, severityTo);
    if (eventNameFrom < eventNameTo) writeSlice(writer, EVENT_NAME, bytes, eventNameFrom, eventNameTo);
    const { traceIdFrom, traceIdTo, spanIdFrom, spanIdTo } = record;
    if (isTraceId(bytes, traceIdFrom, traceIdTo)) writeId(TRACE_ID, bytes, traceIdFrom, traceIdTo);
    if (isSpanId(bytes, spanIdFrom, spanIdTo)) writeId(SPAN_ID, bytes, spanIdFrom, spanIdTo);
  }

  function writeId(key: Key, bytes: Uint8Array, from: number, to: number): void {
    if (config.compatibleDdtrace) writer.text(key, decimalId(bytes, to));
    else writer.hex(key, bytes, from, to);
  }

  /** The attribute `message`, which stands in for a body: its index, or the field if it stands around. */
  function findMessage(c: ProtoCursor, around: LogSurroundings): number | SharedField | undefined {
    for (let index = attributes.count - 1; index >= 0 && !isUsedUp(c); index--) {
      if (attributes.names[index]?.value.slot !== ATTRIBUTE.slot) continue;
      readAttributeValue(c, index);
      if (value.kind !== "none") return index;
    }
    return around.fields.find((field) => field.key.slot === ATTRIBUTE.slot);
  }

  function writeMessage({ value }: SharedField): void {
    if (isLongValue(value)) writer.longText(MESSAGE, value.text);
    else writer.text(MESSAGE, textOfShared(value));
  }

  /** Bytes that are UTF-8, as collectors that read files send lines, are the text they are. */
  function writeBody(c: ProtoCursor): void {
    const { bytes } = c;
    const { kind, from, to } = body;
    if (kind === "bytes" && writer.isLong(to - from)) {
      const otherwise = [{ bytes, from, to, form: BASE64 }];
      return writer.long(MESSAGE, { ...longContent([{ bytes, from, to, form: PLAIN }]), otherwise });
    }
    if (kind === "bytes" && isUtf8(bytes.subarray(from, to))) {
      return writeSlice(writer, MESSAGE, bytes, from, to);
    }
    writeText(writer, MESSAGE, c, body);
  }

  return (bytes, isOwn, _sink, clock) => {
    const c = createProtoCursor(bytes, isOwn);
    const around = createAround(c, surroundings);
    return {
      resource: around.resource,
      scope: around.scope,
      item: (from, to) => {
        const work = around.prepare();
        if (work > 0) return -work;
        const surrounding = around.read();
        // Before anything is read, as keys that are not kept are of the point begun.
        begin(surrounding.kind);
        readLogRecord(c, from, to, record, attributes);
        write(c, surrounding, clock);
        return to - from + surrounding.weight;
      },
    };
  };
}

function textOfShared(value: FieldValue): string {
  return typeof value === "object" && "unsigned" in value ? String(value.unsigned) : String(value);
}

/** The tag `status` of a record. */
interface Statuses {
  /** By the severity's number, else by its text, which lies at `[from, to)`. */
  readonly of: (c: ProtoCursor, severity: number, from: number, to: number) => SharedTag;
}

/** Guance's words; DataKit's where they are wanted, which know no text. */
function createStatuses(share: (word: string) => SharedTag, asDataKit: boolean): Statuses {
  const byNumber = Array.from({ length: SEVERITIES + 1 }, (_, severity): SharedTag | undefined => {
    const word = asDataKit
      ? DATAKIT_STATUSES[Math.ceil(severity / 4) - 1] ?? "unknown"
      : numberToStatus(severity, "otel");
    return word === undefined ? undefined : share(word);
  });
  const byWord = new Map<string, SharedTag>();
  const decoder = new TextDecoder();
  return {
    of: ({ bytes }, severity, from, to) => {
      const known = byNumber[severity];
      if (known !== undefined) return known;
      const word = asDataKit
        ? "unknown"
        : wordToStatus(decoder.decode(bytes.subarray(from, Math.min(to, from + LONGEST_WORD_BYTES)))) ??
          "info";
      const tag = byWord.get(word) ?? share(word);
      byWord.set(word, tag);
      return tag;
    },
  };
}
