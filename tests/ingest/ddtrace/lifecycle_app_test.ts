/** The lifecycle API as the Lambda libraries use it, and the invocation span that comes of it. */
import { assertEquals } from "@std/assert";
import { decodeErrorText } from "../../../src/ingest/ddtrace/invocation_report.ts";
import type { FinishedInvocation } from "../../../src/pipeline/receiver.ts";
import { type Harness, harness, message, only, pack, type Packable } from "./support.ts";

const ID = { "lambda-runtime-aws-request-id": "r1" };
const EVENT = JSON.stringify({
  headers: {
    "x-datadog-trace-id": "11",
    "x-datadog-parent-id": "22",
    "x-datadog-sampling-priority": "1",
    "x-datadog-tags": "_dd.p.tid=6552a70e00000000",
  },
});

function finished(members: Partial<FinishedInvocation> = {}): FinishedInvocation {
  const startNs = 1_700_000_000_100_000_000n;
  return { requestId: "r1", startNs, durationMs: 17.25, status: "success", coldStart: true, ...members };
}

function placeholder(members: { readonly [key: string]: Packable } = {}): Uint8Array<ArrayBuffer> {
  return pack([[{
    name: "aws.lambda",
    resource: "dd-tracer-serverless-span",
    service: "aws.lambda",
    trace_id: 11,
    span_id: 33,
    parent_id: 11,
    start: 1_700_000_000_101_000_000n,
    meta: { request_id: "r1", language: "go", "_dd.p.tid": "6552a70e00000000" },
    metrics: { _sampling_priority_v1: 1 },
    ...members,
  }, {
    name: "child",
    service: "x",
    trace_id: 11,
    span_id: 44,
    parent_id: 33,
    start: 1_700_000_000_102_000_000n,
  }]]);
}

/** Names and ids of the points, in order. */
function summary(h: Harness): unknown[] {
  return h.points.map(({ tags, fields }) => [
    tags.get("operation"),
    fields.get("trace_id"),
    fields.get("span_id"),
    fields.get("parent_id"),
  ]);
}

Deno.test("hello and flush answer at once, by any method", async () => {
  let flushes = 0;
  const h = harness({}, { requestFlush: () => void flushes++ });
  for (const [path, body] of [["hello", null], ["flush", null], ["flush", "{}"], ["flush", ""]] as const) {
    const response = await h.call(`/lambda/${path}`, body);
    assertEquals([response.status, await response.text()], [200, "{}"], path);
  }
  assertEquals(flushes, 3);
});

Deno.test("a client such as Go's gets its trace, and its placeholder becomes the invocation span", async () => {
  const h = harness();
  const start = await h.call("/lambda/start-invocation", EVENT, ID);
  assertEquals([start.status, await start.text()], [200, "{}"]);
  assertEquals(start.headers.get("x-datadog-trace-id"), "11");
  assertEquals(start.headers.get("x-datadog-sampling-priority"), "1");
  assertEquals(start.headers.get("x-datadog-tags"), "_dd.p.tid=6552a70e00000000");
  assertEquals(start.headers.get("x-datadog-parent-id"), "22");
  await h.call("/lambda/end-invocation", '{"statusCode":200}', {
    ...ID,
    "x-datadog-trace-id": "11",
    "x-datadog-span-id": "33",
    "x-datadog-parent-id": "11",
    "x-datadog-sampling-priority": "1",
    "x-datadog-tags": "_dd.p.tid=6552a70e00000000",
  });
  await h.send("/v0.4/traces", placeholder());
  assertEquals(summary(h), [["child", "6552a70e00000000000000000000000b", "44", "33"]]);
  h.points.length = 0;
  h.traces.invocationDone?.(finished());
  assertEquals(only(h.points), {
    tags: {
      http_status_class: "2xx",
      http_status_code: "200",
      operation: "aws.lambda",
      remote_ip: "127.0.0.1",
      sampling_rate: "sampler_keep",
      service: "fn",
      source: "ddtrace",
      source_type: "custom",
      span_kind: "server",
      span_type: "entry",
      status: "ok",
    },
    fields: {
      duration: 17_250n,
      parent_id: "22",
      resource: "fn",
      span_id: "33",
      start: 1_700_000_000_100_000n,
      trace_id: "6552a70e00000000000000000000000b",
    },
  });
  assertEquals(Object(message(h.points[0])).meta, {
    request_id: "r1",
    language: "go",
    "_dd.p.tid": "6552a70e00000000",
    "_dd.origin": "lambda",
    cold_start: "true",
  });
  assertEquals(h.refused.size, 0);
  h.traces.invocationDone?.(finished());
  h.traces.collect?.();
  assertEquals(h.points.length, 1);
});

Deno.test("an invocation without an upstream trace takes the ids the library made", async () => {
  const h = harness({ DD_SERVICE: "shop" });
  const start = await h.call("/lambda/start-invocation", "{}", ID);
  await start.body?.cancel();
  assertEquals(start.headers.get("x-datadog-trace-id"), null);
  await h.call("/lambda/end-invocation", "null", {
    ...ID,
    "x-datadog-trace-id": "77",
    "x-datadog-span-id": "88",
    "x-datadog-parent-id": "77",
    "x-datadog-sampling-priority": "1",
  });
  h.traces.invocationDone?.(finished());
  assertEquals(summary(h), [["aws.lambda", "77", "88", "0"]]);
  assertEquals(h.points[0]?.tags.get("service"), "shop");
});

Deno.test("errors come in base64 or as they are", async () => {
  const h = harness();
  await h.call("/lambda/start-invocation", "{}", ID);
  await h.call("/lambda/end-invocation", "", {
    ...ID,
    "x-datadog-trace-id": "77",
    "x-datadog-span-id": "88",
    "x-datadog-invocation-error": "true",
    "x-datadog-invocation-error-msg": btoa("boom at 7"),
    "x-datadog-invocation-error-type": "java.lang.RuntimeException",
    "x-datadog-invocation-error-stack": btoa("a\n\tat b"),
  });
  h.traces.invocationDone?.(finished({ status: "error", errorType: "Function.Error" }));
  const { tags, fields } = only(h.points);
  assertEquals(
    [tags.status, tags.error_message, tags.error_type, fields.error_stack],
    ["error", "boom at 7", "java.lang.RuntimeException", "a\n\tat b"],
  );
});

Deno.test("decodeErrorText() takes strict base64 of readable text for such, and nothing else", () => {
  assertEquals(decodeErrorText("YSBi"), "a b");
  assertEquals(decodeErrorText("w6k="), "é");
  for (const plain of ["", "boom", "Error", "TypeError: x", "YSBi\n", "AAAA", "w6l=", "test"]) {
    assertEquals(decodeErrorText(plain), plain);
  }
});

Deno.test("an invocation that timed out has its span though its end never came", async () => {
  const h = harness();
  await h.call("/lambda/start-invocation", EVENT, ID);
  h.traces.collect?.();
  assertEquals(h.points.length, 0);
  h.traces.invocationDone?.(finished({ status: "timeout", durationMs: 3000 }));
  const { tags, fields } = only(h.points);
  assertEquals([tags.status, tags.error_type], ["error", "timeout"]);
  assertEquals([fields.parent_id, fields.duration], ["22", 3_000_000n]);
  assertEquals(fields.trace_id, "6552a70e00000000000000000000000b");
});

Deno.test("without the platform's word, an ended invocation is timed by our own clock at a flush 3 s later", async () => {
  const h = harness();
  await h.call("/lambda/start-invocation", "{}", ID);
  h.clock += 250;
  await h.call("/lambda/end-invocation", "{}", {
    ...ID,
    "x-datadog-trace-id": "77",
    "x-datadog-span-id": "88",
  });
  h.clock += 3000;
  h.traces.collect?.();
  assertEquals(h.points.length, 0, "a flush inside of an invocation does not take the platform's word away");
  h.clock += 1;
  h.traces.collect?.();
  const { fields } = only(h.points);
  assertEquals([fields.start, fields.duration], [1_700_000_000_000_000n, 250_000n]);
});

Deno.test("an invocation that nothing ever ended is emitted once it must be over", async () => {
  const h = harness();
  await h.call("/lambda/start-invocation", EVENT, ID);
  // Managed instances run for as long as 90 minutes.
  h.clock += 5_400_000;
  h.traces.collect?.();
  assertEquals(h.points.length, 0);
  h.clock += 11_000;
  h.traces.collect?.();
  assertEquals(h.points.length, 1);
});

Deno.test("a retry under the same request id does not end with the platform's late word on the run before", async () => {
  const h = harness();
  await h.call("/lambda/start-invocation", "{}", ID);
  h.clock += 60_000;
  await h.call("/lambda/start-invocation", "{}", ID);
  assertEquals(h.points.length, 1);
  h.traces.invocationDone?.(finished({ status: "error" }));
  assertEquals(h.points.length, 1);
  const startNs = 1_700_000_060_000_000_000n;
  h.traces.invocationDone?.(finished({ startNs }));
  assertEquals(h.points.map(({ fields }) => fields.get("duration")), [60_000_000n, 17_250n]);
});

Deno.test("a library that names no request id is understood", async () => {
  const h = harness();
  await h.call("/lambda/start-invocation", "{}");
  await h.call("/lambda/end-invocation", "{}", { "x-datadog-trace-id": "77", "x-datadog-span-id": "88" });
  h.traces.invocationDone?.(finished());
  assertEquals(summary(h), [["aws.lambda", "77", "88", "0"]]);
  assertEquals(Object(message(h.points[0])).meta.request_id, "r1");
});

Deno.test("a client such as Node's sends its own root, which is not doubled", async () => {
  const h = harness();
  await h.call("/lambda/hello");
  await h.call("/lambda/start-invocation", "{}", ID);
  const root = { name: "aws.lambda", resource: "fn", trace_id: 5, span_id: 6, meta: { request_id: "r1" } };
  await h.send("/v0.4/traces", pack([[root]]));
  await h.call("/lambda/end-invocation", "{}", ID);
  h.traces.invocationDone?.(finished());
  assertEquals(summary(h), [["aws.lambda", "5", "6", "0"]]);
});

Deno.test("a client that calls only hello has no span made for it", async () => {
  const h = harness();
  await h.call("/lambda/hello");
  h.traces.invocationDone?.(finished());
  h.traces.collect?.();
  assertEquals(h.points.length, 0);
});

Deno.test("a placeholder that nobody will replace is kept under the invocation's name", async () => {
  const h = harness();
  await h.send("/v0.4/traces", placeholder());
  assertEquals(h.points.map(({ tags, fields }) => [tags.get("operation"), fields.get("resource")]), [
    ["aws.lambda", "fn"],
    ["child", ""],
  ]);
});

Deno.test("a rejected invocation is sampled out like any span", async () => {
  const h = harness();
  await h.call("/lambda/start-invocation", "{}", ID);
  await h.call("/lambda/end-invocation", "{}", {
    ...ID,
    "x-datadog-trace-id": "7",
    "x-datadog-sampling-priority": "-1",
  });
  h.traces.invocationDone?.(finished());
  assertEquals([h.points.length, h.refused.get("sampled_out")], [0, 1]);
});

Deno.test("events and results of any size and kind are answered with success", async () => {
  const h = harness();
  for (const body of ["not json", "", "[]", `{"traceparent":"${"x".repeat(7_000_000)}"}`]) {
    for (const path of ["/lambda/start-invocation", "/lambda/end-invocation"]) {
      const response = await h.call(path, body, ID);
      assertEquals([response.status, await response.text()], [200, "{}"]);
    }
  }
});

Deno.test("more invocations than can be are bounded, the oldest emitted", async () => {
  const h = harness();
  for (let i = 0; i < 2044; i++) {
    await h.call("/lambda/start-invocation", EVENT, { "lambda-runtime-aws-request-id": `r${i}` });
  }
  assertEquals(h.points.length, 44);
});

Deno.test("the trace of an invocation is told from its start, and its span when that is written", async () => {
  const h = harness();
  await h.call("/lambda/start-invocation", EVENT, ID);
  const traceId = "6552a70e00000000000000000000000b";
  assertEquals(h.invocationSpans, [{ requestId: "r1", traceId, spanId: undefined, parentId: "22" }]);
  await h.call("/lambda/end-invocation", "{}", { ...ID, "x-datadog-span-id": "33" });
  await h.send("/v0.4/traces", placeholder());
  h.traces.invocationDone?.(finished());
  assertEquals(h.invocationSpans.slice(1), [{ requestId: "r1", traceId, spanId: "33", parentId: "22" }]);
});

Deno.test("an invocation span that the tracer sends itself is told with its ids as its point has them", async () => {
  for (
    const [env, traceId, spanId] of [
      [{}, "6552a70e00000000000000000000000b", "33"],
      [{ ENV_INPUT_DDTRACE_TRACE_128_BIT_ID: "false" }, "11", "33"],
      [{ ENV_INPUT_DDTRACE_TRACE_ID_64_BIT_HEX: "true" }, "000000000000000b", "0000000000000021"],
    ] as const
  ) {
    const h = harness(env);
    await h.send("/v0.4/traces", placeholder({ resource: "fn", parent_id: 0 }));
    assertEquals(h.invocationSpans, [{ requestId: "r1", traceId, spanId, parentId: "0" }]);
    const [{ fields } = { fields: new Map() }] = h.points;
    assertEquals([fields.get("trace_id"), fields.get("span_id"), fields.get("parent_id")], [
      traceId,
      spanId,
      "0",
    ]);
  }
});
