/** A shop's function as the emulator's scripts play it: with logs, OTLP, ddtrace and StatsD as its libraries send. */
import type { FunctionScript, LocalSend } from "../../script.ts";

export interface Order {
  readonly name: string;
  readonly sleepMs?: number;
  readonly outcome?: FunctionScript["outcome"];
  readonly extraLogs?: readonly unknown[];
}

const OTLP = "http://127.0.0.1:4318/v1";
const DDTRACE = "http://127.0.0.1:8126/v0.4/traces";
const STATSD_PORT = 8125;
const JSON_BODY = { "content-type": "application/json" };
const SERVICE = { attributes: [{ key: "service.name", value: { stringValue: "orders" } }] };

interface Span {
  readonly name: string;
  readonly at: number;
  readonly ms: number;
  readonly parent: number;
  readonly error?: boolean;
}

/** What the handler does, in ms from its start; each span names its parent by place. */
const WORK: readonly Span[] = [
  { name: "POST /orders", at: 3, ms: 88, parent: -1 },
  { name: "validate", at: 6, ms: 7, parent: 0 },
  { name: "SELECT stock", at: 26, ms: 15, parent: 0 },
  { name: "HTTP POST payments", at: 45, ms: 31, parent: 0 },
  { name: "payments: authorize", at: 50, ms: 21, parent: 3 },
];
const DATADOG: readonly Span[] = [
  { name: "handler", at: 2, ms: 92, parent: -1 },
  { name: "redis GET stock:77", at: 14, ms: 10, parent: 0 },
  { name: "DynamoDB PutItem", at: 77, ms: 12, parent: 0 },
];

/** The script of one order, whose spans begin now. */
export function orderScript(order: Order): FunctionScript & { readonly name: string } {
  const failed = order.outcome === "error";
  const scale = (order.sleepMs ?? 90) / 100;
  const begin = Date.now() + 4;
  return {
    name: order.name,
    logs: [
      "order received: 3 items, 84.90 EUR",
      { level: "DEBUG", requestId: "{requestId}", message: "stock:77 not in cache, asking the database" },
      ...failed
        ? [{
          level: "ERROR",
          requestId: "{requestId}",
          message: "PaymentDeclined: card 4242 refused by issuer (insufficient_funds)\n" +
            "    at authorize (payments.mjs:41:11)\n    at async handler (index.mjs:18:3)",
        }]
        : [{ level: "INFO", requestId: "{requestId}", message: "order stored: 14202" }],
      ...order.extraLogs ?? [],
    ],
    sends: sendsOf(begin, scale, failed),
    sleepMs: order.sleepMs ?? 90,
    ...(order.outcome === undefined ? {} : { outcome: order.outcome }),
    ...(failed ? { errorType: "PaymentDeclined", errorMessage: "card 4242 refused by issuer" } : {}),
    response: { order: 14202, total: 84.9 },
  };
}

function sendsOf(begin: number, scale: number, failed: boolean): readonly LocalSend[] {
  const traceId = hexId(16);
  const ids = WORK.map(() => hexId(8));
  const ns = (ms: number): string => `${BigInt(Math.round(1000 * (begin + ms * scale))) * 1000n}`;
  const spans = WORK.map(({ name, at, ms, parent }, i) => ({
    traceId,
    spanId: ids[i],
    parentSpanId: parent < 0 ? "53995c3f42cd8ad8" : ids[parent],
    name,
    kind: parent < 0 ? 2 : 3,
    startTimeUnixNano: ns(at),
    endTimeUnixNano: ns(at + ms),
    ...(failed && /payments|POST/i.test(name) ? { status: { code: 2, message: "card refused" } } : {}),
  }));
  const total = {
    name: "orders.total",
    unit: "EUR",
    gauge: { dataPoints: [{ asDouble: failed ? 0 : 84.9, timeUnixNano: ns(90) }] },
  };
  const log = {
    timeUnixNano: ns(80),
    severityNumber: 9,
    severityText: "INFO",
    body: { stringValue: "order.audit" },
  };
  const datadog = DATADOG.map(({ name, at, ms, parent }, i) => ({
    trace_id: Number.parseInt(traceId.slice(16, 28), 16),
    span_id: 9001 + i,
    parent_id: parent < 0 ? 0 : 9001 + parent,
    service: "orders",
    name: "aws.lambda",
    resource: name,
    type: "web",
    start: Number(ns(at)),
    duration: Math.round(ms * scale * 1e6),
    error: failed && parent < 0 ? 1 : 0,
    meta: { "_dd.p.tid": traceId.slice(0, 16) },
    metrics: {},
  }));
  return [
    post(`${OTLP}/traces`, { resourceSpans: [{ resource: SERVICE, scopeSpans: [{ spans }] }] }),
    post(`${OTLP}/metrics`, {
      resourceMetrics: [{ resource: SERVICE, scopeMetrics: [{ metrics: [total] }] }],
    }),
    post(`${OTLP}/logs`, { resourceLogs: [{ resource: SERVICE, scopeLogs: [{ logRecords: [log] }] }] }),
    { ...post(DDTRACE, [datadog]), method: "PUT" },
    {
      kind: "udp",
      port: STATSD_PORT,
      text: "orders.received:1|c\norders.cache_miss:1|c\norders.queue_depth:7|g",
    },
  ];
}

function post(url: string, body: unknown): LocalSend & { readonly kind: "http" } {
  return { kind: "http", url, method: "POST", headers: JSON_BODY, text: JSON.stringify(body) };
}

function hexId(bytes: number): string {
  return crypto.getRandomValues(new Uint8Array(bytes)).toHex();
}
