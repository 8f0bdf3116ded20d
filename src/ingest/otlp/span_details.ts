/** Events and links of a span: into its message, and into the point's fields as far as they are chosen. */
import type { PointWriter } from "../../point/point_writer.ts";
import { createAnyValue, readAnyValue } from "./any_value.ts";
import {
  beginAttributes,
  createAttributeList,
  defineName,
  indexOfName,
  PLACES,
  readAttribute,
} from "./attribute_list.ts";
import {
  isUsedUp,
  moveTo,
  type ProtoCursor,
  readFixed32,
  readFixed64,
  readInt32,
  readLength,
  readTag,
  skipField,
} from "./proto_cursor.ts";
import type { SpanAttributes } from "./span_attributes.ts";
import type { SpanFields } from "./span_fields.ts";
import {
  beginEvent,
  beginLink,
  closeList,
  closeObject,
  putAttribute,
  putDropped,
  putEventTime,
  putFlags,
  putLinkIds,
  putName,
  putTraceState,
} from "./span_message.ts";
import type { TextBuffer } from "./text_buffer.ts";
import { textOf } from "./value_field.ts";

/** Writes what belongs to a span and is not in its own fields. */
export interface SpanDetails {
  /**
   * Attributes of events that become fields, the first exception's first: `error_type`, `error_message` and
   * `error_stack` are where Guance looks for what went wrong. Puts the events into the message, if there is one.
   */
  readonly writeEvents: (
    c: ProtoCursor,
    span: SpanFields,
    m: TextBuffer | undefined,
    isWhole: boolean,
  ) => void;
  readonly putLinks: (c: ProtoCursor, span: SpanFields, m: TextBuffer) => void;
}

/** An event or link takes as long as this many fields, whatever it has. */
const FIELDS_OF_DETAIL = 4;
const EXCEPTION = new TextEncoder().encode("exception");
const ERROR_FIELDS = [
  ["exception.type", "error_type"],
  ["exception.message", "error_message"],
  ["exception.stacktrace", "error_stack"],
] as const;

export function createSpanDetails(writer: PointWriter, fields: SpanAttributes): SpanDetails {
  const attributes = createAttributeList(fields.learn, fields.mayKeep);
  const errorFields = ERROR_FIELDS.map(([name, key]) => ({
    name: defineName(attributes, name),
    key: writer.key("tracing", key),
  }));
  const value = createAnyValue();
  /** Of the event or link that was read last. */
  const detail = {
    timeLow: 0,
    timeHigh: 0,
    nameFrom: 0,
    nameTo: 0,
    traceIdFrom: 0,
    traceIdTo: 0,
    spanIdFrom: 0,
    spanIdTo: 0,
    stateFrom: 0,
    stateTo: 0,
    dropped: 0,
    flags: 0,
  };

  function readEvent(c: ProtoCursor, from: number, to: number): void {
    beginAttributes(attributes);
    c.fieldsLeft -= FIELDS_OF_DETAIL;
    detail.timeLow = 0;
    detail.timeHigh = 0;
    detail.nameTo = detail.nameFrom;
    detail.dropped = 0;
    moveTo(c, from, to);
    for (let tag = readTag(c); tag !== 0; tag = readTag(c)) {
      if (tag === 0x09) {
        readFixed64(c);
        detail.timeLow = c.low;
        detail.timeHigh = c.high;
      } else if (tag === 0x12) {
        const length = readLength(c);
        detail.nameFrom = c.at;
        detail.nameTo = c.at += length;
      } else if (tag === 0x1a) readAttribute(attributes, c);
      else if (tag === 0x20) detail.dropped = readInt32(c) >>> 0;
      else skipField(c, tag);
    }
  }

  function readLink(c: ProtoCursor, from: number, to: number): void {
    beginAttributes(attributes);
    c.fieldsLeft -= FIELDS_OF_DETAIL;
    detail.traceIdTo = detail.traceIdFrom;
    detail.spanIdTo = detail.spanIdFrom;
    detail.stateTo = detail.stateFrom;
    detail.dropped = 0;
    detail.flags = 0;
    moveTo(c, from, to);
    for (let tag = readTag(c); tag !== 0; tag = readTag(c)) {
      if (tag === 0x0a) {
        const length = readLength(c);
        detail.traceIdFrom = c.at;
        detail.traceIdTo = c.at += length;
      } else if (tag === 0x12) {
        const length = readLength(c);
        detail.spanIdFrom = c.at;
        detail.spanIdTo = c.at += length;
      } else if (tag === 0x1a) {
        const length = readLength(c);
        detail.stateFrom = c.at;
        detail.stateTo = c.at += length;
      } else if (tag === 0x22) readAttribute(attributes, c);
      else if (tag === 0x28) detail.dropped = readInt32(c) >>> 0;
      else if (tag === 0x35) detail.flags = readFixed32(c);
      else skipField(c, tag);
    }
  }

  function readValue(c: ProtoCursor, index: number): void {
    const place = index * PLACES;
    readAnyValue(c, attributes.places[place + 2] ?? 0, attributes.places[place + 3] ?? 0, value);
  }

  /** Attributes of what was read last: into fields where they are chosen, into the message otherwise. */
  function writeAttributes(
    c: ProtoCursor,
    m: TextBuffer | undefined,
    mayTake: boolean,
    isWhole: boolean,
  ): void {
    let isFirst = true;
    for (let index = 0; index < attributes.count && !isUsedUp(c); index++) {
      const name = attributes.names[index];
      if (name === undefined) continue;
      readValue(c, index);
      const isTaken = mayTake && fields.take(c, name.value, value);
      if (m === undefined || (isTaken && !isWhole)) continue;
      const place = index * PLACES;
      const { places } = attributes;
      putAttribute(m, c, places[place] ?? 0, places[place + 1] ?? 0, value, isFirst);
      isFirst = false;
    }
    if (m !== undefined && !isFirst) closeList(m);
  }

  function writeException(c: ProtoCursor, { events }: SpanFields): void {
    for (let i = 0; i < events.length && !isUsedUp(c); i += 2) {
      readEvent(c, events[i] ?? 0, events[i + 1] ?? 0);
      if (!isException(c, detail.nameFrom, detail.nameTo)) continue;
      for (const { name, key } of errorFields) {
        const index = indexOfName(attributes, name);
        if (index < 0 || writer.has(key)) continue;
        readValue(c, index);
        const text = textOf(c, value);
        if (typeof text !== "string") writer.longText(key, text);
        else if (text !== "") writer.text(key, text);
      }
      return;
    }
  }

  return {
    writeEvents: (c, span, m, isWhole) => {
      const { events } = span;
      if (events.length === 0) return;
      writeException(c, span);
      let isFirst = true;
      for (let i = 0; i < events.length && !isUsedUp(c); i += 2) {
        readEvent(c, events[i] ?? 0, events[i + 1] ?? 0);
        if (m === undefined) {
          writeAttributes(c, undefined, true, isWhole);
          continue;
        }
        const from = beginEvent(m, isFirst);
        isFirst = false;
        putEventTime(m, detail.timeLow, detail.timeHigh);
        putName(m, c, detail.nameFrom, detail.nameTo);
        writeAttributes(c, m, true, isWhole);
        putDropped(m, "attributes", detail.dropped);
        closeObject(m, from);
      }
      if (m !== undefined && !isFirst) closeList(m);
    },
    putLinks: (c, { links }, m) => {
      let isFirst = true;
      for (let i = 0; i < links.length && !isUsedUp(c); i += 2) {
        readLink(c, links[i] ?? 0, links[i + 1] ?? 0);
        const from = beginLink(m, isFirst);
        isFirst = false;
        putLinkIds(m, c, detail);
        putTraceState(m, c, detail.stateFrom, detail.stateTo);
        putFlags(m, detail.flags);
        writeAttributes(c, m, false, true);
        putDropped(m, "attributes", detail.dropped);
        closeObject(m, from);
      }
      if (!isFirst) closeList(m);
    },
  };
}

function isException({ bytes }: ProtoCursor, from: number, to: number): boolean {
  if (to - from !== EXCEPTION.length) return false;
  for (let i = 0; i < EXCEPTION.length; i++) if (bytes[from + i] !== EXCEPTION[i]) return false;
  return true;
}
