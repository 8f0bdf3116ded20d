"""The Lambda scenario of ../lambda_scenario.ts: a wrapped handler, called as Lambda's runtime calls it."""

import os
import time

from datadog_lambda.metric import lambda_metric
from datadog_lambda.wrapper import datadog_lambda_wrapper
from ddtrace.trace import tracer


@datadog_lambda_wrapper
def handler(event, context):
    lambda_metric("shop.sold", 2.5, tags=["tier:gold"])
    with tracer.trace("work", resource="sell"):
        pass
    return {"statusCode": 200, "body": "ok"}


class Context:
    aws_request_id = os.environ["TEST_REQUEST_ID"]
    invoked_function_arn = "arn:aws:lambda:eu-west-1:123456789012:function:checkout"
    function_name = "checkout"
    function_version = "$LATEST"
    memory_limit_in_mb = "512"
    client_context = None

    def get_remaining_time_in_millis(self):
        return 10_000


EVENT = {
    "version": "2.0",
    "routeKey": "GET /orders",
    "rawPath": "/orders",
    "rawQueryString": "",
    "headers": {
        "x-datadog-trace-id": "1234567890",
        "x-datadog-parent-id": "987654321",
        "x-datadog-sampling-priority": "2",
        "host": "shop.example",
    },
    "requestContext": {
        "accountId": "123456789012",
        "apiId": "a1",
        "stage": "$default",
        "requestId": "r1",
        "domainName": "a1.execute-api.eu-west-1.amazonaws.com",
        "domainPrefix": "a1",
        "http": {"method": "GET", "path": "/orders", "protocol": "HTTP/1.1", "sourceIp": "10.0.0.1", "userAgent": "test"},
        "timeEpoch": 1767225600000,
    },
}

handler(EVENT, Context())
time.sleep(0.5)
print("REPORT {}")
