"""The scenario of ../platform_trace_scenario.ts: the span that the semantic conventions give an invocation."""

import os

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind

traces = TracerProvider()
traces.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
tracer = traces.get_tracer("clients")

with tracer.start_as_current_span(
    "checkout", kind=SpanKind.SERVER, attributes={"faas.invocation_id": os.environ["TEST_REQUEST_ID"]}
):
    with tracer.start_as_current_span("work"):
        pass
traces.shutdown()
print("REPORT {}")
