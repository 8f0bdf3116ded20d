import { assertEquals } from "@std/assert";
import { answerOf, runTrigger, sample } from "./trigger_run.ts";
import { scenario } from "../../../support/scenario.ts";

scenario("an EventBridge event waits until the invocation begins", async () => {
  const run = await runTrigger(await sample("event_bridge"));
  assertEquals(answerOf(run), {
    "x-datadog-sampling-priority": "2",
    "x-datadog-tags": "_dd.p.tid=6552a70e00000000",
    "x-datadog-trace-id": "11",
  });
  assertEquals(run.spans, [
    {
      operation: "aws.eventbridge",
      service: "shop.orders",
      resource: "shop.orders",
      sourceType: "message_queue",
      status: "ok",
      traceId: "6552a70e00000000000000000000000b",
      parent: "upstream 22",
      startMs: -6100,
      durationMs: 6100,
      tags: { sampling_rate: "user_keep" },
      meta: {
        "_dd.origin": "lambda",
        "_dd.p.tid": "6552a70e00000000",
        "_inferred_span.synchronicity": "async",
        "_inferred_span.tag_source": "self",
        detail_type: "OrderPlaced",
        event_source: "shop.orders",
        "peer.service": "shop",
        request_id: "r1",
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
      parent: "aws.eventbridge",
      startMs: 0,
      durationMs: 50,
      tags: {
        faas_trigger: "pubsub",
        function_trigger_event_source: "eventbridge",
        function_trigger_event_source_arn: "shop.orders",
        http_status_class: "2xx",
        http_status_code: "200",
        sampling_rate: "user_keep",
      },
      meta: {
        "_dd.origin": "lambda",
        "_dd.p.tid": "6552a70e00000000",
        cold_start: "false",
        request_id: "r1",
      },
      metrics: { _sampling_priority_v1: 2 },
    },
  ]);
});
