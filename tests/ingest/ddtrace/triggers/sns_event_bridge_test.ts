import { assertEquals } from "@std/assert";
import { answerOf, runTrigger, sample } from "./trigger_run.ts";
import { scenario } from "../../../support/scenario.ts";

scenario("an EventBridge event in a notification has a span of its own until it is one", async () => {
  const run = await runTrigger(await sample("sns_event_bridge"));
  assertEquals(answerOf(run), {
    "x-datadog-sampling-priority": "2",
    "x-datadog-tags": "_dd.p.tid=6552a70e00000000",
    "x-datadog-trace-id": "11",
  });
  assertEquals(run.spans, [
    {
      operation: "aws.eventbridge",
      service: "shop.orders",
      resource: "shop-bus",
      sourceType: "message_queue",
      status: "ok",
      traceId: "6552a70e00000000000000000000000b",
      parent: "upstream 22",
      startMs: -5850,
      durationMs: 1250,
      tags: { sampling_rate: "user_keep" },
      meta: {
        "_dd.origin": "lambda",
        "_dd.p.tid": "6552a70e00000000",
        "_inferred_span.synchronicity": "async",
        "_inferred_span.tag_source": "self",
        detail_type: "OrderPlaced",
        event_source: "shop.orders",
        "peer.service": "shop-events",
        request_id: "r1",
      },
      metrics: { _sampling_priority_v1: 2 },
    },
    {
      operation: "aws.sns",
      service: "shop-events",
      resource: "shop-events",
      sourceType: "message_queue",
      status: "ok",
      traceId: "6552a70e00000000000000000000000b",
      parent: "aws.eventbridge",
      startMs: -4600,
      durationMs: 4600,
      tags: { sampling_rate: "user_keep" },
      meta: {
        "_dd.origin": "lambda",
        "_dd.p.tid": "6552a70e00000000",
        "_inferred_span.synchronicity": "async",
        "_inferred_span.tag_source": "self",
        event_subscription_arn:
          "arn:aws:sns:eu-west-1:123456789012:shop-events:21be56ed-a058-49f5-8c98-aedd2564c486",
        message_id: "95df01b4-ee98-5cb9-9903-4c221d41eb5e",
        "peer.service": "shop",
        request_id: "r1",
        subject: "order",
        topic_arn: "arn:aws:sns:eu-west-1:123456789012:shop-events",
        topicname: "shop-events",
        type: "Notification",
      },
      metrics: { _sampling_priority_v1: 2, record_count: 1 },
    },
    {
      operation: "aws.lambda",
      service: "shop",
      resource: "fn",
      sourceType: "custom",
      status: "ok",
      traceId: "6552a70e00000000000000000000000b",
      parent: "aws.sns",
      startMs: 0,
      durationMs: 50,
      tags: {
        faas_trigger: "pubsub",
        function_trigger_event_source: "sns",
        function_trigger_event_source_arn: "arn:aws:sns:eu-west-1:123456789012:shop-events",
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
