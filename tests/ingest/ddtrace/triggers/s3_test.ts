import { assertEquals } from "@std/assert";
import { answerOf, runTrigger, sample } from "./trigger_run.ts";
import { scenario } from "../../../support/scenario.ts";

scenario("a change in a bucket waits until the invocation begins", async () => {
  const run = await runTrigger(await sample("s3"));
  assertEquals(answerOf(run), {});
  assertEquals(run.spans, [
    {
      operation: "aws.s3",
      service: "shop-receipts",
      resource: "shop-receipts",
      sourceType: "message_queue",
      status: "ok",
      traceId: "77",
      parent: "0",
      startMs: -1850,
      durationMs: 1850,
      tags: { sampling_rate: "sampler_keep" },
      meta: {
        "_dd.origin": "lambda",
        "_inferred_span.synchronicity": "async",
        "_inferred_span.tag_source": "self",
        bucket_arn: "arn:aws:s3:::shop-receipts",
        bucketname: "shop-receipts",
        event_name: "ObjectCreated:Put",
        object_etag: "0123456789abcdef0123456789abcdef",
        object_key: "2023/11/receipt.pdf",
        object_size: "1024",
        "peer.service": "shop",
        request_id: "r1",
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
      parent: "aws.s3",
      startMs: 0,
      durationMs: 50,
      tags: {
        faas_trigger: "datasource",
        function_trigger_event_source: "s3",
        function_trigger_event_source_arn: "arn:aws:s3:::shop-receipts",
        http_status_class: "2xx",
        http_status_code: "200",
        sampling_rate: "sampler_keep",
      },
      meta: { "_dd.origin": "lambda", cold_start: "false", request_id: "r1" },
      metrics: { _sampling_priority_v1: 1 },
    },
  ]);
});
