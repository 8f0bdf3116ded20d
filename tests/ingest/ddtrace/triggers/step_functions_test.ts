import { createHash } from "node:crypto";
import { assert, assertEquals } from "@std/assert";
import { contextOfState, stateOf } from "../../../../src/ingest/ddtrace/step_functions_context.ts";
import type { TraceContext } from "../../../../src/ingest/ddtrace/trace_context.ts";
import type { JsonObject } from "../../../../src/json/exact_json.ts";
import { runTrigger, sample } from "./trigger_run.ts";
import { scenario } from "../../../support/scenario.ts";

scenario("a state of Step Functions has no span of ours, but gives trace and parent", async () => {
  const run = await runTrigger(await sample("step_functions"));
  assertEquals(run.answer, {
    "x-datadog-parent-id": "90074430567470732",
    "x-datadog-sampling-priority": "1",
    "x-datadog-tags": "_dd.p.tid=26a7fcde1d068da0",
    "x-datadog-trace-id": "2880051554778655642",
  });
  assertEquals(run.spans, [
    {
      operation: "aws.lambda",
      service: "shop",
      resource: "fn",
      sourceType: "custom",
      status: "ok",
      traceId: "26a7fcde1d068da027f7ffa14164ab9a",
      parent: "upstream 90074430567470732",
      startMs: 0,
      durationMs: 50,
      tags: {
        faas_trigger: "other",
        function_trigger_event_source: "states",
        function_trigger_event_source_arn: "arn:aws:states:eu-west-1:123456789012:stateMachine:checkout",
        http_status_class: "2xx",
        http_status_code: "200",
        sampling_rate: "sampler_keep",
      },
      meta: {
        "_dd.origin": "states",
        "_dd.p.tid": "26a7fcde1d068da0",
        cold_start: "false",
        request_id: "r1",
        "states.execution_arn":
          "arn:aws:states:eu-west-1:123456789012:execution:checkout:bc9f281c-3daa-4e5a-9a60-471a3810bf44",
        "states.state_name": "charge",
      },
      metrics: { _sampling_priority_v1: 1 },
    },
  ]);
});

Deno.test("contextOfState() makes the ids that every other language makes of the same names", async () => {
  // Examples of Datadog's own tests.
  const executionId =
    "arn:aws:states:us-east-1:425362996713:execution:agocsTestSF:bc9f281c-3daa-4e5a-9a60-471a3810bf44";
  const event = {
    Execution: { Id: executionId, RedriveCount: 0 },
    State: { Name: "agocsTest1", EnteredTime: "2024-07-30T19:55:53.018Z", RetryCount: 0 },
  };
  const expected = {
    traceId: 5744042798732701615n,
    traceIdHigh: 0x1914fe7789eb32ben,
    parentId: 2902498116043018663n,
    priority: 1,
    origin: "states",
  };
  assertEquals(await contextOf(event), expected);
  assertEquals(await contextOf({ Payload: event }), expected);
  assertEquals(await contextOf({ _datadog: event }), expected);
  assertEquals(await contextOf({ Payload: { _datadog: event } }), expected);
});

Deno.test("contextOfState() tells retries and redrives apart, and goes on with a trace that began it all", async () => {
  const event = {
    Execution: { Id: "e", RedriveCount: 0, Input: {} },
    State: { Name: "s", EnteredTime: "t", RetryCount: 0 },
  };
  const { parentId, ...trace } = await contextOf(event);
  const retried = await contextOf({ ...event, State: { ...event.State, RetryCount: 1 } });
  const { parentId: retriedParentId, ...retriedTrace } = retried;
  assertEquals([retriedTrace, retriedParentId === parentId], [trace, false]);
  // SHA-256 of `e#s#t#1#0`.
  const hash = createHash("sha256").update("e#s#t#1#0").digest("hex").slice(0, 16);
  assertEquals(retriedParentId, BigInt.asUintN(63, BigInt(`0x${hash}`)));
  const begun = { "x-datadog-trace-id": "11", "x-datadog-tags": "_dd.p.tid=6552a70e00000000" };
  const expected = {
    traceId: 11n,
    traceIdHigh: 0x6552a70e00000000n,
    parentId,
    priority: 1,
    origin: "states",
  };
  assertEquals(await contextOf({ _datadog: { ...event, ...begun } }), expected);
  assertEquals(
    await contextOf({ ...event, Execution: { ...event.Execution, Input: { _datadog: begun } } }),
    expected,
  );
  const nested = await contextOf({ _datadog: { ...event, RootExecutionId: "root" } });
  const root = createHash("sha256").update("root").digest("hex");
  assertEquals(nested.traceId, BigInt.asUintN(63, BigInt(`0x${root.slice(16, 32)}`)));
});

async function contextOf(event: JsonObject): Promise<TraceContext> {
  const state = stateOf(event);
  assert(state !== undefined);
  return await contextOfState(state);
}
