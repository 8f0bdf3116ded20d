import {
  assert,
  assertEquals,
  assertExists,
  assertGreaterOrEqual,
  assertLess,
  assertMatch,
} from "@std/assert";
import { fakeExtension, type ReceivedEvent, register } from "../emulator/fake_extension.ts";
import { type Lambda, startLambda } from "../emulator/lambda.ts";
import { sleep } from "../emulator/waiters.ts";
import { scenario } from "../support/scenario.ts";

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

scenario("extensions API refuses with AWS's exact bodies", async () => {
  const opened = Promise.withResolvers<void>();
  await using lambda = await startLambda({ extension: { name: "probe", run: waitForKill } });
  void lambda.init().finally(() => opened.resolve());
  const api = `http://${lambda.runtimeApi}`;
  const call = (path: string, init: RequestInit): Promise<readonly [number, unknown]> =>
    fetch(`${api}/2020-01-01/extension${path}`, init).then(async (r) => [r.status, await r.json()]);
  const post = (
    path: string,
    headers: HeadersInit,
    body: unknown = {},
  ): Promise<readonly [number, unknown]> =>
    call(path, { method: "POST", headers, body: typeof body === "string" ? body : JSON.stringify(body) });
  assertEquals(await post("/register", {}, { events: [] }), [
    403,
    { errorMessage: "Empty extension name", errorType: "Extension.InvalidExtensionName" },
  ]);
  assertEquals(await post("/register", { "Lambda-Extension-Name": "probe" }, { events: ["BOGUS"] }), [
    403,
    { errorMessage: "BOGUS: ErrorInvalidEventType", errorType: "Extension.InvalidEventType" },
  ]);
  assertEquals(await post("/register", { "Lambda-Extension-Name": "probe" }, { configurationKeys: ["a"] }), [
    403,
    {
      errorMessage: "configurationKeys are deprecated; use environment variables instead",
      errorType: "InvalidRequestFormat",
    },
  ]);
  assertEquals((await post("/register", { "Lambda-Extension-Name": "probe" }, "{"))[0], 403);
  assertEquals(await post("/register", { "Lambda-Extension-Name": "other" }, { events: ["SHUTDOWN"] }), [
    403,
    {
      errorMessage: "SHUTDOWN: ShutdownEventNotSupportedForInternalExtension",
      errorType: "Extension.InvalidEventType",
    },
  ]);
  const id = await register(api, "probe", ["INVOKE"]);
  const known = { "Lambda-Extension-Identifier": id };
  assertEquals(await post("/register", { "Lambda-Extension-Name": "probe" }, { events: [] }), [
    403,
    {
      errorMessage:
        "State transition from Registered to Registered failed for extension probe. Error: State transition is not allowed",
      errorType: "Extension.InvalidExtensionState",
    },
  ]);
  assertEquals(await call("/event/next", {}), [
    403,
    {
      errorMessage: "Missing Lambda-Extension-Identifier header",
      errorType: "Extension.MissingExtensionIdentifier",
    },
  ]);
  assertEquals(await call("/event/next", { headers: { "Lambda-Extension-Identifier": "nonsense" } }), [
    403,
    {
      errorMessage: "Invalid Lambda-Extension-Identifier",
      errorType: "Extension.InvalidExtensionIdentifier",
    },
  ]);
  const stranger = "00000000-0000-4000-8000-000000000000";
  assertEquals(await call("/event/next", { headers: { "Lambda-Extension-Identifier": stranger } }), [
    403,
    { errorMessage: `Unknown extension ${stranger}`, errorType: "Extension.UnknownExtensionIdentifier" },
  ]);
  assertEquals(await post("/init/error", known), [
    403,
    {
      errorMessage: "Lambda-Extension-Function-Error-Type not found",
      errorType: "Extension.MissingHeader",
    },
  ]);
  const giveUp = new AbortController();
  const blocked = fetch(`${api}/2020-01-01/extension/event/next`, { headers: known, signal: giveUp.signal })
    .catch(() => {});
  await opened.promise;
  assertEquals(await call("/event/next", { headers: known }), [
    403,
    {
      errorMessage:
        `State transition from Ready to Ready failed for extension ${id}. Error: State transition is not allowed`,
      errorType: "Extension.InvalidExtensionState",
    },
  ]);
  assertEquals(await post("/register", { "Lambda-Extension-Name": "late" }, { events: [] }), [
    403,
    {
      errorMessage: "Extension registration closed already",
      errorType: "Extension.RegistrationClosed",
    },
  ]);
  giveUp.abort();
  await blocked;
  await sleep(20);
  await lambda.vanish();
});

scenario("extensions API swallows the event of a next that was given up", async () => {
  await using lambda = await startLambda({ extension: { name: "probe", run: waitForKill }, timeoutMs: 80 });
  const init = lambda.init();
  const api = `http://${lambda.runtimeApi}`;
  const headers = { "Lambda-Extension-Identifier": await register(api, "probe", ["INVOKE"]) };
  const giveUp = new AbortController();
  const blocked = fetch(`${api}/2020-01-01/extension/event/next`, { headers, signal: giveUp.signal })
    .catch(() => {});
  await init;
  giveUp.abort();
  await blocked;
  await sleep(20);
  assertEquals((await lambda.invoke()).status, "timeout");
  assertEquals(lambda.violations.slice(0, 1), ["extension probe gave up its next, so INVOKE is lost"]);
});

for (const kind of ["init", "exit"] as const) {
  scenario(`extensions API takes ${kind}/error as fatal, and its repetition without effect`, async () => {
    const extension = { name: "probe", run: waitForKill };
    await using lambda = await startLambda({ extension, shutdownBudgetMs: 60 });
    const init = lambda.init();
    const api = `http://${lambda.runtimeApi}`;
    const id = await register(api, "probe", ["SHUTDOWN"]);
    const headers = {
      "Lambda-Extension-Identifier": id,
      "Lambda-Extension-Function-Error-Type": "Extension.NoKey",
    };
    const url = `${api}/2020-01-01/extension/${kind}/error`;
    const report = (): Promise<readonly [number, string]> =>
      fetch(url, { method: "POST", headers }).then(async (r) => [r.status, await r.text()]);
    assertEquals(await Promise.all([report(), report()]), [[202, '{"status":"OK"}'], [
      202,
      '{"status":"OK"}',
    ]]);
    const { status, errorType } = await init;
    assertEquals([status, errorType], [
      "error",
      kind === "init" ? "Extension.InitError" : "Extension.ExitError",
    ]);
  });
}

for (
  const [reply, status, body] of [
    [202, 202, '{"errorMessage":"Telemetry API is not supported","errorType":"Telemetry.NotSupported"}'],
    [
      400,
      400,
      '{"errorMessage":"URI port is not provided; types should not be empty","errorType":"ValidationError"}',
    ],
    [404, 404, "404 page not found\n"],
    [500, 500, '{"errorMessage":"Internal Server Error","errorType":"InternalServerError"}'],
    ["closed", 0, ""],
  ] as const
) {
  scenario(`telemetry API can answer a subscription with ${reply}`, async () => {
    await using lambda = await startLambda({
      extension: { name: "probe", run: waitForKill },
      subscribeReply: reply,
    });
    void lambda.init();
    const id = await register(`http://${lambda.runtimeApi}`, "probe", []);
    assertEquals(await subscribe(lambda, id, {}), [status, body]);
  });
}

scenario("telemetry API checks the subscription and says everything that is wrong", async () => {
  await using lambda = await startLambda({ extension: { name: "probe", run: waitForKill } });
  void lambda.init();
  const id = await register(`http://${lambda.runtimeApi}`, "probe", []);
  const good = {
    schemaVersion: "2022-12-13",
    types: ["platform"],
    destination: { protocol: "HTTP", URI: "http://sandbox.localdomain:1234" },
  };
  const refusal = (errorMessage: string): readonly [number, string] => [
    400,
    JSON.stringify({ errorMessage, errorType: "ValidationError" }),
  ];
  assertEquals(
    await subscribe(lambda, id, {
      ...good,
      types: [],
      destination: { protocol: "HTTP", URI: "http://sandbox.localdomain" },
    }),
    refusal("URI port is not provided; types should not be empty"),
  );
  assertEquals(
    await subscribe(lambda, id, { ...good, buffering: { maxItems: 10 } }),
    refusal("maxItems should be from 1000 to 10000"),
  );
  assertEquals(
    await subscribe(lambda, id, {
      ...good,
      destination: { protocol: "HTTP", URI: "http://sandbox.localdomain:9001" },
    }),
    refusal("URI port is not provided"),
  );
  assertEquals(await subscribe(lambda, id, good), [200, '"OK"']);
  assertEquals((await subscribe(lambda, id, good))[0], 500);
  await lambda.vanish();
});

scenario("telemetry renders JSON lines as objects only where schema and log format say so", async () => {
  const lines = { logs: ['{"level":"INFO","message":"a"}', "plain"] };
  const asObject = fakeExtension();
  const asText = fakeExtension({ schemaVersion: "2022-07-01" });
  for (const extension of [asObject, asText]) {
    await using lambda = await startLambda({ extension, logFormat: "JSON" });
    await lambda.invoke(lines);
    await lambda.shutdown();
  }
  assertEquals(recordsOf(asObject.received, "function"), [{ level: "INFO", message: "a" }, "plain"]);
  assertEquals(recordsOf(asText.received, "function"), lines.logs);
});

scenario("telemetry batches end at the item limit", async () => {
  const extension = fakeExtension({ types: ["function"] });
  await using lambda = await startLambda({ extension });
  await lambda.init();
  await lambda.invoke({ logs: Array.from({ length: 2500 }, (_, i) => `line ${i}`) });
  await lambda.shutdown();
  assertEquals(extension.batchSizes, [1000, 1000, 500]);
  assertEquals(recordsOf(extension.received, "function").at(-1), "line 2499");
  assertEquals(new Set(extension.sequenceIds).size, 3);
});

scenario("telemetry repeats a batch that was not taken, under the same sequence id", async () => {
  let calls = 0;
  const extension = fakeExtension({ types: ["function"], onTelemetry: () => ++calls === 1 ? 500 : 200 });
  await using lambda = await startLambda({ extension });
  await lambda.invoke({ logs: ["once"], sleepMs: 200 });
  await lambda.shutdown();
  assertEquals(recordsOf(extension.received, "function"), ["once"]);
  assertEquals(extension.sequenceIds.length, 2);
  assertEquals(extension.sequenceIds[0], extension.sequenceIds[1]);
});

scenario("telemetry in model mi drops what is due while a batch is in flight", async () => {
  const extension = fakeExtension({ types: ["function"], onTelemetry: () => sleep(60).then(() => 200) });
  await using lambda = await startLambda({ extension, deliveryModel: "mi" });
  await lambda.invoke({ logs: Array.from({ length: 3000 }, () => "x"), sleepMs: 100 });
  const dropped = lambda.events.filter(({ type }) => type === "platform.logsDropped").map(({ record }) =>
    record
  );
  await lambda.shutdown();
  const reason =
    "Some logs were dropped because the downstream consumer is slower than the logs production rate";
  assertEquals(dropped.map((record) => [read(record, "droppedRecords"), read(record, "reason")]), [
    [1000, reason],
    [1000, reason],
  ]);
  assertEquals(extension.batchSizes, [1000]);
});

scenario("runtime API refuses wrong ids and second responses", async () => {
  await using lambda = await startLambda();
  await lambda.invoke();
  const api = `http://${lambda.runtimeApi}/2018-06-01/runtime`;
  const response = await fetch(`${api}/invocation/nonsense/response`, { method: "POST", body: "{}" });
  assertEquals([response.status, await response.json()], [
    400,
    { errorMessage: "Invalid request ID", errorType: "InvalidRequestID" },
  ]);
  const late = await fetch(`${api}/init/error`, { method: "POST", body: "{}" });
  assertEquals([late.status, await late.json()], [
    403,
    {
      errorMessage:
        "State transition from Ready to InitError failed for runtime. Error: State transition is not allowed",
      errorType: "InvalidStateTransition",
    },
  ]);
});

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

function types(events: readonly ReceivedEvent[]): readonly string[] {
  return events.map(({ type }) => type);
}

function recordsOf(events: readonly ReceivedEvent[], type: string): readonly unknown[] {
  return events.filter((event) => event.type === type).map(({ record }) => record);
}

function read(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => typeof inner === "object" && inner !== null ? Reflect.get(inner, key) : undefined,
    value,
  );
}

function waitForKill({ killed }: { readonly killed: AbortSignal }): Promise<number> {
  return new Promise((resolve) => killed.addEventListener("abort", () => resolve(137)));
}

async function subscribe(lambda: Lambda, id: string, body: unknown): Promise<readonly [number, string]> {
  try {
    const response = await fetch(`http://${lambda.runtimeApi}/2022-07-01/telemetry`, {
      method: "PUT",
      headers: { "Lambda-Extension-Identifier": id },
      body: JSON.stringify(body),
    });
    return [response.status, await response.text()];
  } catch {
    return [0, ""];
  }
}

/** A real program without anything but this Deno: registers for both events and polls until SHUTDOWN. */
async function writeShellExtension(): Promise<string> {
  const file = await Deno.makeTempFile({ suffix: ".sh" });
  const code = `
    const api = "http://" + Deno.env.get("AWS_LAMBDA_RUNTIME_API") + "/2020-01-01/extension";
    const reply = await fetch(api + "/register", {
      method: "POST", headers: { "Lambda-Extension-Name": "${file.split("/").at(-1)}" },
      body: JSON.stringify({ events: ["INVOKE", "SHUTDOWN"] }),
    });
    const id = reply.headers.get("Lambda-Extension-Identifier");
    while (true) {
      const next = await fetch(api + "/event/next", { headers: { "Lambda-Extension-Identifier": id } });
      if ((await next.json()).eventType === "SHUTDOWN") Deno.exit(0);
    }`;
  const quoted = code.replaceAll("'", "'\\''");
  await Deno.writeTextFile(file, `#!/bin/sh\nexec '${Deno.execPath()}' eval --no-config '${quoted}'\n`);
  await Deno.chmod(file, 0o755);
  return file;
}

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

for (const kind of ["scripted", "process"] as const) {
  scenario(`lambda tells the duration and the bytes of a streamed response (${kind})`, async () => {
    const extension = fakeExtension();
    await using lambda = await startLambda({ extension, function: kind });
    const { response } = await lambda.invoke({ stream: { chunks: 3, chunkBytes: 10, pauseMs: 20 } });
    assertEquals(response, "x".repeat(30));
    await lambda.shutdown();
    const [done] = recordsOf(extension.received, "platform.runtimeDone");
    assertEquals(read(done, "metrics", "producedBytes"), 30);
    const spans = read(done, "spans");
    assert(Array.isArray(spans));
    assertGreaterOrEqual(spans[1].durationMs, 39);
  });
}

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

scenario("lambda drops log batches and tells how many when told so", async () => {
  const extension = fakeExtension();
  await using lambda = await startLambda({ extension, telemetryChaos: { dropEach: 2, repeat: "no-id" } });
  await lambda.init();
  for (let n = 0; n < 5; n++) {
    await lambda.invoke({ logs: Array.from({ length: 10 }, (_, line) => `${n}/${line}`), sleepMs: 40 });
  }
  await lambda.shutdown();
  // Everything came twice.
  const dropped = recordsOf(extension.received, "platform.logsDropped").length / 2;
  const lines = extension.received.filter(({ type }) => type === "function").length / 2;
  assert(dropped > 0);
  const records = recordsOf(extension.received, "platform.logsDropped")
    .reduce<number>((sum, record) => sum + Number(read(record, "droppedRecords")), 0) / 2;
  assertEquals(lines, 50 - records);
  assert(extension.sequenceIds.every((id) => id === ""));
});
