import { assertEquals } from "@std/assert";
import { readPlatformLines } from "../../src/config/platform_lines.ts";
import { createSettingReader } from "../../src/config/reader.ts";
import { event, openTelemetry } from "./open_telemetry.ts";

const ID = "0b5f6c1e-2f6e-4a41-9d5e-7a1c0f2d9e11";

function recordsOf(status: string, errorType?: string): readonly unknown[] {
  const failure = errorType === undefined ? {} : { errorType };
  const report = { durationMs: 134.974, billedDurationMs: 566, memorySizeMB: 128, maxMemoryUsedMB: 97 };
  return [
    event("12:00:00.000", "platform.initReport", {
      initializationType: "on-demand",
      phase: "init",
      status: "success",
      metrics: { durationMs: 430.121 },
    }),
    event("12:00:00.001", "platform.start", { requestId: ID, version: "7" }),
    event("12:00:00.136", "platform.runtimeDone", {
      requestId: ID,
      status,
      ...failure,
      metrics: { durationMs: 134 },
    }),
    event("12:00:00.137", "platform.report", {
      requestId: ID,
      status,
      ...failure,
      metrics: { ...report, initDurationMs: 430.121 },
    }),
  ];
}

Deno.test("platform lines are logs as the log group has them, once, where they are wanted", async () => {
  const telemetry = openTelemetry({ platformLines: ["start", "end", "report"], metrics: false });
  const batch = recordsOf("success");
  await telemetry.post(batch);
  await telemetry.post(batch.toReversed());
  assertEquals(telemetry.points.map(({ tags, fields }) => [...tags.values(), ...fields.values()]), [
    ["platform", `START RequestId: ${ID} Version: 7`, "info", ID],
    ["platform", `END RequestId: ${ID}`, "info", ID],
    [
      "platform",
      `REPORT RequestId: ${ID}\tDuration: 134.97 ms\tBilled Duration: 566 ms\tMemory Size: 128 MB\t` +
      "Max Memory Used: 97 MB\tInit Duration: 430.12 ms",
      "info",
      ID,
    ],
  ]);
});

Deno.test("a report that tells of a failure is an error, and rules apply to it", async () => {
  const telemetry = openTelemetry({
    platformLines: ["report"],
    metrics: false,
    logRules: [{ mask: "\\d+ MB", with: "n MB", when: { from: "platform" } }],
  });
  await telemetry.post(recordsOf("error", "Runtime.ExitError"));
  const [point] = telemetry.points;
  assertEquals(point?.fields.get("status"), "error");
  assertEquals(
    point?.fields.get("message"),
    `REPORT RequestId: ${ID}\tDuration: 134.97 ms\tBilled Duration: 566 ms\tMemory Size: n MB\t` +
      "Max Memory Used: n MB\tInit Duration: 430.12 ms\tStatus: error\tError Type: Runtime.ExitError",
  );
  const none = openTelemetry({ metrics: false });
  await none.post(recordsOf("success"));
  assertEquals(none.points, []);
});

Deno.test("readPlatformLines() takes names, all, or none, and says what it does not know", () => {
  const read = (text: string): readonly unknown[] => {
    const reader = createSettingReader({ ENV_AWSLAMBDA_PLATFORM_LOGS: text });
    return [[...readPlatformLines(reader)], reader.problems.length];
  };
  assertEquals(read(""), [[], 0]);
  assertEquals(read("on"), [["start", "end", "report"], 0]);
  assertEquals(read("REPORT,start"), [["report", "start"], 0]);
  assertEquals(read("report,fault"), [["report"], 1]);
});
