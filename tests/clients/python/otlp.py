"""The OpenTelemetry scenario of ../otlp_scenario.ts. Argument: http or grpc."""

import json
import sys

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.metrics import Observation
from opentelemetry.trace import (
    Link,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    format_span_id,
    format_trace_id,
    set_span_in_context,
)

if sys.argv[1] == "grpc":
    from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
else:
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

BASE_NS = 1_767_225_600_000_000_000
BIG = 9_007_199_254_740_993

traces = TracerProvider()
traces.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
metrics = MeterProvider(
    metric_readers=[PeriodicExportingMetricReader(OTLPMetricExporter())],
    views=[View(instrument_name="order.size", aggregation=ExponentialBucketHistogramAggregation())],
)
logs = LoggerProvider()
logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))

tracer = traces.get_tracer("clients", "1.0.0")
spans = {}


def start(name, kind, start_ns, parent=None, **options):
    context = None if parent is None else set_span_in_context(parent)
    span = tracer.start_span(name, context=context, kind=kind, start_time=BASE_NS + start_ns, **options)
    spans[name] = format_span_id(span.get_span_context().span_id)
    return span


root = start(
    "GET /orders/{id}",
    SpanKind.SERVER,
    123_456_789,
    attributes={
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "url.path": "/orders/7",
        "app.text": "héllo wörld 中文 🚀",
        "app.big": BIG,
        "app.double": 0.1,
        "app.flag": True,
        "app.empty": "",
        "app.texts": ["a", "bü"],
        "app.integers": [1, -2, 3],
        "app.doubles": [0.5, 1.25],
        "app.flags": [True, False],
    },
)
database = start(
    "SELECT orders",
    SpanKind.CLIENT,
    200_000_000,
    root,
    attributes={
        "db.system.name": "postgresql",
        "db.query.text": "SELECT * FROM orders WHERE id = $1",
        "server.address": "db.local",
    },
)
try:
    raise ConnectionError("connection reset")
except ConnectionError as error:
    database.record_exception(error, timestamp=BASE_NS + 250_000_000)
database.set_status(Status(StatusCode.ERROR, "connection reset"))
database.end(BASE_NS + 300_000_000)
publish = start(
    "publish",
    SpanKind.PRODUCER,
    400_000_000,
    root,
    attributes={"messaging.system": "kafka"},
    links=[
        Link(
            SpanContext(
                0x0AF7651916CD43DD8448EB211C80319C,
                0xB7AD6B7169203331,
                is_remote=True,
                trace_flags=TraceFlags(TraceFlags.SAMPLED),
            ),
            {"link.kind": "follows"},
        )
    ],
)
publish.add_event("queued", {"queue.name": "büro", "queue.length": 3}, BASE_NS + 450_000_000)
start("deliver", SpanKind.CONSUMER, 510_000_000, publish).end(BASE_NS + 520_000_000)
publish.set_status(Status(StatusCode.OK))
publish.end(BASE_NS + 500_000_000)
start("compute", SpanKind.INTERNAL, 600_000_000, root).end(BASE_NS + 600_001_000)
root.end(BASE_NS + 987_654_321)

meter = metrics.get_meter("clients")
placed = meter.create_counter("orders.placed")
placed.add(3, {"tier": "gold"})
placed.add(4, {"tier": "gold"})
placed.add(1, {"tier": "büro"})
amount = meter.create_counter("orders.amount", unit="EUR")
amount.add(0.1)
amount.add(0.2)
meter.create_counter("orders.bytes").add(BIG)
opened = meter.create_up_down_counter("orders.open")
opened.add(5)
opened.add(-8)
meter.create_gauge("queue.fill").set(0.75)
meter.create_observable_gauge("queue.length", [lambda options: [Observation(42, {"queue": "a"})]])
duration = meter.create_histogram("order.duration", unit="ms")
for value in (1, 7, 7, 300, 12000):
    duration.record(float(value))
size = meter.create_histogram("order.size")
for value in (0, 1, 2, 4):
    size.record(float(value))

logger = logs.get_logger("clients")
for index, level in enumerate(("trace", "debug", "info", "warn", "error", "fatal")):
    logger.emit(
        LogRecord(
            timestamp=BASE_NS + index * 1_000_000_000 + 5000,
            severity_number=SeverityNumber(1 + 4 * index),
            severity_text=level.upper(),
            body=f"level {level}",
        )
    )
logger.emit(
    LogRecord(
        timestamp=BASE_NS + 6_000_005_000,
        severity_number=SeverityNumber.INFO,
        body='日本語 🚀 "quoted"\nsecond line',
        attributes={"app.big": BIG, "app.double": 0.1, "app.flag": True, "app.texts": ["a", "bü"]},
        context=set_span_in_context(root),
    )
)
logger.emit(
    LogRecord(
        timestamp=BASE_NS + 7_000_005_000,
        severity_number=SeverityNumber.INFO,
        body={"a": 1, "b": [True, "x"]},
    )
)
logger.emit(
    LogRecord(
        timestamp=BASE_NS + 8_000_005_000,
        severity_number=SeverityNumber.INFO,
        event_name="order.created",
        body="event",
    )
)

for provider in (traces, metrics, logs):
    provider.shutdown()
trace_id = format_trace_id(root.get_span_context().trace_id)
print("REPORT " + json.dumps({"traceId": trace_id, "spans": spans, "big": str(BIG), "errorType": "ConnectionError"}))
