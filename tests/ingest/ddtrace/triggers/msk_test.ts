import { assertEquals } from "@std/assert";
import { answerOf, runTrigger, sample } from "./trigger_run.ts";
import { scenario } from "../../../support/scenario.ts";

scenario(
  "a topic's first record waits until the invocation, and the first that has a trace gives it",
  async () => {
    const run = await runTrigger(await sample("msk"));
    assertEquals(answerOf(run), {
      "x-datadog-sampling-priority": "2",
      "x-datadog-tags": "_dd.p.tid=6552a70e00000000",
      "x-datadog-trace-id": "11",
    });
    assertEquals(run.spans, [
      {
        operation: "aws.msk",
        service: "orders",
        resource: "orders",
        sourceType: "message_queue",
        status: "ok",
        traceId: "6552a70e00000000000000000000000b",
        parent: "upstream 22",
        startMs: -2000,
        durationMs: 2000,
        tags: { sampling_rate: "user_keep" },
        meta: {
          "_dd.origin": "lambda",
          "_dd.p.tid": "6552a70e00000000",
          "_inferred_span.synchronicity": "async",
          "_inferred_span.tag_source": "self",
          cluster_arn:
            "arn:aws:kafka:eu-west-1:123456789012:cluster/shop-cluster/751d2973-a626-431c-9d4e-d7975eb44dd7-2",
          event_source_arn:
            "arn:aws:kafka:eu-west-1:123456789012:cluster/shop-cluster/751d2973-a626-431c-9d4e-d7975eb44dd7-2",
          partition: "0",
          "peer.service": "shop",
          request_id: "r1",
          topic: "orders",
        },
        metrics: { _sampling_priority_v1: 2, record_count: 2 },
      },
      {
        operation: "aws.lambda",
        service: "shop",
        resource: "fn",
        sourceType: "custom",
        status: "ok",
        traceId: "6552a70e00000000000000000000000b",
        parent: "aws.msk",
        startMs: 0,
        durationMs: 50,
        tags: {
          faas_trigger: "pubsub",
          function_trigger_event_source: "msk",
          function_trigger_event_source_arn:
            "arn:aws:kafka:eu-west-1:123456789012:cluster/shop-cluster/751d2973-a626-431c-9d4e-d7975eb44dd7-2",
          http_status_class: "2xx",
          http_status_code: "200",
          sampling_rate: "user_keep",
        },
        meta: {
          "_dd.origin": "lambda",
          "_dd.p.tid": "6552a70e00000000",
          cold_start: "false",
          partition: "0",
          request_id: "r1",
          topic: "orders",
        },
        metrics: { _sampling_priority_v1: 2 },
      },
    ]);
  },
);
