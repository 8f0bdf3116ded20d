import { assert, assertEquals, assertMatch } from "@std/assert";
import { event, openTelemetry } from "./open_telemetry.ts";

function broken(): never {
  throw new Error("broken on purpose");
}

/** Every part that is beside the documented data, each of which fails whatever it is asked. */
const BROKEN = {
  tap: { started: broken, figures: broken, span: broken, log: broken },
  usage: { invoked: broken, held: broken, of: broken, shutdown: broken },
  logMetrics: { take: broken, keepLines: false },
  recorder: {
    takesLogs: true,
    reasonToHold: () => undefined,
    hold: broken,
    line: () => {},
    sampledOut: undefined,
    invoked: broken,
    ended: broken,
    shutdown: broken,
    restored: broken,
    shed: broken,
    held: 0,
    heldBytes: 0,
  },
  onDone: broken,
};

const BATCH = [
  event("12:00:00.000", "platform.initStart", { initializationType: "on-demand", phase: "init" }),
  event("12:00:00.100", "platform.start", { requestId: "r1" }),
  event("12:00:00.110", "platform.runtimeDone", {
    requestId: "r1",
    status: "success",
    metrics: { durationMs: 10, producedBytes: 1 },
  }),
  event("12:00:00.120", "platform.report", {
    requestId: "r1",
    status: "success",
    metrics: { durationMs: 12, billedDurationMs: 13, memorySizeMB: 128, maxMemoryUsedMB: 64 },
  }),
];

Deno.test("features that fail cost none of the documented metrics, and hold up no invocation", async () => {
  const whole = openTelemetry();
  const telemetry = openTelemetry({ parts: BROKEN, trace: "full" });
  for (const { invocations, post } of [whole, telemetry]) {
    const open = invocations.invoked({
      type: "invoke",
      requestId: "r1",
      deadlineAt: 0,
      invokedFunctionArn: "arn:aws:lambda:eu-west-1:123456789012:function:checkout",
    });
    assertEquals(await post(BATCH), 200);
    await open.runtimeEnd;
    invocations.shutdown("spindown");
  }
  assertEquals(telemetry.refused, new Map());
  const metrics = telemetry.lines().filter((line) => line.startsWith("awslambda-metric"));
  assertEquals(metrics, whole.lines());
  assert(metrics.length > 0);
  for (const what of ["flight recorder", "Cost and usage", "OTLP target"]) {
    assertMatch(telemetry.errors.join("\n"), new RegExp(`${what} failed.*broken on purpose`));
  }
});

Deno.test("a log that a feature fails for is told of, and those behind it are written", async () => {
  const telemetry = openTelemetry({
    parts: {
      recorder: { ...BROKEN.recorder, line: (_id, text) => text === "second" ? broken() : undefined },
    },
  });
  const lines = ["first", "second", "third"].map((text) => event("12:00:00.000", "function", `${text}\n`));
  assertEquals(await telemetry.post(lines), 200);
  assertEquals(telemetry.points.map(({ fields }) => fields.get("message")), ["first", "third"]);
  assertEquals(telemetry.refused, new Map([["malformed", 1]]));
});

Deno.test("a line is a log where metrics cannot be looked for in it", async () => {
  const telemetry = openTelemetry({ parts: { logMetrics: BROKEN.logMetrics } });
  await telemetry.post([event("12:00:00.000", "function", "a line\n")]);
  assertEquals(telemetry.points.map(({ fields }) => fields.get("message")), ["a line"]);
  assertEquals(telemetry.refused, new Map());
});
