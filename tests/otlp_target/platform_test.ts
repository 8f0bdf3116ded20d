/** The platform's data as OpenTelemetry's: spans, records, and what they are gathered in. */
import { assertEquals } from "@std/assert";
import { createLogger } from "@std/log";
import type { TargetSignal } from "../../src/config/otlp_target.ts";
import { createLineReader } from "../../src/lambda/lines/line.ts";
import type { PlatformSpan } from "../../src/lambda/trace/platform_span.ts";
import { createPlatform, type Platform, type PlatformOptions } from "../../src/otlp_target/platform.ts";
import { encodeResource, resourceAttributes } from "../../src/otlp_target/resource.ts";
import { attributesOf, decodeOtlp, nodes, type OtlpNode, valueOf } from "../support/wire/decode_otlp.ts";

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const SPAN_ID = "b7ad6b7169203331";
const SPAN: PlatformSpan = {
  operation: "aws.lambda",
  traceId: TRACE_ID,
  spanId: SPAN_ID,
  parentId: "0",
  startNs: 1_700_000_000_000_000_001n,
  durationMs: 1.5,
  meta: { "faas.coldstart": "true", note: "card 4111" },
};

interface Harness extends Platform {
  /** Resources that were handed on, as requests have them. */
  readonly entries: readonly {
    readonly signal: TargetSignal;
    readonly count: number;
    readonly entry: OtlpNode;
  }[];
  readonly refused: () => number;
}

function open(options: Partial<PlatformOptions> = {}): Harness {
  const entries: { signal: TargetSignal; count: number; entry: OtlpNode }[] = [];
  let refused = 0;
  const keys = { traces: "resourceSpans", metrics: "resourceMetrics", logs: "resourceLogs" };
  const platform = createPlatform({
    takes: () => true,
    append: (signal, bytes, count) => {
      const length = [bytes.length % 128 | 128, (bytes.length >> 7) % 128 | 128, bytes.length >> 14];
      const request = decodeOtlp(signal, Uint8Array.from([0x0a, ...length, ...bytes]));
      for (const entry of nodes(request, keys[signal])) entries.push({ signal, count, entry });
    },
    refuse: () => void refused++,
    resource: () => encodeResource(new Map([["service.name", "s"]])),
    spanMask: undefined,
    functionName: "checkout",
    version: "1",
    log: createLogger({ write: () => {} }),
    now: () => 1000,
    ...options,
  });
  return Object.assign(platform, { entries, refused: () => refused });
}

function spansOf({ entries }: Harness): readonly OtlpNode[] {
  return entries.flatMap(({ entry }) => nodes(nodes(entry, "scopeSpans")[0], "spans"));
}

function recordsOf({ entries }: Harness): readonly OtlpNode[] {
  return entries.flatMap(({ entry }) => nodes(nodes(entry, "scopeLogs")[0], "logRecords"));
}

Deno.test("spans share a resource up to a flush, and have ids, kinds, times to the ns and typed attributes", () => {
  const harness = open();
  harness.span(SPAN);
  harness.span({
    ...SPAN,
    operation: "aws.lambda.response",
    spanId: "b7ad6b7169203332",
    parentId: SPAN_ID,
    meta: {},
  });
  assertEquals(harness.entries, []);
  harness.collect();
  harness.collect();
  assertEquals(harness.entries.map(({ signal, count }) => [signal, count]), [["traces", 2]]);
  const [root, child] = spansOf(harness);
  assertEquals(
    [root?.["traceId"], root?.["spanId"], root?.["parentSpanId"], root?.["name"], root?.["kind"]],
    [TRACE_ID, SPAN_ID, undefined, "checkout", "2"],
  );
  assertEquals([root?.["startTimeUnixNano"], root?.["endTimeUnixNano"]], [
    "1700000000000000001",
    "1700000000001500001",
  ]);
  assertEquals(attributesOf(root), { "faas.coldstart": true, note: "card 4111" });
  assertEquals([child?.["parentSpanId"], child?.["name"], child?.["kind"]], [
    SPAN_ID,
    "aws.lambda.response",
    "1",
  ]);
});

Deno.test("a failed span has a status, a type, and its stack as an exception", () => {
  const harness = open();
  harness.span({ ...SPAN, error: { type: "TypeError", message: "boom", stack: "at x" } });
  harness.collect();
  const [span] = spansOf(harness);
  assertEquals(nodes(span, "status"), [{ message: "boom", code: "2" }]);
  assertEquals(attributesOf(span)["error.type"], "TypeError");
  assertEquals(attributesOf(nodes(span, "events")[0]), {
    "exception.type": "TypeError",
    "exception.message": "boom",
    "exception.stacktrace": "at x",
  });
});

Deno.test("ids of a tracer of Datadog's are told in OpenTelemetry's form, and what is no id is counted", () => {
  const harness = open();
  harness.span({ ...SPAN, traceId: "18446744073709551615", spanId: "255" });
  harness.span({ ...SPAN, traceId: "none" });
  harness.collect();
  assertEquals(spansOf(harness).map((span) => [span["traceId"], span["spanId"]]), [
    ["0000000000000000ffffffffffffffff", "00000000000000ff"],
  ]);
  assertEquals(harness.refused(), 1);
});

Deno.test("rules for spans mask their texts, and no id", () => {
  const harness = open({ spanMask: (text) => text.replaceAll(/\d{4}/g, "****") });
  harness.span({ ...SPAN, error: { type: "E", message: "pin 1234", stack: undefined } });
  harness.collect();
  const [span] = spansOf(harness);
  assertEquals([span?.["traceId"], attributesOf(span)["note"]], [TRACE_ID, "card ****"]);
  assertEquals(nodes(span, "status")[0]?.["message"], "pin ****");
});

Deno.test("a JSON log keeps its members under their own names, without what is said elsewhere, and masked", () => {
  const harness = open();
  const line = createLineReader().read({
    level: "WARN",
    message: "low stock",
    requestId: "r1",
    "item.id": 7,
    ratio: 0.5,
    big: 12345678901234567890n,
    nested: { pin: "1234" },
    list: ["a"],
    none: null,
  });
  harness.log({
    log: { from: "function", requestId: "r1", timeNs: 5n, line, texts: undefined, failure: undefined },
    message: line.message,
    status: "warning",
    traceId: TRACE_ID,
    spanId: SPAN_ID,
    share: undefined,
    mask: (text) => text.replaceAll("1234", "****"),
  }, 5n);
  harness.collect();
  const [record] = recordsOf(harness);
  assertEquals(
    [
      record?.["timeUnixNano"],
      record?.["observedTimeUnixNano"],
      record?.["severityNumber"],
      record?.["severityText"],
    ],
    ["5", "1000000000", "13", "warning"],
  );
  assertEquals([record?.["traceId"], record?.["spanId"]], [TRACE_ID, SPAN_ID]);
  assertEquals(valueOf(nodes(record, "body")[0]), "low stock");
  assertEquals(attributesOf(record), {
    "faas.invocation_id": "r1",
    "aws.lambda.log_from": "function",
    level: "WARN",
    "item.id": "7",
    ratio: 0.5,
    big: "12345678901234567890",
    nested: '{"pin":"****"}',
    list: '["a"]',
  });
});

Deno.test("many logs are handed on before the flush, so that what is gathered stays small", () => {
  const harness = open();
  const line = createLineReader().read("x".repeat(10_000));
  for (let n = 0; n < 20; n++) {
    harness.log({
      log: { from: "function", requestId: undefined, timeNs: 1n, line, texts: undefined, failure: undefined },
      message: line.message,
      status: "info",
      traceId: undefined,
      spanId: undefined,
      share: undefined,
      mask: (text) => text,
    }, 1n);
  }
  assertEquals(harness.entries.map(({ count }) => count), [7, 7]);
  harness.collect();
  assertEquals(harness.entries.map(({ count }) => count), [7, 7, 6]);
});

Deno.test("signals that are off are not gathered", () => {
  const harness = open({ takes: (signal) => signal === "metrics" });
  harness.span(SPAN);
  harness.figures([["errors", 1]]);
  harness.collect();
  assertEquals(harness.entries.map(({ signal }) => signal), ["metrics"]);
});

Deno.test("the resource is what Lambda says, above the user's attributes, and a version only where there is one", () => {
  const attributes = resourceAttributes({
    env: {
      AWS_LAMBDA_FUNCTION_NAME: "f",
      AWS_LAMBDA_FUNCTION_VERSION: "7",
      AWS_REGION: "cn-north-1",
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "256",
      OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=a%20b,faas.name=other,broken,bad=%zz",
    },
    service: "shop",
    globalTags: new Map([["team", "blue"], ["deployment.environment.name", "x"]]),
    accountId: () => "123456789012",
    instanceId: () => "id",
  }, undefined);
  assertEquals(Object.fromEntries(attributes), {
    team: "blue",
    "deployment.environment.name": "a b",
    "faas.name": "f",
    "service.name": "shop",
    "cloud.provider": "aws",
    "cloud.platform": "aws_lambda",
    "cloud.region": "cn-north-1",
    "cloud.account.id": "123456789012",
    "cloud.resource_id": "arn:aws-cn:lambda:cn-north-1:123456789012:function:f:7",
    "faas.version": "7",
    "faas.instance": "id",
    "faas.max_memory": 256 * 1024 * 1024,
  });
});
