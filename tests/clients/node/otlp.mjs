// The OpenTelemetry scenario of ../otlp_scenario.ts, with the SDK set up by nothing but its usual variables.
import {
  logs,
  metrics,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  ValueType,
} from "@opentelemetry/api";
import { AggregationType } from "@opentelemetry/sdk-metrics";
import { NodeSDK } from "@opentelemetry/sdk-node";

const BASE_S = 1_767_225_600;
/** The nanosecond of that second, as OpenTelemetry JS has times. */
const at = (nanoseconds) => [BASE_S, nanoseconds];
/** Numbers are doubles here: this one beyond 2^53 is exact. */
const BIG = 9007199254740994;

const sdk = new NodeSDK({
  views: [{ instrumentName: "order.size", aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } }],
});
sdk.start();

const spans = {};
const tracer = trace.getTracer("clients", "1.0.0");

function span(name, kind, startNs, endNs, parent, options, work) {
  const started = tracer.startSpan(
    name,
    { kind, startTime: at(startNs), ...options },
    trace.setSpan(ROOT_CONTEXT, parent),
  );
  spans[name] = started.spanContext().spanId;
  work?.(started);
  started.end(at(endNs));
  return started;
}

const root = tracer.startSpan("GET /orders/{id}", {
  kind: SpanKind.SERVER,
  startTime: at(123_456_789),
  attributes: {
    "http.request.method": "GET",
    "http.response.status_code": 200,
    "url.path": "/orders/7",
    "app.text": "héllo wörld 中文 🚀",
    "app.big": BIG,
    "app.double": 0.1,
    "app.flag": true,
    "app.empty": "",
    "app.texts": ["a", "bü"],
    "app.integers": [1, -2, 3],
    "app.doubles": [0.5, 1.25],
    "app.flags": [true, false],
  },
});
spans["GET /orders/{id}"] = root.spanContext().spanId;
span("SELECT orders", SpanKind.CLIENT, 200_000_000, 300_000_000, root, {
  attributes: {
    "db.system.name": "postgresql",
    "db.query.text": "SELECT * FROM orders WHERE id = $1",
    "server.address": "db.local",
  },
}, (db) => {
  db.recordException({
    name: "ConnectionError",
    message: "connection reset",
    stack: "ConnectionError: connection reset\n  at db",
  }, at(250_000_000));
  db.setStatus({ code: SpanStatusCode.ERROR, message: "connection reset" });
});
const publish = tracer.startSpan("publish", {
  kind: SpanKind.PRODUCER,
  startTime: at(400_000_000),
  attributes: { "messaging.system": "kafka" },
  links: [{
    context: {
      traceId: "0af7651916cd43dd8448eb211c80319c",
      spanId: "b7ad6b7169203331",
      traceFlags: TraceFlags.SAMPLED,
    },
    attributes: { "link.kind": "follows" },
  }],
}, trace.setSpan(ROOT_CONTEXT, root));
spans.publish = publish.spanContext().spanId;
publish.addEvent("queued", { "queue.name": "büro", "queue.length": 3 }, at(450_000_000));
span("deliver", SpanKind.CONSUMER, 510_000_000, 520_000_000, publish);
publish.setStatus({ code: SpanStatusCode.OK });
publish.end(at(500_000_000));
span("compute", SpanKind.INTERNAL, 600_000_000, 600_001_000, root);
root.end(at(987_654_321));

const meter = metrics.getMeter("clients");
const placed = meter.createCounter("orders.placed", { valueType: ValueType.INT });
placed.add(3, { tier: "gold" });
placed.add(4, { tier: "gold" });
placed.add(1, { tier: "büro" });
const amount = meter.createCounter("orders.amount", { unit: "EUR" });
amount.add(0.1);
amount.add(0.2);
const bytes = meter.createCounter("orders.bytes", { valueType: ValueType.INT });
bytes.add(BIG);
const open = meter.createUpDownCounter("orders.open", { valueType: ValueType.INT });
open.add(5);
open.add(-8);
meter.createGauge("queue.fill").record(0.75);
meter.createObservableGauge("queue.length", { valueType: ValueType.INT }).addCallback((result) =>
  result.observe(42, { queue: "a" })
);
const duration = meter.createHistogram("order.duration", { unit: "ms" });
for (const value of [1, 7, 7, 300, 12000]) duration.record(value);
const size = meter.createHistogram("order.size");
for (const value of [0, 1, 2, 4]) size.record(value);

const logger = logs.getLogger("clients");
["trace", "debug", "info", "warn", "error", "fatal"].forEach((level, index) =>
  logger.emit({
    timestamp: [BASE_S + index, 5000],
    severityNumber: 1 + 4 * index,
    severityText: level.toUpperCase(),
    body: `level ${level}`,
  })
);
logger.emit({
  timestamp: [BASE_S + 6, 5000],
  severityNumber: 9,
  body: '日本語 🚀 "quoted"\nsecond line',
  attributes: { "app.big": BIG, "app.double": 0.1, "app.flag": true, "app.texts": ["a", "bü"] },
  context: trace.setSpan(ROOT_CONTEXT, root),
});
logger.emit({ timestamp: [BASE_S + 7, 5000], severityNumber: 9, body: { a: 1, b: [true, "x"] } });
logger.emit({ timestamp: [BASE_S + 8, 5000], severityNumber: 9, eventName: "order.created", body: "event" });

await sdk.shutdown();
console.log(
  "REPORT " +
    JSON.stringify({
      traceId: root.spanContext().traceId,
      spans,
      big: String(BIG),
      errorType: "ConnectionError",
    }),
);
