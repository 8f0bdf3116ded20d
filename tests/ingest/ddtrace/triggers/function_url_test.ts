import { assertEquals } from "@std/assert";
import { answerOf, runTrigger, sample } from "./trigger_run.ts";
import { scenario } from "../../../support/scenario.ts";

scenario("a call of a function's URL lasts from its arrival to the invocation's end", async () => {
  const run = await runTrigger(await sample("function_url"));
  assertEquals(answerOf(run), {
    "x-datadog-sampling-priority": "1",
    "x-datadog-tags": "_dd.p.tid=6552a70e00000000",
    "x-datadog-trace-id": "11",
  });
  assertEquals(run.spans, [
    {
      operation: "aws.lambda.url",
      service: "p6q7r8s9t0.lambda-url.eu-west-1.on.aws",
      resource: "PUT /pay",
      sourceType: "web",
      status: "ok",
      traceId: "6552a70e00000000000000000000000b",
      parent: "upstream 22",
      startMs: -10,
      durationMs: 60,
      tags: {
        http_method: "PUT",
        http_status_class: "2xx",
        http_status_code: "200",
        http_url: "https://p6q7r8s9t0.lambda-url.eu-west-1.on.aws/pay",
        sampling_rate: "sampler_keep",
      },
      meta: {
        "_dd.origin": "lambda",
        "_dd.p.tid": "6552a70e00000000",
        "_inferred_span.synchronicity": "sync",
        "_inferred_span.tag_source": "self",
        "apigateway.request_id": "e1506fd5-9e7b-434f-bd42-4f8fa224b599",
        endpoint: "/pay",
        "http.protocol": "HTTP/1.1",
        "http.source_ip": "192.0.2.11",
        "http.url_details.path": "/pay",
        "http.user_agent": "Mozilla/5.0",
        "peer.service": "shop",
        request_id: "r1",
      },
      metrics: { _sampling_priority_v1: 1 },
    },
    {
      operation: "aws.lambda",
      service: "shop",
      resource: "fn",
      sourceType: "custom",
      status: "ok",
      traceId: "6552a70e00000000000000000000000b",
      parent: "aws.lambda.url",
      startMs: 0,
      durationMs: 50,
      tags: {
        faas_trigger: "http",
        function_trigger_event_source: "lambda-function-url",
        function_trigger_event_source_arn: "arn:aws:lambda:eu-west-1:123456789012:url:fn",
        http_method: "PUT",
        http_status_class: "2xx",
        http_status_code: "200",
        http_url: "https://p6q7r8s9t0.lambda-url.eu-west-1.on.aws/pay",
        sampling_rate: "sampler_keep",
      },
      meta: {
        "_dd.origin": "lambda",
        "_dd.p.tid": "6552a70e00000000",
        cold_start: "false",
        "http.protocol": "HTTP/1.1",
        "http.source_ip": "192.0.2.11",
        "http.url_details.path": "/pay",
        "http.user_agent": "Mozilla/5.0",
        request_id: "r1",
      },
      metrics: { _sampling_priority_v1: 1 },
    },
  ]);
});
