"""One span, count or log an invocation, by the SDK that FUNCTION_SDK names; flushed if FUNCTION_FLUSH says so."""

import os

flushes = os.environ["FUNCTION_FLUSH"] == "yes"


def opentelemetry():
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    tracer = provider.get_tracer("shop")

    def work():
        tracer.start_span("price").end()
        if flushes:
            provider.force_flush()

    return work


def ddtrace():
    from ddtrace.trace import tracer

    def work():
        tracer.trace("price").finish()
        if flushes:
            tracer.flush()

    return work


def dogstatsd(**options):
    from datadog.dogstatsd import DogStatsd

    client = DogStatsd(**options)

    def work():
        client.increment("shop.orders")
        if flushes:
            client.flush()

    return work


def log_bridge():
    import logging

    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor

    provider = LoggerProvider()
    provider.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
    logging.getLogger().addHandler(LoggingHandler(logger_provider=provider))

    def work():
        logging.error("order failed")
        if flushes:
            provider.force_flush()

    return work


SDKS = {
    "opentelemetry": opentelemetry,
    "ddtrace": ddtrace,
    "statsd": dogstatsd,
    "statsd buffered": lambda: dogstatsd(disable_buffering=False),
    "log bridge": log_bridge,
}
work = SDKS[os.environ["FUNCTION_SDK"]]()


def handler(event, context):
    work()
    return "ok"
