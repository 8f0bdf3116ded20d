"""The ddtrace scenario of ../ddtrace_scenario.ts."""

import json

from ddtrace.trace import tracer

BASE_NS = 1_767_225_600_000_000_000


def start(name, start_ms, parent=None, **options):
    span = tracer.start_span(name, child_of=parent, activate=False, **options)
    span.start_ns = BASE_NS + start_ms * 1_000_000
    return span


def finish(span, end_s):
    # Halves of a second are exact here, where times are doubles.
    span.finish(BASE_NS / 1e9 + end_s)


root = start("web.request", 128, resource="GET /orders/{id}", span_type="web")
for name, value in {
    "span.kind": "server",
    "http.method": "GET",
    "http.status_code": "200",
    "http.url": "http://shop.example/orders/7",
    "app.text": "héllo wörld 中文 🚀",
    "app.number": 0.1,
    "app.integer": 42,
    "app.flag": True,
}.items():
    root.set_tag(name, value)
database = start("db.query", 200, root, resource="SELECT orders", span_type="sql")
database.set_tag("span.kind", "client")
database.set_tag("db.type", "postgres")
try:
    raise ConnectionError("connection reset")
except ConnectionError as error:
    database.set_exc_info(type(error), error, error.__traceback__)
finish(database, 0.5)
work = start("work", 600, root)
HAS_EVENTS = hasattr(work, "_add_event")
if HAS_EVENTS:
    work._add_event("step", {"step.name": "büro", "step.count": 3}, BASE_NS + 650_000_000)
work.link_span(root.context, {"link.kind": "follows"})
finish(work, 1.0)
finish(root, 1.0)

spans = {"root": str(root.span_id), "database": str(database.span_id), "work": str(work.span_id)}
trace_id = f"{root.trace_id:032x}"
tracer.shutdown()
print("REPORT " + json.dumps({"traceId": trace_id, "spans": spans, "errorType": "builtins.ConnectionError"}))
