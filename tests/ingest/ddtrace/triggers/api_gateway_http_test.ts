import { assertEquals } from "@std/assert";
import { answerOf, runTrigger, sample } from "./trigger_run.ts";
import { scenario } from "../../../support/scenario.ts";

scenario("a call of an HTTP API lasts from its arrival to the invocation's end", async () => {
  const run = await runTrigger(await sample("api_gateway_http"));
  assertEquals(answerOf(run), {
    "x-datadog-sampling-priority": "2",
    "x-datadog-tags": "_dd.p.tid=6552a70e00000000",
    "x-datadog-trace-id": "11",
  });
  assertEquals(run.spans, [
    {
      operation: "aws.apigateway.http",
      service: "a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com",
      resource: "GET /shops/{shop_id}/orders/{order_id}",
      sourceType: "web",
      status: "ok",
      traceId: "6552a70e00000000000000000000000b",
      parent: "upstream 22",
      startMs: -50,
      durationMs: 100,
      tags: {
        http_method: "GET",
        http_route: "/shops/{shop}/orders/{order}",
        http_status_class: "2xx",
        http_status_code: "200",
        http_url:
          "https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/shops/7/orders/0190163d-8694-7ab1-8a5e-1d4b8a0b9c11",
        sampling_rate: "user_keep",
      },
      meta: {
        "_dd.origin": "lambda",
        "_dd.p.tid": "6552a70e00000000",
        "_inferred_span.synchronicity": "sync",
        "_inferred_span.tag_source": "self",
        "apigateway.request_id": "Jp3vNhWeIAMEQ1w=",
        apiid: "a1b2c3d4e5",
        endpoint: "/shops/7/orders/0190163d-8694-7ab1-8a5e-1d4b8a0b9c11",
        "http.protocol": "HTTP/1.1",
        "http.referer": "https://shop.example/",
        "http.source_ip": "192.0.2.7",
        "http.url_details.path": "/shops/7/orders/0190163d-8694-7ab1-8a5e-1d4b8a0b9c11",
        "http.user_agent": "curl/8.5.0",
        "peer.service": "shop",
        request_id: "r1",
        stage: "$default",
      },
      metrics: { _sampling_priority_v1: 2 },
    },
    {
      operation: "aws.lambda",
      service: "shop",
      resource: "fn",
      sourceType: "custom",
      status: "ok",
      traceId: "6552a70e00000000000000000000000b",
      parent: "aws.apigateway.http",
      startMs: 0,
      durationMs: 50,
      tags: {
        faas_trigger: "http",
        function_trigger_event_source: "api-gateway",
        function_trigger_event_source_arn:
          "arn:aws:apigateway:eu-west-1::/restapis/a1b2c3d4e5/stages/$default",
        http_method: "GET",
        http_route: "/shops/{shop}/orders/{order}",
        http_status_class: "2xx",
        http_status_code: "200",
        http_url:
          "https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/shops/7/orders/0190163d-8694-7ab1-8a5e-1d4b8a0b9c11",
        sampling_rate: "user_keep",
      },
      meta: {
        "_dd.origin": "lambda",
        "_dd.p.tid": "6552a70e00000000",
        cold_start: "false",
        "http.protocol": "HTTP/1.1",
        "http.referer": "https://shop.example/",
        "http.source_ip": "192.0.2.7",
        "http.url_details.path": "/shops/7/orders/0190163d-8694-7ab1-8a5e-1d4b8a0b9c11",
        "http.user_agent": "curl/8.5.0",
        request_id: "r1",
      },
      metrics: { _sampling_priority_v1: 2 },
    },
  ]);
});
