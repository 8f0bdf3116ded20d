import { assertEquals, assertLess } from "@std/assert";
import { scenario } from "../support/scenario.ts";
import { fakeExtension } from "./fake_extension.ts";
import { startLambda } from "./lambda.ts";
import { read, recordsOf, waitForKill } from "./received.ts";
import { sleep } from "./waiters.ts";

scenario("lambda resets after a crash of the runtime", async () => {
  const extension = fakeExtension();
  await using lambda = await startLambda({ extension });
  const result = await lambda.invoke({ logs: ["last words"], outcome: "crash", exitCode: 3 });
  assertEquals([result.status, result.errorType], ["error", "Runtime.ExitError"]);
  assertEquals(
    result.response,
    `{"errorType":"Runtime.ExitError","errorMessage":"RequestId: ${result.requestId} Error: Runtime exited with error: exit status 3"}`,
  );
  assertEquals(extension.shutdownReasons, ["failure"]);
  assertEquals(recordsOf(extension.received, "function"), ["last words"]);
  assertEquals(
    read(recordsOf(extension.received, "platform.runtimeDone")[0], "errorType"),
    "Runtime.ExitError",
  );
});

for (
  const [outcome, errorType, memory, text] of [
    ["oom_reported", "Runtime.OutOfMemory", 128, undefined],
    ["oom_killed", "Runtime.ExitError", 128, undefined],
    ["oom_logged", "Runtime.ExitError", 97, "JavaScript heap out of memory"],
  ] as const
) {
  scenario(`lambda plays the out-of-memory shape ${outcome}`, async () => {
    const extension = fakeExtension();
    await using lambda = await startLambda({ extension });
    const result = await lambda.invoke({ outcome });
    assertEquals([result.status, result.errorType], ["error", errorType]);
    const [report] = recordsOf(extension.received, "platform.report");
    assertEquals(read(report, "metrics", "maxMemoryUsedMB"), memory);
    const lines = recordsOf(extension.received, "function");
    assertEquals(lines.some((line) => String(line).includes(text ?? "\0")), text !== undefined);
  });
}

scenario("lambda reports an init error of the runtime and repeats the init in the invocation", async () => {
  const extension = fakeExtension();
  const functionInit = { sleepMs: 50, outcome: "error", errorType: "Runtime.ImportModuleError" } as const;
  await using lambda = await startLambda({ extension, functionInit });
  const init = await lambda.init();
  assertEquals([init.status, init.errorType], ["error", "Runtime.ImportModuleError"]);
  const result = await lambda.invoke();
  assertEquals([result.status, result.functionError], ["error", "Runtime.ImportModuleError"]);
  const phases = recordsOf(extension.received, "platform.initReport").map((record) => read(record, "phase"));
  assertEquals(phases, ["init", "invoke"]);
  assertEquals(extension.shutdownReasons, ["failure", "failure"]);
});

scenario("lambda tells of a failed init who subscribes only after it", async () => {
  const extension = fakeExtension({ beforeSubscribe: () => sleep(40) });
  await using lambda = await startLambda({ extension, functionInit: { outcome: "crash" } });
  assertEquals((await lambda.init()).errorType, "Runtime.ExitError");
  const [done] = recordsOf(extension.received, "platform.initRuntimeDone");
  assertEquals([read(done, "status"), read(done, "errorType")], ["error", "Runtime.ExitError"]);
  assertEquals([extension.subscribeStatus, lambda.violations], [[200], []]);
});

scenario("lambda fails the invocation when the extension exits, whatever its code", async () => {
  const extension = fakeExtension({
    onInvoke: () => {
      throw new Error("bug");
    },
  });
  await using lambda = await startLambda({ extension });
  const result = await lambda.invoke({ sleepMs: 50 });
  assertEquals([result.status, result.errorType], ["error", "Extension.Crash"]);
});

scenario("lambda fails the init when the extension ends before it is ready", async () => {
  await using lambda = await startLambda({ extension: { name: "dead", run: () => Promise.resolve(0) } });
  const init = await lambda.init();
  assertEquals([init.status, init.errorType], ["error", "Extension.Crash"]);
});

scenario("lambda times out an init whose extension never registers", async () => {
  const extension = { name: "mute", run: waitForKill };
  await using lambda = await startLambda({ extension, initTimeoutMs: 50, timeoutMs: 60 });
  assertEquals((await lambda.init()).status, "timeout");
  assertEquals((await lambda.invoke()).status, "timeout");
});

scenario("lambda kills an extension that ignores SHUTDOWN", async () => {
  const extension = fakeExtension({ onShutdown: (_reason, { killed }) => sleep(10_000, killed) });
  await using lambda = await startLambda({ extension, shutdownBudgetMs: 100 });
  await lambda.init();
  const end = await lambda.shutdown();
  assertEquals([end.killed, end.exitCode], [true, 137]);
  assertEquals(lambda.extensions.map(({ state }) => state), ["ShutdownFailed"]);
  assertEquals(lambda.violations, ["extension fake had to be killed after SHUTDOWN spindown"]);
});

scenario("lambda kills an extension without SHUTDOWN at once", async () => {
  const extension = fakeExtension({ events: ["INVOKE"] });
  await using lambda = await startLambda({ extension });
  await lambda.init();
  assertLess((await lambda.shutdown()).tookMs, 500);
  assertEquals(extension.shutdownReasons, []);
});
