"""What Datadog's library for Python makes of sample events, one JSON line each; see ../inferred_spans_test.ts."""

import json
import pathlib
import sys

from datadog_lambda import tracing
from ddtrace.trace import TraceFilter, tracer

finished = []


class Recorder(TraceFilter):
    def process_trace(self, trace):
        finished.extend(trace)
        return None


class Context:
    aws_request_id = "r1"
    invoked_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:fn"
    function_name = "fn"
    client_context = None


def describe(span):
    return {
        "operation": span.name,
        "service": span.service,
        "resource": span.resource,
        "start": str(span.start_ns // 1_000_000),
        "durationMs": span.duration_ns // 1_000_000,
        "parentId": str(span.parent_id or 0),
        "spanId": str(span.span_id),
        "synchronicity": span.get_tag("_inferred_span.synchronicity"),
    }


tracer.configure(trace_processors=[Recorder()])
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.json")):
    finished.clear()
    tracer.context_provider.activate(None)
    event = json.loads(path.read_text())
    context, source, event_source = tracing.extract_dd_trace_context(event, Context())
    tracing.set_dd_trace_py_root(source, False)
    span = tracing.create_inferred_span(event, Context(), event_source)
    if span is not None:
        span.finish()
    high = context._meta.get("_dd.p.tid", "") if context else ""
    print(json.dumps({
        "name": path.stem,
        "source": event_source.to_string(),
        "upstream": {
            "traceIdLow": str((context.trace_id or 0) & (1 << 64) - 1) if context else "0",
            "traceIdHigh": high or (f"{(context.trace_id or 0) >> 64:016x}" if context else ""),
            "parentId": str(context.span_id or 0) if context else "0",
        },
        "spans": [describe(made) for made in finished],
    }))
