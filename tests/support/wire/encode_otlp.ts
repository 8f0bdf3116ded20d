/**
 * OTLP requests written as OTLP/JSON, in protobuf: the same input for both encodings. Made from the field numbers of
 * the published files, and of nothing in `src/`.
 * @see https://github.com/open-telemetry/opentelemetry-proto/tree/main/opentelemetry/proto
 */

/** How a field's value is written. A message by its name; `[…]` is repeated, `packed …` a packed list. */
type FieldType = string;
export type Message = Readonly<Record<string, readonly [number: number, type: FieldType]>>;

export const MESSAGES: Readonly<Record<string, Message>> = {
  traces: { resourceSpans: [1, "[ResourceSpans]"] },
  logs: { resourceLogs: [1, "[ResourceLogs]"] },
  metrics: { resourceMetrics: [1, "[ResourceMetrics]"] },
  ResourceSpans: { resource: [1, "Resource"], scopeSpans: [2, "[ScopeSpans]"], schemaUrl: [3, "string"] },
  ResourceLogs: { resource: [1, "Resource"], scopeLogs: [2, "[ScopeLogs]"], schemaUrl: [3, "string"] },
  ResourceMetrics: {
    resource: [1, "Resource"],
    scopeMetrics: [2, "[ScopeMetrics]"],
    schemaUrl: [3, "string"],
  },
  ScopeSpans: { scope: [1, "Scope"], spans: [2, "[Span]"], schemaUrl: [3, "string"] },
  ScopeLogs: { scope: [1, "Scope"], logRecords: [2, "[LogRecord]"], schemaUrl: [3, "string"] },
  ScopeMetrics: { scope: [1, "Scope"], metrics: [2, "[Metric]"], schemaUrl: [3, "string"] },
  Resource: { attributes: [1, "[KeyValue]"], droppedAttributesCount: [2, "varint"] },
  Scope: {
    name: [1, "string"],
    version: [2, "string"],
    attributes: [3, "[KeyValue]"],
    droppedAttributesCount: [4, "varint"],
  },
  KeyValue: { key: [1, "string"], value: [2, "AnyValue"] },
  AnyValue: {
    stringValue: [1, "string"],
    boolValue: [2, "bool"],
    intValue: [3, "varint"],
    doubleValue: [4, "double"],
    arrayValue: [5, "ArrayValue"],
    kvlistValue: [6, "KeyValueList"],
    bytesValue: [7, "base64"],
  },
  ArrayValue: { values: [1, "[AnyValue]"] },
  KeyValueList: { values: [1, "[KeyValue]"] },
  Span: {
    traceId: [1, "hex"],
    spanId: [2, "hex"],
    traceState: [3, "string"],
    parentSpanId: [4, "hex"],
    name: [5, "string"],
    kind: [6, "varint"],
    startTimeUnixNano: [7, "fixed64"],
    endTimeUnixNano: [8, "fixed64"],
    attributes: [9, "[KeyValue]"],
    droppedAttributesCount: [10, "varint"],
    events: [11, "[Event]"],
    droppedEventsCount: [12, "varint"],
    links: [13, "[Link]"],
    droppedLinksCount: [14, "varint"],
    status: [15, "Status"],
    flags: [16, "fixed32"],
  },
  Event: {
    timeUnixNano: [1, "fixed64"],
    name: [2, "string"],
    attributes: [3, "[KeyValue]"],
    droppedAttributesCount: [4, "varint"],
  },
  Link: {
    traceId: [1, "hex"],
    spanId: [2, "hex"],
    traceState: [3, "string"],
    attributes: [4, "[KeyValue]"],
    droppedAttributesCount: [5, "varint"],
    flags: [6, "fixed32"],
  },
  Status: { message: [2, "string"], code: [3, "varint"] },
  LogRecord: {
    timeUnixNano: [1, "fixed64"],
    severityNumber: [2, "varint"],
    severityText: [3, "string"],
    body: [5, "AnyValue"],
    attributes: [6, "[KeyValue]"],
    droppedAttributesCount: [7, "varint"],
    flags: [8, "fixed32"],
    traceId: [9, "hex"],
    spanId: [10, "hex"],
    observedTimeUnixNano: [11, "fixed64"],
    eventName: [12, "string"],
  },
  Metric: {
    name: [1, "string"],
    description: [2, "string"],
    unit: [3, "string"],
    gauge: [5, "NumberData"],
    sum: [7, "NumberData"],
    histogram: [9, "HistogramData"],
    exponentialHistogram: [10, "ExponentialData"],
    summary: [11, "SummaryData"],
    metadata: [12, "[KeyValue]"],
  },
  NumberData: {
    dataPoints: [1, "[NumberPoint]"],
    aggregationTemporality: [2, "varint"],
    isMonotonic: [3, "bool"],
  },
  HistogramData: { dataPoints: [1, "[HistogramPoint]"], aggregationTemporality: [2, "varint"] },
  ExponentialData: { dataPoints: [1, "[ExponentialPoint]"], aggregationTemporality: [2, "varint"] },
  SummaryData: { dataPoints: [1, "[SummaryPoint]"] },
  NumberPoint: {
    startTimeUnixNano: [2, "fixed64"],
    timeUnixNano: [3, "fixed64"],
    asDouble: [4, "double"],
    exemplars: [5, "[Exemplar]"],
    asInt: [6, "fixed64"],
    attributes: [7, "[KeyValue]"],
    flags: [8, "varint"],
  },
  HistogramPoint: {
    startTimeUnixNano: [2, "fixed64"],
    timeUnixNano: [3, "fixed64"],
    count: [4, "fixed64"],
    sum: [5, "double"],
    bucketCounts: [6, "packed fixed64"],
    explicitBounds: [7, "packed double"],
    exemplars: [8, "[Exemplar]"],
    attributes: [9, "[KeyValue]"],
    flags: [10, "varint"],
    min: [11, "double"],
    max: [12, "double"],
  },
  ExponentialPoint: {
    attributes: [1, "[KeyValue]"],
    startTimeUnixNano: [2, "fixed64"],
    timeUnixNano: [3, "fixed64"],
    count: [4, "fixed64"],
    sum: [5, "double"],
    scale: [6, "zigzag"],
    zeroCount: [7, "fixed64"],
    positive: [8, "Buckets"],
    negative: [9, "Buckets"],
    flags: [10, "varint"],
    exemplars: [11, "[Exemplar]"],
    min: [12, "double"],
    max: [13, "double"],
    zeroThreshold: [14, "double"],
  },
  Buckets: { offset: [1, "zigzag"], bucketCounts: [2, "packed varint"] },
  SummaryPoint: {
    startTimeUnixNano: [2, "fixed64"],
    timeUnixNano: [3, "fixed64"],
    count: [4, "fixed64"],
    sum: [5, "double"],
    quantileValues: [6, "[Quantile]"],
    attributes: [7, "[KeyValue]"],
    flags: [8, "varint"],
  },
  Quantile: { quantile: [1, "double"], value: [2, "double"] },
  Exemplar: {
    timeUnixNano: [2, "fixed64"],
    asDouble: [3, "double"],
    spanId: [4, "hex"],
    traceId: [5, "hex"],
    asInt: [6, "fixed64"],
    filteredAttributes: [7, "[KeyValue]"],
  },
};

/**
 * The protobuf of an export request that is written as OTLP/JSON writes it: ids in hex, bytes in base64, 64-bit
 * numbers as numbers, bigints or text. Throws for a member that the message does not have.
 */
export function encodeOtlp(signal: "traces" | "logs" | "metrics", request: unknown): Uint8Array<ArrayBuffer> {
  const out: number[] = [];
  writeMessage(signal, request, out);
  return Uint8Array.from(out);
}

function writeMessage(name: string, value: unknown, out: number[]): void {
  for (const [key, member] of Object.entries(Object(value))) {
    const field = MESSAGES[name]?.[key];
    if (field === undefined) throw new Error(`Cannot encode ${name} as it has no ${key}`);
    const [number, type] = field;
    if (member === undefined || member === null) continue;
    if (!type.startsWith("[")) writeField(number, type, member, out);
    else for (const item of toList(member)) writeField(number, type.slice(1, -1), item, out);
  }
}

function writeField(number: number, type: FieldType, value: unknown, out: number[]): void {
  if (type === "fixed64" || type === "double") {
    writeVarint(BigInt(number) * 8n + 1n, out);
    return void out.push(...eight(type, value));
  }
  if (type === "fixed32") {
    writeVarint(BigInt(number) * 8n + 5n, out);
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, Number(value), true);
    return void out.push(...bytes);
  }
  const varint = toVarint(type, value);
  if (varint !== undefined) {
    writeVarint(BigInt(number) * 8n, out);
    return writeVarint(varint, out);
  }
  const content: number[] = [];
  if (type === "string") { for (const byte of new TextEncoder().encode(String(value))) content.push(byte); }
  else if (type === "hex") { for (const byte of Uint8Array.fromHex(String(value))) content.push(byte); }
  else if (type === "base64") { for (const byte of Uint8Array.fromBase64(String(value))) content.push(byte); }
  else if (type.startsWith("packed ")) writePacked(type.slice("packed ".length), value, content);
  else writeMessage(type, value, content);
  writeVarint(BigInt(number) * 8n + 2n, out);
  writeVarint(BigInt(content.length), out);
  for (const byte of content) out.push(byte);
}

function writePacked(type: FieldType, value: unknown, out: number[]): void {
  for (const item of toList(value)) {
    const varint = toVarint(type, item);
    if (varint !== undefined) writeVarint(varint, out);
    else out.push(...eight(type, item));
  }
}

/** The varint of a value of one of its types. */
function toVarint(type: FieldType, value: unknown): bigint | undefined {
  if (type === "bool") return value === true ? 1n : 0n;
  if (type === "varint") return BigInt.asUintN(64, BigInt(String(value)));
  if (type !== "zigzag") return undefined;
  const signed = BigInt(String(value));
  return BigInt.asUintN(64, signed << 1n ^ signed >> 63n);
}

function eight(type: FieldType, value: unknown): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  if (type === "double") view.setFloat64(0, Number(value), true);
  else view.setBigUint64(0, BigInt.asUintN(64, BigInt(String(value))), true);
  return bytes;
}

function writeVarint(value: bigint, out: number[]): void {
  let rest = value;
  for (; rest > 127n; rest >>= 7n) out.push(Number(rest & 127n) | 128);
  out.push(Number(rest));
}

function toList(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error("Cannot encode a repeated field as it must be an array");
  return value;
}
