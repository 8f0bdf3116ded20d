import { assertEquals } from "@std/assert";
import { answerOf, runTrigger, sample } from "./trigger_run.ts";
import { scenario } from "../../../support/scenario.ts";

scenario("a change of a table waits until the invocation begins", async () => {
  const run = await runTrigger(await sample("dynamodb"));
  assertEquals(answerOf(run), {});
  assertEquals(run.spans, [
    {
      operation: "aws.dynamodb",
      service: "orders",
      resource: "INSERT orders",
      sourceType: "message_queue",
      status: "ok",
      traceId: "77",
      parent: "0",
      startMs: -1100,
      durationMs: 1100,
      tags: { sampling_rate: "sampler_keep" },
      meta: {
        "_dd.origin": "lambda",
        "_inferred_span.synchronicity": "async",
        "_inferred_span.tag_source": "self",
        event_id: "c4ca4238a0b923820dcc509a6f75849b",
        event_name: "INSERT",
        event_source_arn:
          "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2023-06-27T00:48:05.899",
        event_version: "1.1",
        "peer.service": "shop",
        request_id: "r1",
        size_bytes: "26",
        stream_view_type: "NEW_AND_OLD_IMAGES",
        table_name: "orders",
      },
      metrics: { _sampling_priority_v1: 1, record_count: 1 },
    },
    {
      operation: "aws.lambda",
      service: "shop",
      resource: "fn",
      sourceType: "custom",
      status: "ok",
      traceId: "77",
      parent: "aws.dynamodb",
      startMs: 0,
      durationMs: 50,
      tags: {
        faas_trigger: "datasource",
        function_trigger_event_source: "dynamodb",
        function_trigger_event_source_arn:
          "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2023-06-27T00:48:05.899",
        http_status_class: "2xx",
        http_status_code: "200",
        sampling_rate: "sampler_keep",
      },
      meta: { "_dd.origin": "lambda", cold_start: "false", request_id: "r1" },
      metrics: { _sampling_priority_v1: 1 },
    },
  ]);
});
