import { assertEquals } from "@std/assert";
import { answerOf, runTrigger, sample } from "./trigger_run.ts";
import { scenario } from "../../../support/scenario.ts";

scenario("a stream's first record waits until the invocation begins", async () => {
  const run = await runTrigger(await sample("kinesis"));
  assertEquals(answerOf(run), {
    "x-datadog-sampling-priority": "2",
    "x-datadog-tags": "_dd.p.tid=6552a70e00000000",
    "x-datadog-trace-id": "11",
  });
  assertEquals(run.spans, [
    {
      operation: "aws.kinesis",
      service: "clicks",
      resource: "clicks",
      sourceType: "message_queue",
      status: "ok",
      traceId: "6552a70e00000000000000000000000b",
      parent: "upstream 22",
      startMs: -3937,
      durationMs: 3937,
      tags: { sampling_rate: "user_keep" },
      meta: {
        "_dd.origin": "lambda",
        "_dd.p.tid": "6552a70e00000000",
        "_inferred_span.synchronicity": "async",
        "_inferred_span.tag_source": "self",
        event_id: "shardId-000000000006:49590338271490256608559692538361571095921575989136588898",
        event_name: "aws:kinesis:record",
        event_source_arn: "arn:aws:kinesis:eu-west-1:123456789012:stream/clicks",
        event_version: "1.0",
        partition_key: "shop-7",
        "peer.service": "shop",
        request_id: "r1",
        shardid: "shardId-000000000006",
        streamname: "clicks",
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
      parent: "aws.kinesis",
      startMs: 0,
      durationMs: 50,
      tags: {
        faas_trigger: "datasource",
        function_trigger_event_source: "kinesis",
        function_trigger_event_source_arn: "arn:aws:kinesis:eu-west-1:123456789012:stream/clicks",
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
