/** What the demo's function sends to local ports, as its SDKs would: OTLP, ddtrace, DogStatsD. */
import type { LocalSend } from "./script.ts";
import { freePorts } from "../support/loopback.ts";

/** Where the extension listens in the demo: ports that were free, so that no other agent is in the way. */
export interface DemoPorts {
  readonly otlp: number;
  readonly ddtrace: number;
  readonly statsd: number;
}

/** What one order sends by each protocol, in the units that are counted on arrival. */
export const SENT_BY_ORDER = {
  "OTLP spans": 2,
  "OTLP metric points": 1,
  "OTLP logs": 1,
  "ddtrace spans": 2,
  "StatsD metrics": 2,
} as const;

/** Ports that were free a moment ago. */
export function demoPorts(): DemoPorts {
  const [otlp = 0, ddtrace = 0] = freePorts(2);
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  const statsd = socket.addr.transport === "udp" ? socket.addr.port : 0;
  socket.close();
  return { otlp, ddtrace, statsd };
}

/** The variables that put the extension's listeners there. */
export function demoListeners({ otlp, ddtrace, statsd }: DemoPorts): Record<string, string> {
  return {
    ENV_DEFAULT_ENABLED_INPUTS: "awslambda,opentelemetry,ddtrace,statsd",
    ENV_INPUT_OTEL_HTTP: `127.0.0.1:${otlp}`,
    ENV_INPUT_OTEL_GRPC: "127.0.0.1:0",
    ENV_INPUT_DDTRACE_LISTEN: `127.0.0.1:${ddtrace}`,
    ENV_INPUT_DDTRACE_LIFECYCLE_LISTEN: "127.0.0.1:0",
    ENV_INPUT_STATSD_LISTEN: `127.0.0.1:${statsd}`,
  };
}

/** Everything that order `n` sends while it is worked on. */
export function orderSends(n: number, ports: DemoPorts, now = Date.now()): readonly LocalSend[] {
  const url = (path: string): string => `http://127.0.0.1:${ports.otlp}/v1/${path}`;
  const otlp = (path: string, body: object): LocalSend => ({
    kind: "http",
    url: url(path),
    headers: { "Content-Type": "application/json" },
    text: JSON.stringify(body),
  });
  return [
    otlp("traces", otlpTraces(n, now)),
    otlp("metrics", otlpMetrics(n, now)),
    otlp("logs", otlpLogs(n, now)),
    {
      kind: "http",
      url: `http://127.0.0.1:${ports.ddtrace}/v0.4/traces`,
      method: "PUT",
      headers: { "Content-Type": "application/msgpack", "X-Datadog-Trace-Count": "1" },
      base64: encodeMsgpack([ddtraceSpans(n, now)]).toBase64(),
    },
    {
      kind: "udp",
      port: ports.statsd,
      text: `orders.placed:1|c|#tier:gold\norders.value:${9 + n}.95|g|#tier:gold`,
    },
  ];
}

const RESOURCE = { attributes: [{ key: "service.name", value: { stringValue: "checkout" } }] };
const SCOPE = { name: "demo" };

function otlpTraces(n: number, now: number): object {
  const traceId = hexId(n, 32);
  const span = (spanId: string, name: string, startMs: number, parentSpanId = ""): object => ({
    traceId,
    spanId,
    parentSpanId,
    name,
    kind: 1,
    startTimeUnixNano: nanos(startMs),
    endTimeUnixNano: nanos(startMs + 3),
    attributes: [{ key: "order", value: { intValue: String(n) } }],
  });
  const spans = [
    span(hexId(n, 16), "price order", now),
    span(hexId(n + 1000, 16), "query stock", now + 1, hexId(n, 16)),
  ];
  return { resourceSpans: [{ resource: RESOURCE, scopeSpans: [{ scope: SCOPE, spans }] }] };
}

function otlpMetrics(n: number, now: number): object {
  const dataPoints = [{
    asInt: String(n),
    startTimeUnixNano: nanos(now - 1000),
    timeUnixNano: nanos(now),
    attributes: [{ key: "tier", value: { stringValue: "gold" } }],
  }];
  const sum = { dataPoints, aggregationTemporality: 2, isMonotonic: true };
  const metrics = [{ name: "orders.priced", unit: "1", sum }];
  return { resourceMetrics: [{ resource: RESOURCE, scopeMetrics: [{ scope: SCOPE, metrics }] }] };
}

function otlpLogs(n: number, now: number): object {
  const logRecords = [{
    timeUnixNano: nanos(now),
    severityNumber: 9,
    severityText: "INFO",
    body: { stringValue: `order ${n} charged` },
    traceId: hexId(n, 32),
    spanId: hexId(n, 16),
  }];
  return { resourceLogs: [{ resource: RESOURCE, scopeLogs: [{ scope: SCOPE, logRecords }] }] };
}

function ddtraceSpans(n: number, now: number): readonly object[] {
  const span = (id: number, parent: number, name: string): object => ({
    trace_id: 5000 + n,
    span_id: id,
    parent_id: parent,
    name,
    resource: `order ${n}`,
    service: "payment",
    type: "web",
    start: BigInt(now) * 1_000_000n,
    duration: 2_000_000,
    error: 0,
    meta: { tier: "gold" },
    metrics: { _sampling_priority_v1: 1 },
  });
  return [span(6000 + n, 0, "charge card"), span(7000 + n, 6000 + n, "call bank")];
}

function nanos(ms: number): string {
  return String(BigInt(Math.floor(ms)) * 1_000_000n);
}

/** Digits that are the same in each run. */
function hexId(n: number, digits: number): string {
  return (0xd00d_0000 + n).toString(16).padStart(digits, "5");
}

/** Only what {@link ddtraceSpans} needs: maps, lists, texts and whole numbers from 0. */
function encodeMsgpack(value: unknown): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  writeMsgpack(value, bytes);
  return new Uint8Array(bytes);
}

function writeMsgpack(value: unknown, bytes: number[]): void {
  if (typeof value === "string") {
    const text = new TextEncoder().encode(value);
    bytes.push(0xd9, text.length, ...text);
  } else if (typeof value === "number" || typeof value === "bigint") {
    const view = new DataView(new ArrayBuffer(8));
    view.setBigUint64(0, BigInt(value));
    bytes.push(0xcf, ...new Uint8Array(view.buffer));
  } else if (Array.isArray(value)) {
    bytes.push(0xdc, value.length >> 8, value.length & 0xff);
    for (const item of value) writeMsgpack(item, bytes);
  } else if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value);
    bytes.push(0xde, entries.length >> 8, entries.length & 0xff);
    for (const entry of entries) entry.forEach((part) => writeMsgpack(part, bytes));
  }
}
