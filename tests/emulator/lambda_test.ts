import { assert, assertEquals, assertGreaterOrEqual, assertLess, assertMatch } from "@std/assert";
import { scenario } from "../support/scenario.ts";
import { fakeExtension } from "./fake_extension.ts";
import { startLambda } from "./lambda.ts";
import { read, recordsOf, types } from "./received.ts";
import { writeShellExtension } from "./shell_extension.ts";
import { sleep } from "./waiters.ts";

scenario("lambda delivers the records of cold start, invocations and spindown in order", async () => {
  const extension = fakeExtension();
  await using lambda = await startLambda({ extension, functionInit: { sleepMs: 50 } });
  assertEquals((await lambda.init()).status, "success");
  const first = await lambda.invoke({ logs: ["one", { two: 2 }], response: { total: 7 } });
  assertEquals(first.response, '{"total":7}');
  assertEquals(first.status, "success");
  await lambda.invoke();
  const end = await lambda.shutdown();
  assertEquals([end.exitCode, end.killed], [0, false]);
  assertEquals(extension.shutdownReasons, ["spindown"]);
  assertEquals(types(extension.received), [
    "platform.initStart",
    "platform.telemetrySubscription",
    "platform.initRuntimeDone",
    "platform.extension",
    "platform.initReport",
    "platform.start",
    "function",
    "function",
    "platform.runtimeDone",
    "platform.report",
    "platform.start",
    "platform.runtimeDone",
    "platform.report",
  ]);
  assertEquals(extension.received.filter((event) => event.type === "function").map((event) => event.record), [
    "one",
    '{"two":2}',
  ]);
  assertEquals(lambda.violations, []);
});

scenario("lambda tells the init once and bills it with the first invocation", async () => {
  const extension = fakeExtension();
  await using lambda = await startLambda({ extension, memorySizeMb: 256, maxMemoryUsedMb: 80 });
  const init = await lambda.init();
  const first = await lambda.invoke({ sleepMs: 5 });
  await lambda.invoke();
  await lambda.shutdown();
  const [one, two] = recordsOf(extension.received, "platform.report");
  assertEquals(read(one, "metrics", "memorySizeMB"), 256);
  assertEquals(read(one, "metrics", "maxMemoryUsedMB"), 80);
  assertEquals(read(one, "metrics", "billedDurationMs"), Math.ceil(first.durationMs + init.durationMs));
  assert(typeof read(one, "metrics", "initDurationMs") === "number");
  assertEquals(read(two, "metrics", "initDurationMs"), undefined);
});

scenario("lambda delivers a report with the next invocation by default", async () => {
  const extension = fakeExtension();
  await using lambda = await startLambda({ extension });
  await lambda.invoke({ sleepMs: 40 });
  await lambda.freeze(60);
  assertEquals(recordsOf(extension.received, "platform.report").length, 0);
  await lambda.invoke({ sleepMs: 250 });
  assertEquals(recordsOf(extension.received, "platform.report").length, 1);
  await lambda.shutdown();
});

scenario("lambda delivers a report at once when told so", async () => {
  const extension = fakeExtension();
  await using lambda = await startLambda({ extension, reportDelivery: "immediate" });
  await lambda.invoke();
  assertEquals(recordsOf(extension.received, "platform.report").length, 1);
  await lambda.shutdown();
});

scenario("lambda answers the caller before a slow extension is done", async () => {
  const extension = fakeExtension({ onInvoke: () => sleep(80) });
  await using lambda = await startLambda({ extension });
  await lambda.init();
  const result = await lambda.invoke();
  assertLess(result.callerMs, 60);
  assertGreaterOrEqual(result.durationMs, 79);
  assertGreaterOrEqual(result.extensionHoldMs ?? 0, 70);
  await lambda.shutdown();
  const [report] = recordsOf(extension.received, "platform.report");
  assertEquals(read(report, "spans", "0", "name"), "extensionOverhead");
});

for (
  const [setting, first] of [[{ invokeDelayMs: 80 }, "runtimeDone"], [
    { dispatchDelayMs: 80 },
    "INVOKE",
  ]] as const
) {
  scenario(`lambda can let ${first} be first, by ${Object.keys(setting)[0]}`, async () => {
    const order: string[] = [];
    const extension = fakeExtension({
      onInvoke: () => void order.push("INVOKE"),
      onTelemetry: (events) => {
        if (events.some(({ type }) => type === "platform.runtimeDone")) order.push("runtimeDone");
        return 200;
      },
    });
    await using lambda = await startLambda({ extension, ...setting });
    assertEquals((await lambda.invoke()).status, "success");
    await lambda.shutdown();
    assertEquals(order[0], first);
  });
}

scenario("lambda counts a handled error as a success of the platform", async () => {
  const extension = fakeExtension();
  await using lambda = await startLambda({ extension });
  const result = await lambda.invoke({ outcome: "error", errorType: "TypeError", errorMessage: "no cart" });
  assertEquals([result.status, result.functionError], ["success", "TypeError"]);
  await lambda.shutdown();
  const [done] = recordsOf(extension.received, "platform.runtimeDone");
  assertEquals([read(done, "status"), read(done, "metrics", "producedBytes")], ["success", 0]);
});

scenario("lambda ends a hanging function at its timeout and starts anew in the next invocation", async () => {
  const extension = fakeExtension();
  await using lambda = await startLambda({ extension, timeoutMs: 400 });
  await lambda.init();
  const result = await lambda.invoke({ outcome: "hang" });
  assertEquals([result.status, result.reset?.reason, result.reset?.exitCode], ["timeout", "timeout", 0]);
  assertEquals(extension.shutdownReasons, ["timeout"]);
  assertMatch(result.response, /Task timed out after 0\.40 seconds/);
  assert(lambda.logs.some(({ line }) => line.endsWith("Task timed out after 0.40 seconds")));
  const [done] = recordsOf(extension.received, "platform.runtimeDone");
  assertEquals([read(done, "status"), read(done, "errorType")], ["timeout", undefined]);
  assertEquals(read(recordsOf(extension.received, "platform.report")[0], "status"), "timeout");
  const next = await lambda.invoke({ outcome: "success" });
  assertEquals([next.status, next.init?.status], ["success", "success"]);
  await lambda.shutdown();
  assertEquals(read(recordsOf(extension.received, "platform.initStart")[1], "phase"), "invoke");
  assertEquals(
    read(recordsOf(extension.received, "platform.report")[1], "metrics", "initDurationMs"),
    undefined,
  );
});

scenario("lambda can keep back the report of a reset", async () => {
  const extension = fakeExtension({ drainMs: 150 });
  await using lambda = await startLambda({ extension, timeoutMs: 60, reportDelivery: "never-after-reset" });
  await lambda.invoke({ outcome: "hang" });
  assertEquals(recordsOf(extension.received, "platform.report").length, 0);
  assertEquals(recordsOf(extension.received, "platform.runtimeDone").length, 1);
});

scenario("lambda emits a second runtimeDone when the extension outlives the deadline", async () => {
  const extension = fakeExtension({ onInvoke: () => sleep(150) });
  await using lambda = await startLambda({ extension, timeoutMs: 80 });
  const result = await lambda.invoke({ response: "done" });
  assertEquals([result.status, result.response], ["timeout", '"done"']);
  const done = recordsOf(extension.received, "platform.runtimeDone").map((record) => read(record, "status"));
  assertEquals(done, ["success", "timeout"]);
  assertEquals(extension.shutdownReasons, ["timeout"]);
});

scenario("lambda starts with provisioned concurrency and tells it", async () => {
  const extension = fakeExtension();
  await using lambda = await startLambda({ extension, initializationType: "provisioned-concurrency" });
  await lambda.init();
  await lambda.invoke();
  await lambda.shutdown();
  const [started] = recordsOf(extension.received, "platform.initStart");
  assertEquals(read(started, "initializationType"), "provisioned-concurrency");
  const [report] = recordsOf(extension.received, "platform.report");
  assertEquals(read(report, "metrics", "initDurationMs"), undefined);
});

scenario("lambda gives extensions the environment without what only the runtime sees", async () => {
  await using lambda = await startLambda({ env: { ENV_DATAWAY: "x", _SECRET: "y", AWS_REGION: "mine" } });
  assertEquals([lambda.env["ENV_DATAWAY"], lambda.env["AWS_REGION"]], ["x", "eu-west-1"]);
  assertEquals(lambda.env["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"], "128");
  const hidden = [
    "_SECRET",
    "_HANDLER",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "LAMBDA_TASK_ROOT",
    "AWS_EXECUTION_ENV",
  ];
  assertEquals(hidden.filter((name) => name in lambda.env), []);
});

scenario(
  "lambda runs an executable and a function process, freezes both and leaves nothing behind",
  async () => {
    const file = await writeShellExtension();
    try {
      await using lambda = await startLambda({ extension: file, function: "process", memorySizeMb: 512 });
      const init = await lambda.init();
      assertEquals([init.status, init.errorType], ["success", undefined]);
      const result = await lambda.invoke({ logs: ["from a process"], response: [1] });
      assertEquals([result.status, result.response], ["success", "[1]"]);
      assert(result.maxMemoryUsedMb > 10);
      const crash = await lambda.invoke({ outcome: "oom_killed" });
      assertEquals([crash.errorType, crash.maxMemoryUsedMb], ["Runtime.ExitError", 512]);
      assertEquals(
        lambda.logs.filter(({ source }) => source === "function").map(({ line }) => line),
        ["from a process"],
      );
    } finally {
      await Deno.remove(file);
    }
  },
);

scenario("lambda fails the init when the extension's file cannot be executed", async () => {
  const file = await Deno.makeTempFile();
  try {
    await Deno.chmod(file, 0o644);
    await using lambda = await startLambda({ extension: file });
    const init = await lambda.init();
    assertEquals([init.status, init.errorType], ["error", "Extension.LaunchError"]);
  } finally {
    await Deno.remove(file);
  }
});
