import { assertEquals } from "@std/assert";
import { answerOf, runTrigger, sample } from "./trigger_run.ts";
import { scenario } from "../../../support/scenario.ts";

scenario(
  "a message without attributes goes on with the trace that Datadog's tracer for Java put into X-Ray's header",
  async () => {
    const run = await runTrigger(await sample("sqs_trace_header"));
    assertEquals(answerOf(run), { "x-datadog-sampling-priority": "1", "x-datadog-trace-id": "11" });
    assertEquals(run.spans, [
      {
        operation: "aws.sqs",
        service: "orders",
        resource: "orders",
        sourceType: "message_queue",
        status: "ok",
        traceId: "11",
        parent: "upstream 22",
        startMs: -3100,
        durationMs: 3100,
        tags: { sampling_rate: "sampler_keep" },
        meta: {
          "_dd.origin": "lambda",
          "_inferred_span.synchronicity": "async",
          "_inferred_span.tag_source": "self",
          aws_region: "eu-west-1",
          event_source_arn: "arn:aws:sqs:eu-west-1:123456789012:orders",
          message_id: "059f36b4-87a3-44ab-83d2-661975830a7d",
          "peer.service": "shop",
          queuename: "orders",
          receipt_handle: "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
          request_id: "r1",
          retry_count: "2",
          sender_id: "AIDAIENQZJOLO23YVJ4VO",
          source_arn: "arn:aws:sqs:eu-west-1:123456789012:orders",
        },
        metrics: { _sampling_priority_v1: 1, record_count: 1 },
      },
      {
        operation: "aws.lambda",
        service: "shop",
        resource: "fn",
        sourceType: "custom",
        status: "ok",
        traceId: "11",
        parent: "aws.sqs",
        startMs: 0,
        durationMs: 50,
        tags: {
          faas_trigger: "pubsub",
          function_trigger_event_source: "sqs",
          function_trigger_event_source_arn: "arn:aws:sqs:eu-west-1:123456789012:orders",
          http_status_class: "2xx",
          http_status_code: "200",
          sampling_rate: "sampler_keep",
        },
        meta: {
          "_dd.origin": "lambda",
          aws_region: "eu-west-1",
          cold_start: "false",
          request_id: "r1",
          retry_count: "2",
          sender_id: "AIDAIENQZJOLO23YVJ4VO",
          source_arn: "arn:aws:sqs:eu-west-1:123456789012:orders",
        },
        metrics: { _sampling_priority_v1: 1 },
      },
    ]);
  },
);
