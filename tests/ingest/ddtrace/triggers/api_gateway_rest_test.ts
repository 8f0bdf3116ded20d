import { assertEquals } from "@std/assert";
import { answerOf, runTrigger, sample } from "./trigger_run.ts";
import { scenario } from "../../../support/scenario.ts";

scenario("a call of a REST API lasts from its arrival to the invocation's end", async () => {
  const run = await runTrigger(await sample("api_gateway_rest"));
  assertEquals(answerOf(run), {
    "x-datadog-sampling-priority": "2",
    "x-datadog-tags": "_dd.p.tid=6552a70e00000000",
    "x-datadog-trace-id": "11",
  });
  assertEquals(run.spans, [
    {
      operation: "aws.apigateway",
      service: "f6g7h8i9j0.execute-api.eu-west-1.amazonaws.com",
      resource: "POST /prod/users/{user_id}/orders",
      sourceType: "web",
      status: "ok",
      traceId: "6552a70e00000000000000000000000b",
      parent: "upstream 22",
      startMs: -80,
      durationMs: 130,
      tags: {
        http_method: "POST",
        http_route: "/users/{id}/orders",
        http_status_class: "2xx",
        http_status_code: "200",
        http_url: "https://f6g7h8i9j0.execute-api.eu-west-1.amazonaws.com/prod/users/42/orders",
        sampling_rate: "user_keep",
      },
      meta: {
        "_dd.origin": "lambda",
        "_dd.p.tid": "6552a70e00000000",
        "_inferred_span.synchronicity": "sync",
        "_inferred_span.tag_source": "self",
        "apigateway.request_id": "5c6d7e8f-0000-4000-8000-000000000001",
        apiid: "f6g7h8i9j0",
        endpoint: "/prod/users/42/orders",
        "http.protocol": "HTTP/1.1",
        "http.source_ip": "192.0.2.8",
        "http.url_details.path": "/prod/users/42/orders",
        "http.user_agent": "okhttp/4.12.0",
        "peer.service": "shop",
        request_id: "r1",
        stage: "prod",
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
      parent: "aws.apigateway",
      startMs: 0,
      durationMs: 50,
      tags: {
        faas_trigger: "http",
        function_trigger_event_source: "api-gateway",
        function_trigger_event_source_arn: "arn:aws:apigateway:eu-west-1::/restapis/f6g7h8i9j0/stages/prod",
        http_method: "POST",
        http_route: "/users/{id}/orders",
        http_status_class: "2xx",
        http_status_code: "200",
        http_url: "https://f6g7h8i9j0.execute-api.eu-west-1.amazonaws.com/prod/users/42/orders",
        sampling_rate: "user_keep",
      },
      meta: {
        "_dd.origin": "lambda",
        "_dd.p.tid": "6552a70e00000000",
        cold_start: "false",
        "http.protocol": "HTTP/1.1",
        "http.source_ip": "192.0.2.8",
        "http.url_details.path": "/prod/users/42/orders",
        "http.user_agent": "okhttp/4.12.0",
        request_id: "r1",
      },
      metrics: { _sampling_priority_v1: 2 },
    },
  ]);
});
