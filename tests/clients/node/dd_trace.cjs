// The ddtrace scenario of ../ddtrace_scenario.ts.
const tracer = require("dd-trace").init({ flushInterval: 0 });

const BASE_MS = 1_767_225_600_000;

const root = tracer.startSpan("web.request", {
  startTime: BASE_MS + 128,
  tags: {
    "resource.name": "GET /orders/{id}",
    "span.type": "web",
    "span.kind": "server",
    "http.method": "GET",
    "http.status_code": 200,
    "http.url": "http://shop.example/orders/7",
    "app.text": "héllo wörld 中文 🚀",
    "app.number": 0.1,
    "app.integer": 42,
    "app.flag": true,
  },
});
const database = tracer.startSpan("db.query", {
  childOf: root,
  startTime: BASE_MS + 200,
  tags: {
    "resource.name": "SELECT orders",
    "span.type": "sql",
    "span.kind": "client",
    "db.type": "postgres",
  },
});
const failure = new Error("connection reset");
database.setTag("error", failure);
database.finish(BASE_MS + 500);
const work = tracer.startSpan("work", { childOf: root, startTime: BASE_MS + 600 });
work.addEvent("step", { "step.name": "büro", "step.count": 3 }, BASE_MS + 650);
work.addLink({ context: root.context(), attributes: { "link.kind": "follows" } });
work.finish(BASE_MS + 1000);
root.finish(BASE_MS + 1000);

tracer.dogstatsd.increment("shop.proxied", 3, { tier: "gold" });
tracer.dogstatsd.flush();

const spans = Object.fromEntries(
  Object.entries({ root, database, work }).map(([name, span]) => [name, span.context().toSpanId()]),
);
console.log("REPORT " + JSON.stringify({ traceId: root.context().toTraceId(true), spans, errorType: "Error" }));
setTimeout(() => process.exit(0), 1000);
