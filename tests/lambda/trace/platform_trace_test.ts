import { assert, assertEquals, assertNotEquals } from "@std/assert";
import type { Outcome } from "../../../src/lambda/outcome.ts";
import {
  createPlatformTrace,
  type PlatformTrace,
  type PlatformTraceOptions,
} from "../../../src/lambda/trace/platform_trace.ts";
import { createSpanPoints } from "../../../src/lambda/trace/span_points.ts";
import { decodeTelemetryEvent } from "../../../src/lambda/telemetry_event.ts";
import type { FinishedInvocation } from "../../../src/pipeline/receiver.ts";
import type { Point } from "../../../src/point/point.ts";
import { createRecordingIntake } from "../../support/points.ts";

const ID = "0b5f6c1e-2f6e-4a41-9d5e-7a1c0f2d9e11";
const TRACE = "0b5f6c1e2f6e4a419d5e7a1c0f2d9e11";
const BASE_MS = Date.UTC(2026, 10, 25, 12);
const XRAY = "Root=1-6aa29bbf-2f0b1d6e5a4c3b2a19080706;Parent=00f067aa0ba902b7;Sampled=0;Lineage=a:1";

/** What a test looks at: `operation parent start+duration status`, times in ms after the base. */
interface Seen {
  readonly operation: string | undefined;
  readonly trace: unknown;
  readonly span: unknown;
  readonly parent: unknown;
  readonly startMs: number;
  readonly durationMs: number;
  readonly status: string | undefined;
}

const IDENTITY = { service: "checkout", resource: "checkout" };

function setUp(
  options: Partial<PlatformTraceOptions> = {},
): { trace: PlatformTrace; spans: Seen[]; points: Point[] } {
  const intake = createRecordingIntake("telemetry");
  const { points } = intake;
  const writePoint = createSpanPoints(intake, IDENTITY);
  const spans: Seen[] = [];
  const trace = createPlatformTrace({
    mode: "auto",
    keep: () => true,
    instanceId: () => "sandbox-1",
    managedInstance: false,
    write: (span) => {
      writePoint(span);
      const { tags, fields } = points.at(-1) ?? {};
      spans.push({
        operation: tags?.get("operation"),
        trace: fields?.get("trace_id"),
        span: fields?.get("span_id"),
        parent: fields?.get("parent_id"),
        startMs: Number(fields?.get("start")) / 1000 - BASE_MS,
        durationMs: Number(fields?.get("duration")) / 1000,
        status: tags?.get("status"),
      });
    },
    sampledOut: () => {},
    ...options,
  });
  return { trace, spans, points };
}

function tell(trace: PlatformTrace, type: string, atMs: number, record: Record<string, unknown>): void {
  const event = decodeTelemetryEvent({ type, time: new Date(BASE_MS + atMs).toISOString(), record });
  assert(event !== undefined);
  trace.observe(event);
}

function end(trace: PlatformTrace, startMs: number, more: Partial<FinishedInvocation> = {}): void {
  const startNs = BigInt(BASE_MS + startMs) * 1_000_000n;
  const finished = {
    requestId: ID,
    startNs,
    durationMs: 42,
    status: "success",
    coldStart: false,
    ...more,
  } as const;
  trace.ended(outcome({ requestId: finished.requestId, finished }));
}

function outcome(more: Partial<Outcome>): Outcome {
  return {
    requestId: ID,
    timeNs: 0n,
    errors: 0,
    timeouts: 0,
    outOfMemory: 0,
    coldStarts: 0,
    threw: 0,
    ...more,
  };
}

function coldStart(trace: PlatformTrace, type = "on-demand"): void {
  tell(trace, "platform.initStart", 0, { initializationType: type, phase: "init" });
  tell(trace, "platform.initRuntimeDone", 430, { initializationType: type, status: "success" });
  tell(trace, "platform.initReport", 432, { initializationType: type, metrics: { durationMs: 431.2 } });
}

const shape = ({ operation, parent, startMs, durationMs, status }: Seen): unknown[] => [
  operation,
  parent === "0" ? "0" : "*",
  startMs,
  durationMs,
  status,
];

Deno.test("a cold start is one trace: the invocation, and beside it the init with its parts", () => {
  const { trace, spans } = setUp();
  coldStart(trace);
  tell(trace, "platform.start", 440, { requestId: ID });
  end(trace, 440, { coldStart: true, durationMs: 41.9 });
  trace.close();
  assertEquals(spans.map(shape), [
    ["aws.lambda.cold_start", "0", 0, 431.2, "ok"],
    ["aws.lambda.init.runtime", "*", 0, 430, "ok"],
    ["aws.lambda.init.extensions", "*", 430, 1.2, "ok"],
    ["aws.lambda", "0", 440, 41.9, "ok"],
  ]);
  assertEquals(new Set(spans.map((span) => span.trace)), new Set([TRACE]));
  assertEquals(spans[1]?.parent, spans[0]?.span);
  assertEquals(new Set(spans.map((span) => span.span)).size, 4);
});

Deno.test("a trace has X-Ray's root as its id, sampled or not, and never X-Ray's parent", () => {
  const { trace, spans, points } = setUp();
  trace.invoked({ type: "invoke", requestId: ID, deadlineAt: 0, invokedFunctionArn: "", traceHeader: XRAY });
  end(trace, 10);
  trace.close();
  assertEquals([spans[0]?.trace, spans[0]?.parent], ["6aa29bbf2f0b1d6e5a4c3b2a19080706", "0"]);
  assertEquals(
    JSON.parse(String(points[0]?.fields.get("message"))).meta["aws.xray.parent_id"],
    "00f067aa0ba902b7",
  );
});

Deno.test("an asynchronous retry under the same request id is another span of the same trace", () => {
  const { trace, spans } = setUp();
  tell(trace, "platform.start", 0, { requestId: ID });
  end(trace, 0, { status: "error", errorType: "TypeError", errorMessage: "boom" });
  tell(trace, "platform.start", 60_000, { requestId: ID });
  end(trace, 60_000);
  assertEquals(spans.map(shape), [
    ["aws.lambda", "0", 0, 42, "error"],
    ["aws.lambda", "0", 60_000, 42, "ok"],
  ]);
  assertEquals(spans[0]?.trace, spans[1]?.trace);
  assertNotEquals(spans[0]?.span, spans[1]?.span);
});

Deno.test("a failure that is learnt late writes the same span again, as an error", () => {
  const { trace, spans } = setUp();
  end(trace, 0);
  trace.ended(outcome({ errors: 1, timeouts: 1 }));
  assertEquals(spans.map(({ status }) => status), ["ok", "error"]);
  assertEquals(spans[0]?.span, spans[1]?.span);
});

Deno.test("a tracer's span is the root: the init stands beside it, and no second root is made", () => {
  const { trace, spans } = setUp();
  coldStart(trace);
  tell(trace, "platform.start", 440, { requestId: ID });
  trace.traced({ requestId: ID, traceId: "t".repeat(32), spanId: "s", parentId: "p" });
  end(trace, 440, { coldStart: true });
  end(trace, 900, { requestId: "9c5f6c1e-2f6e-4a41-9d5e-7a1c0f2d9e11" });
  trace.close();
  assertEquals(spans.map(({ operation, trace: id, parent }) => [operation, id, parent]).slice(0, 1), [
    ["aws.lambda.cold_start", "t".repeat(32), "p"],
  ]);
  assertEquals(spans.filter(({ operation }) => operation === "aws.lambda"), []);
});

Deno.test("a tracer that sends the first spans after the invocation's end finds no root of ours", () => {
  const { trace, spans } = setUp();
  tell(trace, "platform.start", 0, { requestId: ID });
  end(trace, 0);
  trace.traced({ requestId: ID, traceId: "t".repeat(32), spanId: "s", parentId: "0" });
  trace.close();
  assertEquals(spans, []);
});

Deno.test("a restored snapshot tells its restore, and never the snapshot's init", () => {
  const { trace, spans } = setUp();
  coldStart(trace, "snap-start");
  tell(trace, "platform.restoreStart", 7_200_000, { initializationType: "snap-start" });
  tell(trace, "platform.restoreReport", 7_200_300, { metrics: { durationMs: 300 } });
  end(trace, 7_200_310, { coldStart: true });
  trace.close();
  assertEquals(spans.map(shape), [
    ["aws.lambda.snapstart_restore", "0", 7_200_000, 300, "ok"],
    ["aws.lambda", "0", 7_200_310, 42, "ok"],
  ]);
});

Deno.test("an init of provisioned concurrency has a trace of its own", () => {
  const { trace, spans } = setUp();
  coldStart(trace, "provisioned-concurrency");
  end(trace, 600_000);
  trace.close();
  assertEquals(spans.map(({ operation }) => operation), [
    "aws.lambda.cold_start",
    "aws.lambda.init.runtime",
    "aws.lambda.init.extensions",
    "aws.lambda",
  ]);
  assertNotEquals(spans[0]?.trace, spans[3]?.trace);
});

Deno.test("an init that is repeated inside the request hangs below it", () => {
  const { trace, spans } = setUp();
  tell(trace, "platform.initStart", 5, { initializationType: "on-demand", phase: "invoke" });
  tell(trace, "platform.initReport", 100, { metrics: { durationMs: 95 } });
  tell(trace, "platform.start", 0, { requestId: ID });
  end(trace, 0, { coldStart: true });
  trace.close();
  assertEquals(spans[0]?.parent, spans[1]?.span);
});

Deno.test("mode full adds what the platform measures of a response, and the extensions' part with the report", () => {
  const { trace, spans } = setUp({ mode: "full" });
  const at = (ms: number): string => new Date(BASE_MS + ms).toISOString();
  tell(trace, "platform.start", 0, { requestId: ID });
  tell(trace, "platform.runtimeDone", 42, {
    requestId: ID,
    status: "success",
    spans: [
      { name: "responseLatency", start: at(0), durationMs: 40 },
      { name: "responseDuration", start: at(40), durationMs: 1 },
      { name: "runtimeOverhead", start: at(41), durationMs: 0.5 },
    ],
    metrics: { durationMs: 42 },
  });
  end(trace, 0);
  tell(trace, "platform.report", 60, {
    requestId: ID,
    status: "success",
    spans: [{ name: "extensionOverhead", start: at(42), durationMs: 3 }],
    metrics: { durationMs: 45 },
  });
  trace.close();
  assertEquals(spans.map(shape), [
    ["aws.lambda", "0", 0, 42, "ok"],
    ["aws.lambda.response_latency", "*", 0, 40, "ok"],
    ["aws.lambda.response", "*", 40, 1, "ok"],
    ["aws.lambda.runtime_overhead", "*", 41, 0.5, "ok"],
    ["aws.lambda.extension_overhead", "*", 42, 3, "ok"],
  ]);
  assertEquals(new Set(spans.slice(1).map(({ parent }) => parent)), new Set([spans[0]?.span]));
});

Deno.test("sampling leaves out whole invocations, never errors and cold starts", () => {
  let sampledOut = 0;
  const { trace, spans } = setUp({ keep: () => false, sampledOut: () => void sampledOut++ });
  coldStart(trace);
  end(trace, 440, { coldStart: true });
  end(trace, 900, { requestId: "1", status: "timeout" });
  end(trace, 1900, { requestId: "2" });
  assertEquals([spans.filter(({ operation }) => operation === "aws.lambda").length, sampledOut], [2, 1]);
});

Deno.test("logs of a request are linked to its trace before anything else is known", () => {
  const { trace, spans } = setUp();
  trace.invoked({ type: "invoke", requestId: ID, deadlineAt: 0, invokedFunctionArn: "" });
  assertEquals(trace.contextOf(ID), { traceId: TRACE, spanId: undefined });
  tell(trace, "platform.start", 0, { requestId: ID });
  const context = trace.contextOf(ID);
  end(trace, 0);
  trace.close();
  assertEquals(context, { traceId: TRACE, spanId: String(spans[0]?.span) });
  assertEquals(trace.contextOf("unknown"), undefined);
});

Deno.test("requests are remembered within a bound", () => {
  const { trace, spans } = setUp();
  for (let i = 0; i < 2000; i++) end(trace, i, { requestId: `r${i}` });
  assertEquals(spans.length, 2000);
  assertEquals(trace.contextOf("r0"), undefined);
});

Deno.test("each of 1,600 requests side by side on a managed instance keeps its X-Ray trace", () => {
  const { trace, spans } = setUp({ managedInstance: true });
  const ids = Array.from({ length: 1600 }, (_, n) => n.toString(16).padStart(24, "a"));
  ids.forEach((id, n) => {
    trace.invoked({
      type: "invoke",
      requestId: `r${n}`,
      deadlineAt: 0,
      invokedFunctionArn: "",
      traceHeader: `Root=1-6aa29bbf-${id}`,
    });
  });
  ids.forEach((_, n) => end(trace, n, { requestId: `r${n}` }));
  trace.close();
  assertEquals(spans.map((span) => span.trace), ids.map((id) => `6aa29bbf${id}`));
});

Deno.test("an error that is learnt many requests late writes the span of its own request again", () => {
  const { trace, spans } = setUp();
  for (let n = 0; n < 90; n++) end(trace, n, { requestId: `r${n}`, durationMs: n });
  trace.ended(outcome({ requestId: "r3", errors: 1, timeouts: 1 }));
  const [first, again] = spans.filter(({ durationMs }) => durationMs === 3);
  assert(first !== undefined);
  assertEquals(again, { ...first, status: "error" });
});

Deno.test("requests whose end is never told leave those that are over their place", () => {
  const { trace, spans } = setUp();
  for (let n = 0; n < 1000; n++) {
    trace.invoked({ type: "invoke", requestId: `lost${n}`, deadlineAt: 0, invokedFunctionArn: "" });
    end(trace, n, { requestId: `r${n}`, durationMs: n });
  }
  trace.ended(outcome({ requestId: "r950", errors: 1, timeouts: 1 }));
  assertEquals(spans.filter(({ durationMs }) => durationMs === 950).map(({ status }) => status), [
    "ok",
    "error",
  ]);
});
