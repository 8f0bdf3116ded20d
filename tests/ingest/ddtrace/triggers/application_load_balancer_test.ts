import { assertEquals } from "@std/assert";
import { answerOf, runTrigger, sample } from "./trigger_run.ts";
import { scenario } from "../../../support/scenario.ts";

scenario("a load balancer's request is as long as the invocation, as its event tells no time", async () => {
  const run = await runTrigger(await sample("application_load_balancer"));
  assertEquals(answerOf(run), {
    "x-datadog-sampling-priority": "2",
    "x-datadog-tags": "_dd.p.tid=6552a70e00000000",
    "x-datadog-trace-id": "11",
  });
  assertEquals(run.spans, [
    {
      operation: "aws.alb",
      service: "shop.example",
      resource: "GET /orders/{order_id}",
      sourceType: "web",
      status: "ok",
      traceId: "6552a70e00000000000000000000000b",
      parent: "upstream 22",
      startMs: 0,
      durationMs: 50,
      tags: {
        http_method: "GET",
        http_status_class: "2xx",
        http_status_code: "200",
        http_url: "https://shop.example/orders/17",
        sampling_rate: "user_keep",
      },
      meta: {
        "_dd.origin": "lambda",
        "_dd.p.tid": "6552a70e00000000",
        "_inferred_span.synchronicity": "sync",
        "_inferred_span.tag_source": "self",
        endpoint: "/orders/17",
        "http.source_ip": "192.0.2.10",
        "http.url_details.path": "/orders/17",
        "http.user_agent": "ELB-HealthChecker/2.0",
        "peer.service": "shop",
        request_id: "r1",
        target_group_arn:
          "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/orders/6d0ecf831eec9f09",
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
      parent: "aws.alb",
      startMs: 0,
      durationMs: 50,
      tags: {
        faas_trigger: "http",
        function_trigger_event_source: "application-load-balancer",
        function_trigger_event_source_arn:
          "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/orders/6d0ecf831eec9f09",
        http_method: "GET",
        http_status_class: "2xx",
        http_status_code: "200",
        http_url: "https://shop.example/orders/17",
        sampling_rate: "user_keep",
      },
      meta: {
        "_dd.origin": "lambda",
        "_dd.p.tid": "6552a70e00000000",
        cold_start: "false",
        "http.source_ip": "192.0.2.10",
        "http.url_details.path": "/orders/17",
        "http.user_agent": "ELB-HealthChecker/2.0",
        request_id: "r1",
      },
      metrics: { _sampling_priority_v1: 2 },
    },
  ]);
});
