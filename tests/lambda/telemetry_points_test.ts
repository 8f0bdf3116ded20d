import { assertEquals } from "@std/assert";
import { event, type OpenOptions, openTelemetry } from "./open_telemetry.ts";

/** The environment of `tests/spec/datakit.md` 9, in which E1 to E4 were captured. */
const DATAKIT: OpenOptions = {
  schema: "datakit",
  hostname: "h0",
  globalTags: new Map([["team", "core"]]),
  env: {
    AWS_LAMBDA_FUNCTION_NAME: "fn",
    AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
    AWS_REGION: "us-east-1",
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "128",
    AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
  },
};
const INIT_START = {
  time: "2026-11-22T09:31:01.000Z",
  type: "platform.initStart",
  record: { runtimeVersion: "nodejs:20.v30", runtimeVersionArn: "arn:aws:lambda:us-east-1::runtime:abc" },
};
const METRIC_TAGS =
  "awslambda,aws_lambda_function_memory_size=128,aws_lambda_function_name=fn,aws_lambda_initialization_type=on-demand,aws_region=us-east-1,aws_runtime_version=nodejs:20.v30,aws_runtime_version_arn=arn:aws:lambda:us-east-1::runtime:abc,host=h0,team=core";
const LOG_TAGS =
  "awslambda,aws_lambda_function_memory_size=128,aws_lambda_function_name=fn,aws_lambda_initialization_type=on-demand,aws_log_from=function,aws_region=us-east-1,aws_runtime_version=nodejs:20.v30,aws_runtime_version_arn=arn:aws:lambda:us-east-1::runtime:abc,host=h0,team=core";

Deno.test("telemetryEventToDrafts() gives DataKit's bytes for E1 under the schema datakit", async () => {
  const telemetry = openTelemetry(DATAKIT);
  await telemetry.post([
    INIT_START,
    {
      time: "2026-11-22T09:31:02.100Z",
      type: "platform.runtimeDone",
      record: { requestId: "r1", status: "success", metrics: { durationMs: 17.12 } },
    },
    // deno-fmt-ignore
    {"time":"2026-11-22T09:31:02.119Z","type":"platform.report","record":{"requestId":"r1","status":"success","metrics":{"durationMs":17.493,"billedDurationMs":18,"initDurationMs":235.086,"maxMemoryUsedMB":75,"memorySizeMB":128}}},
  ]);
  assertEquals(telemetry.lines(), [
    `${METRIC_TAGS} runtime_duration_ms=17.12 1795339862100000000`,
    `${METRIC_TAGS} cold_starts=1i,invocations=1i,out_of_memory=0i 1795339862100000000`,
    // `init_duration_ms`: DataKit has it from `platform.initReport` only, which did not come here.
    `${METRIC_TAGS} billed_duration_ms=18u,duration_ms=17.493,init_duration_ms=235.086,max_memory_used_mb=75u,memory_size_mb=128u,post_runtime_duration=0.37299999999999756 1795339862119000000`,
  ]);
});

Deno.test("telemetryEventToDrafts() gives DataKit's bytes for E1 when an initReport came before", async () => {
  const telemetry = openTelemetry(DATAKIT);
  await telemetry.post([
    INIT_START,
    {
      time: "2026-11-22T09:31:01.236Z",
      type: "platform.initReport",
      record: { metrics: { durationMs: 235.086 } },
    },
    {
      time: "2026-11-22T09:31:02.100Z",
      type: "platform.runtimeDone",
      record: { requestId: "r1", status: "success", metrics: { durationMs: 17.12 } },
    },
    // deno-fmt-ignore
    {"time":"2026-11-22T09:31:02.119Z","type":"platform.report","record":{"requestId":"r1","status":"success","metrics":{"durationMs":17.493,"billedDurationMs":18,"initDurationMs":235.086,"maxMemoryUsedMB":75,"memorySizeMB":128}}},
  ]);
  assertEquals(telemetry.lines()[0], `${METRIC_TAGS} init_duration_ms=235.086 1795339861236000000`);
  assertEquals(
    telemetry.lines().at(-1),
    `${METRIC_TAGS} billed_duration_ms=18u,duration_ms=17.493,max_memory_used_mb=75u,memory_size_mb=128u,post_runtime_duration=0.37299999999999756 1795339862119000000`,
  );
});

Deno.test("telemetryEventToDrafts() gives DataKit's bytes for E2, and beside them what it never emitted", async () => {
  const telemetry = openTelemetry(DATAKIT);
  await telemetry.post([
    INIT_START,
    // deno-fmt-ignore
    {"time":"2026-11-22T09:31:05.209Z","type":"platform.runtimeDone","record":{"requestId":"r2","status":"timeout","metrics":{"durationMs":3000}}},
  ]);
  assertEquals(telemetry.lines(), [
    `${METRIC_TAGS} errors=1i,runtime_duration_ms=3000,timeouts=1i 1795339865209000000`,
    `${METRIC_TAGS} cold_starts=1i,invocations=1i,out_of_memory=0i 1795339865209000000`,
  ]);
});

Deno.test("logEventToDraft() gives E3 as a correct extension does: unescaped, without the last newline", async () => {
  const telemetry = openTelemetry(DATAKIT);
  await telemetry.post([
    INIT_START,
    // deno-fmt-ignore
    {"time":"2026-11-22T09:31:02.019Z","type":"function","record":"line1\n\tat \"x\" C:\\tmp <b>\n"},
  ]);
  assertEquals(
    telemetry.lines().join("\n"),
    `${LOG_TAGS} message="line1\n\tat \\"x\\" C:\\\\tmp <b>",status="info" 1795339862019000000`,
  );
});

Deno.test("logEventToDraft() gives E4 with what DataKit loses: the level, nested values, a key it drops", async () => {
  const telemetry = openTelemetry(DATAKIT);
  await telemetry.post([
    INIT_START,
    {
      time: "2026-11-22T09:31:02.020Z",
      type: "function",
      // deno-fmt-ignore
      record: {"timestamp":"2025-10-30T03:00:00.111Z","level":"ERROR","requestId":"r1","message":"boom","source":"svc","a.b":1.5,"nested":{"k":1},"arr":[1,2],"mixed":[1,"x"],"n":null,"ok":true},
    },
  ]);
  assertEquals(telemetry.lines(), [
    `${LOG_TAGS} a_b=1.5,arr=[1,2],extra="{\\"source\\":\\"svc\\"}",level="ERROR",message="boom",mixed="[1,\\"x\\"]",nested="{\\"k\\":1}",ok=true,requestId="r1",status="error",timestamp="2025-10-30T03:00:00.111Z" 1795339862020000000`,
  ]);
});

Deno.test("telemetryEventToDrafts() never makes a point without a field", async () => {
  const telemetry = openTelemetry();
  await telemetry.post([
    INIT_START,
    event("12:00:00.000", "platform.initRuntimeDone", { status: "success" }),
    event("12:00:00.000", "platform.initReport", { status: "success" }),
    event("12:00:00.000", "platform.restoreStart", {}),
    event("12:00:00.000", "platform.restoreRuntimeDone", {}),
    event("12:00:00.000", "platform.restoreReport", {}),
    event("12:00:00.000", "platform.start", { requestId: "r1" }),
    event("12:00:00.000", "platform.extension", {}),
    event("12:00:00.000", "platform.telemetrySubscription", {}),
    event("12:00:00.000", "platform.logsDropped", {}),
    event("12:00:00.000", "platform.end", {}),
  ]);
  assertEquals(telemetry.points, []);
});

Deno.test("telemetryEventToDrafts() counts what the platform dropped", async () => {
  const telemetry = openTelemetry();
  await telemetry.post([
    event("12:00:00.000", "platform.logsDropped", {
      droppedBytes: 262190,
      droppedRecords: 1748,
      reason: "slow",
    }),
  ]);
  assertEquals(telemetry.lines(), [
    "awslambda-metric logs_dropped_bytes=262190i,logs_dropped_records=1748i 1789041600000000000",
  ]);
});

Deno.test("telemetryEventToDrafts() tells init and restore durations once each", async () => {
  const telemetry = openTelemetry();
  const report = event("12:00:01.000", "platform.report", {
    requestId: "r1",
    metrics: { durationMs: 5, initDurationMs: 430.12, restoreDurationMs: 412.5 },
  });
  const initReport = event("12:00:00.430", "platform.initReport", { metrics: { durationMs: 430.12 } });
  const restoreReport = event("12:00:00.500", "platform.restoreReport", { metrics: { durationMs: 412.5 } });
  await telemetry.post([initReport, restoreReport, report, initReport, restoreReport]);
  assertEquals(telemetry.sum("init_duration_ms"), 430);
  assertEquals(telemetry.sum("restore_duration_ms"), 413);

  const fallback = openTelemetry();
  await fallback.post([report, report]);
  assertEquals(fallback.sum("init_duration_ms"), 430);
  assertEquals(fallback.sum("restore_duration_ms"), 413);
});

Deno.test("telemetryEventToDrafts() tells a restored sandbox's restore, never the init of its snapshot", async () => {
  const initMetrics = { metrics: { durationMs: 2400 } };
  const init = [
    event("08:00:00.000", "platform.initStart", { initializationType: "snap-start", phase: "init" }),
    event("08:00:02.400", "platform.initReport", {
      initializationType: "snap-start",
      phase: "init",
      ...initMetrics,
    }),
  ];
  const untyped = [event("08:00:02.400", "platform.initReport", initMetrics)];
  const restore = [
    event("12:00:00.000", "platform.restoreStart", {}),
    event("12:00:00.400", "platform.restoreReport", { status: "success", metrics: { durationMs: 400 } }),
  ];
  for (
    const [env, events] of [
      [undefined, [...init, ...restore]],
      [undefined, [...init.toReversed(), ...restore]],
      ["snap-start", [...untyped, ...restore]],
      [undefined, [...restore, ...untyped]],
    ] as const
  ) {
    const telemetry = openTelemetry(env === undefined ? {} : { initializationType: env });
    await telemetry.post(events);
    assertEquals(telemetry.points.map(({ fields, timeNs }) => [...fields, timeNs]), [
      [["restore_duration_ms", 400n], 1789041600400000000n],
    ]);
  }
});

Deno.test("telemetryEventToDrafts() leaves a negative post-runtime duration out", async () => {
  const telemetry = openTelemetry();
  await telemetry.post([
    event("12:00:01.000", "platform.report", { requestId: "r1", metrics: { durationMs: 5 } }),
    event("12:00:01.000", "platform.runtimeDone", { requestId: "r1", metrics: { durationMs: 6 } }),
  ]);
  assertEquals(telemetry.points.some((point) => point.fields.has("post_runtime_duration")), false);
});

Deno.test("telemetryEventToDrafts() pairs a report that came before its runtimeDone", async () => {
  const telemetry = openTelemetry();
  await telemetry.post([
    event("12:00:01.000", "platform.report", { requestId: "r1", metrics: { durationMs: 8.4 } }),
    event("12:00:01.000", "platform.runtimeDone", { requestId: "r1", metrics: { durationMs: 6 } }),
  ]);
  assertEquals(telemetry.points.map((point) => point.fields.get("post_runtime_duration")), [undefined, 2n]);
});

Deno.test("telemetryEventToDrafts() takes the extension's overhead when the init ran inside the invocation", async () => {
  const telemetry = openTelemetry();
  await telemetry.post([
    event("12:00:00.000", "platform.initStart", { initializationType: "on-demand", phase: "invoke" }),
    event("12:00:01.000", "platform.start", { requestId: "r1" }),
    event("12:00:01.010", "platform.runtimeDone", { requestId: "r1", metrics: { durationMs: 10 } }),
    event("12:00:01.020", "platform.report", {
      requestId: "r1",
      metrics: { durationMs: 1020 },
      spans: [{ name: "extensionOverhead", durationMs: 10 }],
    }),
  ]);
  assertEquals(telemetry.sum("post_runtime_duration"), 10);
});
