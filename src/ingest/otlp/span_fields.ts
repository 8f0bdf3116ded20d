import { type AttributeList, beginAttributes, readAttribute } from "./attribute_list.ts";
import { OWN_TRIMMED } from "./own_fields.ts";
import {
  allowFields,
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

/**
 * A span's fields, and where those lie that are text or messages (equal places: not there). The same object for one
 * span after the other.
 * @see https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto
 */
export interface SpanFields {
  traceIdFrom: number;
  traceIdTo: number;
  spanIdFrom: number;
  spanIdTo: number;
  parentIdFrom: number;
  parentIdTo: number;
  traceStateFrom: number;
  traceStateTo: number;
  nameFrom: number;
  nameTo: number;
  kind: number;
  startLow: number;
  startHigh: number;
  endLow: number;
  endHigh: number;
  droppedAttributes: number;
  droppedEvents: number;
  droppedLinks: number;
  /** -1 without a status. */
  statusCode: number;
  statusMessageFrom: number;
  statusMessageTo: number;
  flags: number;
  /** Places of its events and links, each as begin and end. */
  readonly events: number[];
  readonly links: number[];
  /** A part of it could not be read, or is too much. */
  isTrimmed: boolean;
}

/** Fields of no span. */
export function createSpanFields(): SpanFields {
  return {
    traceIdFrom: 0,
    traceIdTo: 0,
    spanIdFrom: 0,
    spanIdTo: 0,
    parentIdFrom: 0,
    parentIdTo: 0,
    traceStateFrom: 0,
    traceStateTo: 0,
    nameFrom: 0,
    nameTo: 0,
    kind: 0,
    startLow: 0,
    startHigh: 0,
    endLow: 0,
    endHigh: 0,
    droppedAttributes: 0,
    droppedEvents: 0,
    droppedLinks: 0,
    statusCode: -1,
    statusMessageFrom: 0,
    statusMessageTo: 0,
    flags: 0,
    events: [],
    links: [],
    isTrimmed: false,
  };
}

/** Reads the span that lies at `[from, to)`, and its attributes. Throws {@link ProtoError} for a malformed one. */
export function readSpan<T>(
  c: ProtoCursor,
  from: number,
  to: number,
  span: SpanFields,
  attributes: AttributeList<T>,
): void {
  clear(span);
  beginAttributes(attributes);
  allowFields(c);
  moveTo(c, from, to);
  for (let tag = readTag(c); tag !== 0; tag = readTag(c)) {
    switch (tag) {
      case 0x0a: {
        const length = readLength(c);
        span.traceIdFrom = c.at;
        span.traceIdTo = c.at += length;
        break;
      }
      case 0x12: {
        const length = readLength(c);
        span.spanIdFrom = c.at;
        span.spanIdTo = c.at += length;
        break;
      }
      case 0x1a: {
        const length = readLength(c);
        span.traceStateFrom = c.at;
        span.traceStateTo = c.at += length;
        break;
      }
      case 0x22: {
        const length = readLength(c);
        span.parentIdFrom = c.at;
        span.parentIdTo = c.at += length;
        break;
      }
      case 0x2a: {
        const length = readLength(c);
        span.nameFrom = c.at;
        span.nameTo = c.at += length;
        break;
      }
      case 0x30:
        span.kind = readInt32(c);
        break;
      case 0x39:
        readFixed64(c);
        span.startLow = c.low;
        span.startHigh = c.high;
        break;
      case 0x41:
        readFixed64(c);
        span.endLow = c.low;
        span.endHigh = c.high;
        break;
      case 0x4a:
        readAttribute(attributes, c);
        break;
      default:
        readRareField(c, tag, span);
    }
  }
  if (isUsedUp(c)) span.isTrimmed = true;
}

/** What most spans do not have. */
function readRareField(c: ProtoCursor, tag: number, span: SpanFields): void {
  switch (tag) {
    case 0x50:
      span.droppedAttributes = readInt32(c) >>> 0;
      break;
    case 0x5a:
      addPlace(c, span.events);
      break;
    case 0x60:
      span.droppedEvents = readInt32(c) >>> 0;
      break;
    case 0x6a:
      addPlace(c, span.links);
      break;
    case 0x70:
      span.droppedLinks = readInt32(c) >>> 0;
      break;
    case 0x7a:
      readStatus(c, span);
      break;
    case 0x85:
      span.flags = readFixed32(c);
      break;
    default:
      if (tag === OWN_TRIMMED && c.isOwn) span.isTrimmed = readInt32(c) !== 0;
      else skipField(c, tag);
  }
}

/** A status given in two parts is merged, as protobuf wants it. */
function readStatus(c: ProtoCursor, span: SpanFields): void {
  const length = readLength(c);
  const outerEnd = c.end;
  const end = c.at + length;
  c.end = end;
  if (span.statusCode < 0) span.statusCode = 0;
  for (let tag = readTag(c); tag !== 0; tag = readTag(c)) {
    if (tag === 0x12) {
      const size = readLength(c);
      span.statusMessageFrom = c.at;
      span.statusMessageTo = c.at += size;
    } else if (tag === 0x18) span.statusCode = readInt32(c);
    else skipField(c, tag);
  }
  moveTo(c, end, outerEnd);
}

function addPlace(c: ProtoCursor, places: number[]): void {
  const length = readLength(c);
  places.push(c.at, c.at += length);
}

/** A place is empty when its two ends are equal. */
function clear(span: SpanFields): void {
  span.traceIdTo = span.traceIdFrom;
  span.spanIdTo = span.spanIdFrom;
  span.parentIdTo = span.parentIdFrom;
  span.traceStateTo = span.traceStateFrom;
  span.nameTo = span.nameFrom;
  span.statusMessageTo = span.statusMessageFrom;
  span.kind = 0;
  span.startLow = 0;
  span.startHigh = 0;
  span.endLow = 0;
  span.endHigh = 0;
  span.droppedAttributes = 0;
  span.droppedEvents = 0;
  span.droppedLinks = 0;
  span.statusCode = -1;
  span.flags = 0;
  span.events.length = 0;
  span.links.length = 0;
  span.isTrimmed = false;
}
