"""Writes the same metrics into the log with each library, as its documentation says."""

import asyncio


def powertools():
    from aws_lambda_powertools import Metrics, single_metric
    from aws_lambda_powertools.metrics import MetricResolution, MetricUnit

    metrics = Metrics(namespace="shop", service="checkout")

    @metrics.log_metrics(capture_cold_start_metric=True)
    def run(event, context):
        metrics.add_dimension(name="region", value="eu")
        metrics.add_metric(name="orders", unit=MetricUnit.Count, value=2)
        metrics.add_metric(
            name="latency", unit=MetricUnit.Milliseconds, value=12.5, resolution=MetricResolution.High
        )
        metrics.add_metric(
            name="latency", unit=MetricUnit.Milliseconds, value=40, resolution=MetricResolution.High
        )
        metrics.add_metadata(key="order_id", value="A-17")
        with single_metric(
            name="visits", unit=MetricUnit.Count, value=1, namespace="shop/front-end"
        ) as metric:
            metric.add_dimension(name="page", value="cart")

    return run


def powertools_many():
    from aws_lambda_powertools import Metrics

    metrics = Metrics(namespace="shop", service="checkout")

    @metrics.log_metrics
    def run(event, context):
        for number in range(150):
            metrics.add_metric(name=f"m{number}", unit="Count", value=number)

    return run


def embedded_metrics():
    from aws_embedded_metrics import metric_scope
    from aws_embedded_metrics.storage_resolution import StorageResolution

    @metric_scope
    def run(event, context, metrics):
        metrics.set_namespace("shop")
        metrics.set_dimensions({"service": "checkout"}, {"service": "checkout", "region": "eu"})
        metrics.put_metric("orders", 2, "Count")
        metrics.put_metric("latency", 12.5, "Milliseconds", StorageResolution.HIGH)
        metrics.put_metric("latency", 40, "Milliseconds", StorageResolution.HIGH)
        metrics.set_property("order_id", "A-17")

    return run


LIBRARIES = {
    "powertools": powertools,
    "powertools, many": powertools_many,
    "aws-embedded-metrics": embedded_metrics,
}


def handler(event, context):
    # Some leave an event loop behind them, and some want one.
    asyncio.set_event_loop(asyncio.new_event_loop())
    LIBRARIES[event["library"]]()(event, context)
