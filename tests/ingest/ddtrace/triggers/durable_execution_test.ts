import { assertEquals } from "@std/assert";
import { runTrigger, sample } from "./trigger_run.ts";
import { scenario } from "../../../support/scenario.ts";

scenario("a durable function goes on with the trace of its latest checkpoint", async () => {
  const run = await runTrigger(await sample("durable_execution"));
  assertEquals(run.answer, {
    "x-datadog-parent-id": "22",
    "x-datadog-sampling-priority": "2",
    "x-datadog-tags": "_dd.p.tid=6552a70e00000000",
    "x-datadog-trace-id": "11",
  });
  assertEquals(run.spans, [
    {
      operation: "aws.lambda",
      service: "shop",
      resource: "fn",
      sourceType: "custom",
      status: "ok",
      traceId: "6552a70e00000000000000000000000b",
      parent: "upstream 22",
      startMs: 0,
      durationMs: 50,
      tags: { http_status_class: "2xx", http_status_code: "200", sampling_rate: "user_keep" },
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
