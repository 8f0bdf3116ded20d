/**
 * OTLP's messages as JSON has them: names, numbers and types, and what is lost with a member that cannot be read.
 * @see https://github.com/open-telemetry/opentelemetry-proto/tree/main/opentelemetry/proto
 * @see https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */
import { type ByteTable, createByteTable } from "../../point/byte_table.ts";

/** How a member's value is written. */
export type JsonType =
  | "message"
  | "text"
  /** Hex text as bytes. */
  | "id"
  /** Base64 text as bytes; other text stays text, in `AnyValue`'s field for it. */
  | "bytes"
  | "bool"
  /** Only true is written. */
  | "flag"
  | "double"
  /** An unsigned time or count of 64 bits, in eight bytes. */
  | "fixed64"
  /** The same as varint. */
  | "uint64"
  /** `AnyValue`'s integer. */
  | "int64"
  /** A data point's integer. */
  | "sfixed64"
  /** 32 bits as varint, in four bytes, or with the sign in the lowest bit. */
  | "uint32"
  | "fixed32"
  | "sint32"
  /** `SeverityNumber`, also by name. */
  | "severity";

/** What is lost when a member cannot be read: only itself, or the message that has it. */
export type MemberLoss = "part" | "message";

/** What is lost with an element of a list: a part of what holds the list, an item of the request, or the list's holder. */
export type ElementLoss = "part" | "item" | "holder";

/** A member of a message. */
export interface JsonField {
  readonly number: number;
  readonly type: JsonType;
  readonly message: JsonMessage | undefined;
  readonly isList: boolean;
  readonly loss: MemberLoss;
  readonly elementLoss: ElementLoss;
  /** Names of an enum's numbers, which may have `prefix` before them. */
  readonly names: readonly string[];
  readonly prefix: string;
  /** `null` is how JavaScript writes NaN. */
  readonly nullIsNaN: boolean;
  /** A list or map of values, of which too many inside of another are cut. */
  readonly isNesting: boolean;
  /** What cannot be read is the member's text. */
  readonly isBody: boolean;
}

/** A message: its members by name, in both spellings. */
export interface JsonMessage {
  readonly fields: ByteTable<JsonField>;
  /** `item`: it is marked when it has lost a part. `around`: it counts when it, or what it holds besides items, has. */
  readonly holder: "item" | "around" | undefined;
  /** Bytes kept for its length; longer ones are moved. */
  readonly lengthBytes: 1 | 4;
  /** Whether `null` among others is an empty one. */
  readonly allowsNull: boolean;
}

type Options = Partial<Omit<JsonField, "number" | "type">>;

function field(number: number, type: JsonType, options: Options = {}): JsonField {
  return {
    number,
    type,
    message: undefined,
    isList: false,
    loss: "part",
    elementLoss: "holder",
    names: [],
    prefix: "",
    nullIsNaN: false,
    isNesting: false,
    isBody: false,
    ...options,
  };
}

function list(number: number, of: JsonMessage, elementLoss: ElementLoss, loss: MemberLoss): JsonField {
  return field(number, "message", { message: of, isList: true, elementLoss, loss });
}

function one(number: number, of: JsonMessage, options: Options = {}): JsonField {
  return field(number, "message", { message: of, ...options });
}

function message(
  fields: Readonly<Record<string, JsonField>>,
  holder?: "item" | "around",
  lengthBytes: 1 | 4 = 4,
  allowsNull = false,
): JsonMessage {
  const made: JsonMessage = { fields: createByteTable(), holder, lengthBytes, allowsNull };
  addFields(made, fields);
  return made;
}

function addFields(to: JsonMessage, fields: Readonly<Record<string, JsonField>>): void {
  const encoder = new TextEncoder();
  for (const [name, member] of Object.entries(fields)) {
    to.fields.set(encoder.encode(name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)), member);
    to.fields.set(encoder.encode(name), member);
  }
}

/** What its message cannot do without. */
const ESSENTIAL = { loss: "message" } as const;

const ANY_VALUE = message({}, undefined, 1, true);
const KEY_VALUE = message(
  { key: field(1, "text", ESSENTIAL), value: one(2, ANY_VALUE, ESSENTIAL) },
  undefined,
  1,
);
const VALUES = message({ values: list(1, ANY_VALUE, "holder", "message") }, undefined, 1);
const PAIRS = message({ values: list(1, KEY_VALUE, "holder", "message") }, undefined, 1);
addFields(ANY_VALUE, {
  stringValue: field(1, "text", ESSENTIAL),
  boolValue: field(2, "bool", ESSENTIAL),
  intValue: field(3, "int64", ESSENTIAL),
  doubleValue: field(4, "double", ESSENTIAL),
  arrayValue: one(5, VALUES, { ...ESSENTIAL, isNesting: true }),
  kvlistValue: one(6, PAIRS, { ...ESSENTIAL, isNesting: true }),
  bytesValue: field(7, "bytes", ESSENTIAL),
});

const attributes = (number: number): JsonField => list(number, KEY_VALUE, "part", "part");
const RESOURCE = message({ attributes: attributes(1) });
const SCOPE = message({ name: field(1, "text"), version: field(2, "text"), attributes: attributes(3) });

const EVENT = message({
  timeUnixNano: field(1, "fixed64", ESSENTIAL),
  name: field(2, "text"),
  attributes: attributes(3),
  droppedAttributesCount: field(4, "uint32"),
});
const LINK = message({
  traceId: field(1, "id"),
  spanId: field(2, "id"),
  traceState: field(3, "text"),
  attributes: attributes(4),
  droppedAttributesCount: field(5, "uint32"),
  flags: field(6, "fixed32"),
});
const STATUS = message({
  message: field(2, "text"),
  code: field(3, "uint32", { names: ["UNSET", "OK", "ERROR"], prefix: "STATUS_CODE_" }),
});
const SPAN = message({
  traceId: field(1, "id", ESSENTIAL),
  spanId: field(2, "id", ESSENTIAL),
  traceState: field(3, "text"),
  parentSpanId: field(4, "id"),
  name: field(5, "text"),
  kind: field(6, "uint32", {
    names: ["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"],
    prefix: "SPAN_KIND_",
  }),
  startTimeUnixNano: field(7, "fixed64", ESSENTIAL),
  endTimeUnixNano: field(8, "fixed64", ESSENTIAL),
  attributes: attributes(9),
  droppedAttributesCount: field(10, "uint32"),
  events: list(11, EVENT, "part", "part"),
  droppedEventsCount: field(12, "uint32"),
  links: list(13, LINK, "part", "part"),
  droppedLinksCount: field(14, "uint32"),
  status: one(15, STATUS),
  flags: field(16, "fixed32"),
}, "item");

const LOG_RECORD = message({
  timeUnixNano: field(1, "fixed64", ESSENTIAL),
  severityNumber: field(2, "severity"),
  severityText: field(3, "text"),
  body: one(5, ANY_VALUE, { isBody: true }),
  attributes: attributes(6),
  traceId: field(9, "id"),
  spanId: field(10, "id"),
  observedTimeUnixNano: field(11, "fixed64", ESSENTIAL),
  eventName: field(12, "text"),
}, "item");

const TEMPORALITY = field(2, "uint32", {
  ...ESSENTIAL,
  names: ["UNSPECIFIED", "DELTA", "CUMULATIVE"],
  prefix: "AGGREGATION_TEMPORALITY_",
});
const NUMBER_POINT = message({
  timeUnixNano: field(3, "fixed64", ESSENTIAL),
  asDouble: field(4, "double", ESSENTIAL),
  asInt: field(6, "sfixed64", ESSENTIAL),
  attributes: attributes(7),
  flags: field(8, "uint32"),
}, "item");
const HISTOGRAM_POINT = message({
  timeUnixNano: field(3, "fixed64", ESSENTIAL),
  count: field(4, "fixed64", ESSENTIAL),
  sum: field(5, "double"),
  bucketCounts: field(6, "fixed64", { isList: true, loss: "message" }),
  explicitBounds: field(7, "double", { isList: true, loss: "message", nullIsNaN: true }),
  attributes: attributes(9),
  flags: field(10, "uint32"),
  min: field(11, "double"),
  max: field(12, "double"),
}, "item");
const BUCKETS = message({
  offset: field(1, "sint32", ESSENTIAL),
  bucketCounts: field(2, "uint64", { isList: true, loss: "message" }),
});
const EXPONENTIAL_POINT = message({
  attributes: attributes(1),
  timeUnixNano: field(3, "fixed64", ESSENTIAL),
  count: field(4, "fixed64", ESSENTIAL),
  sum: field(5, "double"),
  scale: field(6, "sint32", ESSENTIAL),
  zeroCount: field(7, "fixed64", ESSENTIAL),
  positive: one(8, BUCKETS, ESSENTIAL),
  negative: one(9, BUCKETS, ESSENTIAL),
  flags: field(10, "uint32"),
  min: field(12, "double"),
  max: field(13, "double"),
  zeroThreshold: field(14, "double", ESSENTIAL),
}, "item");
const QUANTILE = message({
  quantile: field(1, "double", { ...ESSENTIAL, nullIsNaN: true }),
  value: field(2, "double", { ...ESSENTIAL, nullIsNaN: true }),
});
const SUMMARY_POINT = message({
  timeUnixNano: field(3, "fixed64", ESSENTIAL),
  count: field(4, "fixed64", ESSENTIAL),
  sum: field(5, "double", { ...ESSENTIAL, nullIsNaN: true }),
  quantileValues: list(6, QUANTILE, "holder", "message"),
  attributes: attributes(7),
  flags: field(8, "uint32"),
}, "item");

/** The data of a metric, of any kind. */
function data(number: number, point: JsonMessage): JsonField {
  const fields = {
    dataPoints: list(1, point, "item", "message"),
    aggregationTemporality: TEMPORALITY,
    isMonotonic: field(3, "flag"),
  };
  return one(number, message(fields), ESSENTIAL);
}

const METRIC = message({
  name: field(1, "text", ESSENTIAL),
  unit: field(3, "text"),
  gauge: data(5, NUMBER_POINT),
  sum: data(7, NUMBER_POINT),
  histogram: data(9, HISTOGRAM_POINT),
  exponentialHistogram: data(10, EXPONENTIAL_POINT),
  summary: data(11, SUMMARY_POINT),
}, "item");

/** A request of resources with scopes with items; `older` are the names that the last two and the scope had once. */
function request(
  resources: string,
  scopes: string,
  items: string,
  item: JsonMessage,
  older: { readonly scopes: string; readonly items: string },
): JsonMessage {
  const schemaUrl = field(3, "text");
  const scope = one(1, SCOPE);
  const itemList = list(2, item, "item", "message");
  const scopeItems = message(
    { instrumentationLibrary: scope, scope, [older.items]: itemList, [items]: itemList, schemaUrl },
    "around",
  );
  const scopeList = list(2, scopeItems, "item", "message");
  const resourceItems = message(
    { resource: one(1, RESOURCE), [older.scopes]: scopeList, [scopes]: scopeList, schemaUrl },
    "around",
  );
  return message({ [resources]: list(1, resourceItems, "item", "message") });
}

/**
 * Export requests by signal. SDKs from before OTLP 0.15 have other names for the same numbers.
 * @see https://github.com/open-telemetry/opentelemetry-proto/blob/main/CHANGELOG.md
 */
export const JSON_REQUESTS: Readonly<Record<"traces" | "metrics" | "logs", JsonMessage>> = {
  traces: request("resourceSpans", "scopeSpans", "spans", SPAN, {
    scopes: "instrumentationLibrarySpans",
    items: "spans",
  }),
  metrics: request("resourceMetrics", "scopeMetrics", "metrics", METRIC, {
    scopes: "instrumentationLibraryMetrics",
    items: "metrics",
  }),
  logs: request("resourceLogs", "scopeLogs", "logRecords", LOG_RECORD, {
    scopes: "instrumentationLibraryLogs",
    items: "logs",
  }),
};

/**
 * Whether a request begins with another signal's resources. Members that are not known at all are left out, as OTLP
 * wants it.
 */
export function isForeign(body: Uint8Array, of: JsonMessage): boolean {
  const head = new TextDecoder().decode(body.subarray(0, 64));
  const name = /^\uFEFF?\s*\{\s*"(resource_?(?:spans|metrics|logs|profiles))"/i.exec(head)?.[1];
  if (name === undefined) return false;
  const bytes = new TextEncoder().encode(name);
  return of.fields.get(bytes, 0, bytes.length) === undefined;
}
