/**
 * What a loaded function sends: one request of each protocol, made up front. Each item has about what an
 * instrumented HTTP handler's has: a dozen attributes, 64-bit ids, times of now.
 */
import { createProtobufWriter, type ProtobufWriter } from "../../src/point/protobuf_writer.ts";
import { pack } from "../ingest/ddtrace/support.ts";

export const KINDS = [
  "OTLP spans, protobuf",
  "OTLP spans, JSON",
  "OTLP spans, gRPC",
  "OTLP log records",
  "OTLP metric points",
  "ddtrace spans, v0.4",
  "ddtrace spans, v0.5",
  "StatsD packets",
] as const;
export type Kind = (typeof KINDS)[number];
/** Those that travel by HTTP or gRPC. */
export type RequestKind = Exclude<Kind, "StatsD packets">;

/** A request that may be sent again and again. */
export interface Payload {
  readonly path: string;
  readonly contentType: string;
  readonly items: number;
  /** The body with span ids of its own: a receiver may know what it has seen. The same buffer each time. */
  readonly next: () => Uint8Array<ArrayBuffer>;
}

/** The batch size of OpenTelemetry's SDKs is 512. */
const ITEMS = 500;
const SPANS_PER_TRACE = 10;
/** Stands before the number in each span id, so that the places of the ids can be found. */
const MARK = 0x7c5e11aa;
const GRPC_HEADER_BYTES = 5;
const ATTRIBUTES: Readonly<Record<string, string>> = {
  "http.request.method": "POST",
  "http.route": "/orders/:id",
  "url.path": "/orders/4711",
  "url.scheme": "https",
  "server.address": "api.example.com",
  "user_agent.original": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
  "network.protocol.version": "1.1",
  "app.tenant": "tenant-0042",
  "app.region": "eu-west-1",
};
const RESOURCE: Readonly<Record<string, string>> = {
  "service.name": "orders",
  "service.version": "1.4.2",
  "telemetry.sdk.language": "nodejs",
  "telemetry.sdk.name": "opentelemetry",
  "telemetry.sdk.version": "2.0.1",
};

/** The request of a kind. */
export function createPayload(kind: RequestKind): Payload {
  switch (kind) {
    case "OTLP spans, protobuf":
      return withIds("/v1/traces", "application/x-protobuf", otlpBody(spans));
    case "OTLP spans, gRPC":
      return withIds(
        "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        "application/grpc",
        framed(otlpBody(spans)),
      );
    case "OTLP spans, JSON":
      return withHexIds("/v1/traces", "application/json", jsonTraces());
    case "OTLP log records":
      return withIds("/v1/logs", "application/x-protobuf", otlpBody(logRecords));
    case "OTLP metric points":
      return withIds("/v1/metrics", "application/x-protobuf", otlpBody(dataPoints));
    case "ddtrace spans, v0.4":
      return withIds("/v0.4/traces", "application/msgpack", v04Body());
    case "ddtrace spans, v0.5":
      return withIds("/v0.5/traces", "application/msgpack", v05Body());
  }
}

function withIds(path: string, contentType: string, body: Uint8Array<ArrayBuffer>): Payload {
  const view = new DataView(body.buffer, body.byteOffset);
  const places: number[] = [];
  for (let at = 0; at + 8 <= body.length; at++) if (view.getUint32(at) === MARK) places.push(at + 4);
  let id = 0;
  return {
    path,
    contentType,
    items: ITEMS,
    next: () => {
      for (const at of places) view.setUint32(at, ++id);
      return body;
    },
  };
}

function withHexIds(path: string, contentType: string, text: string): Payload {
  const body = new TextEncoder().encode(text);
  const places = Array.from(text.matchAll(new RegExp(MARK.toString(16), "g")), ({ index }) => index + 8);
  let id = 0;
  return {
    path,
    contentType,
    items: ITEMS,
    next: () => {
      for (const at of places) {
        new TextEncoder().encodeInto((++id).toString(16).padStart(8, "0"), body.subarray(at));
      }
      return body;
    },
  };
}

function nowNs(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}

/** An id with room for a number behind the mark. */
function idBytes(): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setUint32(0, MARK);
  return bytes;
}

function traceIdBytes(trace: number): Uint8Array {
  const bytes = new Uint8Array(16).fill(0x5b);
  new DataView(bytes.buffer).setUint32(12, trace + 1);
  return bytes;
}

/** A message inside a message: `tag` is field number × 8 + 2. */
function nested(writer: ProtobufWriter, tag: number, fill: () => void): void {
  writer.tag(tag);
  const contentAt = writer.begin(300);
  fill();
  writer.end(contentAt, 300);
}

function attributes(writer: ProtobufWriter, tag: number, pairs: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(pairs)) {
    nested(writer, tag, () => {
      writer.tag(0x0a);
      writer.string(key);
      nested(writer, 0x12, () => {
        writer.tag(0x0a);
        writer.string(value);
      });
    });
  }
}

function fixed64(writer: ProtobufWriter, tag: number, value: bigint): void {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  writer.tag(tag);
  writer.raw(bytes);
}

/** Resource and scope around the items: the same shape in all three signals. */
function otlpBody(fill: (writer: ProtobufWriter) => void): Uint8Array<ArrayBuffer> {
  const writer = createProtobufWriter(1024 * 1024);
  nested(writer, 0x0a, () => {
    nested(writer, 0x0a, () => attributes(writer, 0x0a, RESOURCE));
    nested(writer, 0x12, () => {
      nested(writer, 0x0a, () => {
        writer.tag(0x0a);
        writer.string("@opentelemetry/instrumentation-http");
      });
      fill(writer);
    });
  });
  return writer.finish();
}

function spans(writer: ProtobufWriter): void {
  for (let index = 0; index < ITEMS; index++) {
    nested(writer, 0x12, () => {
      writer.tag(0x0a);
      writer.bytes(traceIdBytes(Math.floor(index / SPANS_PER_TRACE)));
      writer.tag(0x12);
      writer.bytes(idBytes());
      writer.tag(0x22);
      writer.bytes(new Uint8Array(8).fill(0x33));
      writer.tag(0x2a);
      writer.string("POST /orders/:id");
      writer.tag(0x30);
      writer.varint(2);
      fixed64(writer, 0x39, nowNs());
      fixed64(writer, 0x41, nowNs() + 12_345_678n);
      attributes(writer, 0x4a, ATTRIBUTES);
    });
  }
}

function logRecords(writer: ProtobufWriter): void {
  for (let index = 0; index < ITEMS; index++) {
    nested(writer, 0x12, () => {
      fixed64(writer, 0x09, nowNs());
      writer.tag(0x10);
      writer.varint(9);
      writer.tag(0x1a);
      writer.string("INFO");
      nested(writer, 0x2a, () => {
        writer.tag(0x0a);
        writer.string(
          `order ${4711 + index} taken for tenant-0042, 3 articles, 12.3 ms, cache warm, stock reserved`,
        );
      });
      attributes(writer, 0x32, {
        "code.function": "takeOrder",
        "app.tenant": "tenant-0042",
        "thread.name": "main",
      });
      writer.tag(0x4a);
      writer.bytes(traceIdBytes(index));
      writer.tag(0x52);
      writer.bytes(idBytes());
    });
  }
}

/** Ten sums with fifty data points each. */
function dataPoints(writer: ProtobufWriter): void {
  const perMetric = 50;
  for (let metric = 0; metric < ITEMS / perMetric; metric++) {
    nested(writer, 0x12, () => {
      writer.tag(0x0a);
      writer.string(`http.server.requests.${metric}`);
      writer.tag(0x1a);
      writer.string("{request}");
      nested(writer, 0x3a, () => {
        for (let index = 0; index < perMetric; index++) {
          nested(writer, 0x0a, () => {
            fixed64(writer, 0x11, nowNs());
            fixed64(writer, 0x19, nowNs() + BigInt(index));
            fixed64(writer, 0x31, BigInt(index * 7));
            attributes(writer, 0x3a, {
              "http.route": `/orders/${index}`,
              "http.response.status_code": "200",
              "app.tenant": "tenant-0042",
            });
          });
        }
        writer.tag(0x10);
        writer.varint(1);
      });
    });
  }
}

function framed(message: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(GRPC_HEADER_BYTES + message.length);
  new DataView(bytes.buffer).setUint32(1, message.length);
  bytes.set(message, GRPC_HEADER_BYTES);
  return bytes;
}

function jsonTraces(): string {
  const pairs = (from: Readonly<Record<string, string>>): unknown =>
    Object.entries(from).map(([key, stringValue]) => ({ key, value: { stringValue } }));
  const startNs = nowNs();
  const all = Array.from({ length: ITEMS }, (_, index) => ({
    traceId: traceIdBytes(Math.floor(index / SPANS_PER_TRACE)).toHex(),
    spanId: idBytes().toHex(),
    parentSpanId: "33".repeat(8),
    name: "POST /orders/:id",
    kind: 2,
    startTimeUnixNano: String(startNs),
    endTimeUnixNano: String(startNs + 12_345_678n),
    attributes: pairs(ATTRIBUTES),
    status: {},
  }));
  const scopeSpans = [{ scope: { name: "@opentelemetry/instrumentation-http" }, spans: all }];
  return JSON.stringify({ resourceSpans: [{ resource: { attributes: pairs(RESOURCE) }, scopeSpans }] });
}

const SPAN_ID = BigInt(MARK) << 32n;
const METRICS = { "_sampling_priority_v1": 1, "_dd.top_level": 1, "process_id": 4711 } as const;

/** Whose traces: chunks of spans that have one trace id. */
function inTraces<Span>(spanOf: (traceId: bigint) => Span): Span[][] {
  return Array.from(
    { length: ITEMS / SPANS_PER_TRACE },
    (_, trace) => Array.from({ length: SPANS_PER_TRACE }, () => spanOf(BigInt(trace + 1))),
  );
}

function v04Body(): Uint8Array<ArrayBuffer> {
  return pack(inTraces((traceId) => ({
    service: "orders",
    name: "web.request",
    resource: "POST /orders/:id",
    trace_id: traceId,
    span_id: SPAN_ID,
    parent_id: 4242n,
    start: nowNs(),
    duration: 12_345_678n,
    error: 0,
    meta: { ...ATTRIBUTES, language: "javascript" },
    metrics: METRICS,
    type: "web",
  })));
}

function v05Body(): Uint8Array<ArrayBuffer> {
  const strings: string[] = [""];
  const indexOf = (text: string): number => {
    const at = strings.indexOf(text);
    return at >= 0 ? at : strings.push(text) - 1;
  };
  const meta = Object.entries({ ...ATTRIBUTES, language: "javascript" })
    .map(([key, value]) => [indexOf(key), indexOf(value)] as const);
  const metrics = Object.entries(METRICS).map(([key, value]) => [indexOf(key), value] as const);
  const traces = inTraces((traceId) => [
    indexOf("orders"),
    indexOf("web.request"),
    indexOf("POST /orders/:id"),
    traceId,
    SPAN_ID,
    4242n,
    nowNs(),
    12_345_678n,
    0,
    new Map(meta),
    new Map(metrics),
    indexOf("web"),
  ]);
  return pack([strings, traces]);
}
