import { assert, assertEquals, assertExists, assertGreaterOrEqual, assertMatch } from "@std/assert";
import { scenario } from "../support/scenario.ts";
import { fakeExtension } from "./fake_extension.ts";
import { startLambda } from "./lambda.ts";
import { read, recordsOf } from "./received.ts";

scenario("managed instances refuse INVOKE, run requests side by side and outlive a timeout", async () => {
  const initializationType = "lambda-managed-instances";
  const extension = fakeExtension({ events: ["SHUTDOWN"], schemaVersion: "2025-01-29" });
  await using lambda = await startLambda({ extension, initializationType, timeoutMs: 150, concurrency: 3 });
  const results = await Promise.all([
    lambda.invoke({ sleepMs: 30 }),
    lambda.invoke({ outcome: "error", errorType: "Function.Broken" }),
    lambda.invoke({ outcome: "hang" }),
  ]);
  assertEquals(results.map(({ status, errorType }) => [status, errorType]), [
    ["success", undefined],
    ["error", "Function.Broken"],
    ["timeout", "Sandbox.Timedout"],
  ]);
  await lambda.shutdown();
  assertEquals(recordsOf(extension.received, "platform.runtimeDone"), []);
  assertEquals(recordsOf(extension.received, "platform.report").length, 3);
  await using strict = await startLambda({ extension: fakeExtension(), initializationType });
  assertEquals((await strict.init()).status, "error");
  assertMatch(strict.violations.join(), /answered 403 to register/);
});

scenario("lambda restores a snapshot several times, each with its own records and identity", async () => {
  const extension = fakeExtension();
  await using lambda = await startLambda({
    extension,
    initializationType: "snap-start",
    functionInit: { restoreMs: 15 },
  });
  await lambda.init();
  assert(!Object.hasOwn(lambda.env, "AWS_ACCESS_KEY_ID"));
  assert(Object.hasOwn(lambda.env, "AWS_CONTAINER_CREDENTIALS_FULL_URI"));
  assertEquals((await lambda.invoke()).status, "success");
  assertEquals((await lambda.restore()).status, "success");
  await lambda.invoke();
  await lambda.invoke();
  await lambda.shutdown();
  const [first, second] = recordsOf(extension.received, "platform.restoreStart");
  assertExists(second);
  assert(read(first, "instanceId") !== read(second, "instanceId"));
  const [one] = recordsOf(extension.received, "platform.restoreReport");
  assertGreaterOrEqual(Number(read(one, "metrics", "durationMs")), 14);
  const reports = recordsOf(extension.received, "platform.report");
  assertEquals(
    reports.map((report) => [
      typeof read(report, "metrics", "restoreDurationMs"),
      typeof read(report, "metrics", "initDurationMs"),
    ]),
    [["number", "undefined"], ["number", "undefined"], ["undefined", "undefined"]],
  );
  assertEquals(lambda.violations, []);
});

scenario("lambda drops a sandbox whose restore fails", async () => {
  for (const restoreOutcome of ["error", "hang"] as const) {
    const extension = fakeExtension();
    await using lambda = await startLambda({
      extension,
      initializationType: "snap-start",
      functionInit: { restoreOutcome },
      restoreTimeoutMs: 100,
    });
    await lambda.init();
    const { status, errorType } = await lambda.restore();
    assertEquals(status, "error");
    assertEquals(errorType, restoreOutcome === "hang" ? "Runtime.Unknown" : "Runtime.RestoreError");
    assertEquals(lambda.running, false);
  }
});

scenario(
  "lambda delivers telemetry late, twice, in parts and in the opposite order when told so",
  async () => {
    const extension = fakeExtension();
    await using lambda = await startLambda({
      extension,
      telemetryChaos: { delayMs: 30, repeat: "same-id", splitAt: 1, reversed: true },
    });
    await lambda.init();
    await lambda.invoke({ logs: ["a", "b"], sleepMs: 150 });
    await lambda.shutdown();
    const lines = extension.received.filter(({ type }) => type === "function").map(({ record }) => record);
    assertEquals(lines, ["b", "b", "a", "a"]);
    assertEquals(extension.sequenceIds[0], extension.sequenceIds[1]);
    assert(extension.batchSizes.every((size) => size === 1));
  },
);
