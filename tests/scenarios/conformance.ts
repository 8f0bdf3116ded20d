/**
 * What any build of the extension must do, as scenarios over a sandbox: run in process by `program_test.ts` and with
 * the compiled executable by the layer's tests.
 */
import { assert, assertEquals, assertExists, assertLess } from "@std/assert";
import type { FunctionScript } from "../emulator/script.ts";
import { DOCUMENTED_FIELDS } from "../support/documented.ts";
import type { Sandbox, StartSandbox } from "../support/sandbox.ts";
import { freePort } from "../support/loopback.ts";
import { ONE, type Verdicts, verdicts } from "./verdicts.ts";

export interface Scenario {
  readonly name: string;
  readonly run: (start: StartSandbox) => Promise<void>;
}

/** The product document's tags. */
const DOCUMENTED_TAGS: Readonly<Record<string, string>> = {
  aws_account_id: "123456789012",
  aws_lambda_function_memory_size: "128",
  aws_lambda_function_name: "checkout",
  aws_lambda_function_version: "$LATEST",
  aws_lambda_initialization_type: "on-demand",
  aws_region: "eu-west-1",
};

/** After SHUTDOWN an extension has 2 s less what the runtime took; ours must end well within. In ms. */
const SHUTDOWN_LIMIT_MS = 1400;

/** Runs one invocation in a fresh sandbox to its end and returns what Dataway has then. */
async function checkVerdicts(start: StartSandbox, script: FunctionScript, expected: Verdicts): Promise<void> {
  await using sandbox = await start();
  await sandbox.lambda.init();
  await sandbox.lambda.invoke(script);
  // A crash or a timeout resets the environment; the next invocation brings it back, and its telemetry.
  await sandbox.lambda.invoke();
  await end(sandbox);
  assertEquals(verdicts(sandbox), { ...expected, invocations: expected.invocations + 1n });
}

/** Ends the sandbox and checks what must hold in every scenario. */
async function end(sandbox: Sandbox): Promise<void> {
  const { exitCode, killed, afterEventMs } = await sandbox.lambda.shutdown();
  assertEquals({ exitCode, killed }, { exitCode: 0, killed: false });
  assertLess(afterEventMs, SHUTDOWN_LIMIT_MS);
  assertEquals(sandbox.lambda.violations, []);
  assertEquals(sandbox.dataway.violations, []);
}

export const CONFORMANCE: readonly Scenario[] = [
  {
    name: "a cold start and two invocations give every documented field and tag, in whole numbers",
    run: async (start) => {
      await using sandbox = await start();
      await sandbox.lambda.init();
      await sandbox.lambda.invoke({ sleepMs: 20, response: { ok: true } });
      await sandbox.lambda.invoke({ response: "x" });
      await end(sandbox);
      const points = sandbox.dataway.points("metric", "awslambda-metric");
      for (const field of DOCUMENTED_FIELDS) {
        const values = sandbox.values(field);
        assert(values.length > 0, `${field} is missing`);
        assert(values.every((value) => typeof value === "bigint" && value >= 0n), `${field} is ${values}`);
      }
      for (const point of points) {
        assert(point.fields.size > 0);
        for (const [tag, value] of Object.entries(DOCUMENTED_TAGS)) assertEquals(point.tags.get(tag), value);
        assertEquals(point.tags.get("aws_runtime_version"), "nodejs:22.v51");
      }
      assertEquals(sandbox.values("init_duration_ms").length, 1);
      assertEquals(
        sandbox.values("duration_ms").length,
        2,
        "a report is missing: the last comes with SHUTDOWN",
      );
      assertEquals(verdicts(sandbox), { ...ONE, invocations: 2n });
    },
  },
  {
    name: "a handler's exception is one error",
    run: (start) => checkVerdicts(start, { outcome: "error" }, { ...ONE, errors: 1n }),
  },
  {
    name: "a timeout is one error and one timeout",
    run: async (start) => {
      // A real function process and ours fill 128 MB, and memory at the cap of a failed invocation is out of memory.
      await using sandbox = await start({ timeoutMs: 800, memorySizeMb: 512 });
      await sandbox.lambda.init();
      await sandbox.lambda.invoke({ outcome: "hang", logs: ["before the timeout"] });
      await sandbox.lambda.invoke();
      await end(sandbox);
      assertEquals(verdicts(sandbox), { ...ONE, invocations: 2n, errors: 1n, timeouts: 1n, coldStarts: 2n });
      assertEquals(messages(sandbox).filter((message) => message === "before the timeout").length, 1);
    },
  },
  ...(["oom_reported", "oom_killed", "oom_logged"] as const).map((outcome): Scenario => ({
    name: `out of memory in the shape ${outcome} is one error and one out_of_memory`,
    run: (start) =>
      checkVerdicts(start, { outcome }, { ...ONE, errors: 1n, outOfMemory: 1n, coldStarts: 2n }),
  })),
  {
    name: "a crash is one error",
    run: (start) => checkVerdicts(start, { outcome: "crash" }, { ...ONE, errors: 1n, coldStarts: 2n }),
  },
  {
    name: "every log line arrives once, in order, with its level and request",
    run: async (start) => {
      await using sandbox = await start({ logFormat: "JSON" });
      await sandbox.lambda.init();
      const sent: string[] = [];
      for (let round = 0; round < 3; round++) {
        const lines = Array.from({ length: 50 }, (_, n) => `line ${round}/${n} "quoted" \\ ünïcødé 🙂`);
        sent.push(...lines);
        await sandbox.lambda.invoke({ logs: lines });
      }
      const { requestId } = await sandbox.lambda.invoke({
        logs: [{
          level: "WARN",
          message: "structured",
          requestId: "{requestId}",
          order: 7,
          inner: { a: [1] },
        }],
      });
      await end(sandbox);
      assertEquals(messages(sandbox).filter((message) => String(message).startsWith("line")), sent);
      const structured = sandbox.dataway.points("logging").find((p) =>
        p.fields.get("message") === "structured"
      );
      assertExists(structured);
      assertEquals(structured.measurement, "awslambda-logging");
      assertEquals(structured.tags.get("aws_log_from"), "function");
      assertEquals(structured.fields.get("status"), "warning");
      assertEquals(structured.fields.get("aws_request_id"), requestId);
      assertEquals(structured.fields.get("order"), 7);
      assertEquals(structured.fields.get("inner"), '{"a":[1]}');
    },
  },
  {
    name: "hostile telemetry costs only itself",
    run: async (start) => {
      await using sandbox = await start({ env: { ENV_STORE_MAX_BYTES: "32MiB" } });
      await sandbox.lambda.init();
      const time = "2026-09-10T12:00:00.000Z";
      const line = (record: unknown): unknown => ({ time, type: "function", record });
      const bodies = [
        "not json",
        "{}",
        "[]",
        "[null, 1, true, [], {}]",
        JSON.stringify([
          { time, type: "platform.brandNew", record: { a: 1 } },
          line("after an unknown type"),
        ]),
        JSON.stringify([
          { time, type: "platform.report", record: { metrics: "x" } },
          line("after a bad report"),
        ]),
        JSON.stringify([{ time: 5, type: "function", record: null }, line("after a bad time")]),
        `[{"time":"${time}","type":"function","record":${"[".repeat(5000)}${"]".repeat(5000)}}]`,
        `[{"time":"${time}","type":"function","record":{"__proto__":{"polluted":true},"message":"proto"}}]`,
        JSON.stringify(Array.from({ length: 10_000 }, (_, n) => line(`many ${n}`))),
        JSON.stringify([line("x".repeat(2_000_000)), line("after two megabytes")]),
      ];
      for (const body of bodies) {
        assertEquals(await sandbox.lambda.sendRawTelemetry(body), [{ ok: true }], body.slice(0, 80));
      }
      await sandbox.lambda.invoke({ logs: ["the function runs on"] });
      await end(sandbox);
      const arrived = new Set(messages(sandbox));
      for (
        const message of [
          "after an unknown type",
          "after a bad report",
          "after a bad time",
          "after two megabytes",
        ]
      ) {
        assert(arrived.has(message), message);
      }
      for (let n = 0; n < 10_000; n++) assert(arrived.has(`many ${n}`), `many ${n}`);
      assert(arrived.has("proto"));
      const large = sandbox.dataway.points("logging").filter((point) => point.fields.has("message_part"));
      const parts = new Map(
        large.map(({ fields }) => [fields.get("message_part"), String(fields.get("message"))]),
      );
      assertEquals([...parts.values()].reduce((length, part) => length + part.length, 0), 2_000_000);
      assert(arrived.has("the function runs on"));
      assertEquals(({} as Record<string, unknown>)["polluted"], undefined);
    },
  },
  {
    name:
      "a Dataway that hangs holds an invocation no longer than the budget, and nothing is lost when it is back",
    run: async (start) => {
      await using sandbox = await start({ env: { ENV_DATAWAY_BUDGET: "150ms" } });
      await sandbox.lambda.init();
      sandbox.dataway.reply(...Array.from({ length: 30 }, () => "hang" as const));
      const holdsMs: number[] = [];
      for (let n = 0; n < 6; n++) {
        holdsMs.push((await sandbox.lambda.invoke({ logs: [`held ${n}`] })).extensionHoldMs ?? 0);
      }
      assert(holdsMs.every((ms) => ms < 450), `held for ${holdsMs} ms`);
      assert(holdsMs.slice(3).every((ms) => ms < 150), `the breaker did not open: held for ${holdsMs} ms`);
      sandbox.dataway.clearReplies();
      await end(sandbox);
      const arrived = messages(sandbox);
      assertEquals(Array.from({ length: 6 }, (_, n) => arrived.includes(`held ${n}`)), Array(6).fill(true));
      assertEquals(verdicts(sandbox), { ...ONE, invocations: 6n });
    },
  },
  ...([202, 400, 404, 500, "closed"] as const).map((reply): Scenario => ({
    name: `the function runs on when the telemetry subscription ends with ${reply}`,
    run: async (start) => {
      await using sandbox = await start({ subscribeReply: reply });
      assertEquals((await sandbox.lambda.init()).status, "success");
      for (let n = 0; n < 3; n++) {
        const { status, extensionHoldMs } = await sandbox.lambda.invoke();
        assertEquals(status, "success");
        assertLess(extensionHoldMs ?? 0, 200);
      }
      await end(sandbox);
      assertEquals(sandbox.lines().length, 1, sandbox.lines().join("\n"));
    },
  })),
  ...["", "not a url", "ftp://x?token=tkn_1", "https://openway.guance.com"].map((dataway): Scenario => ({
    name: `the function runs on, and one sandbox says so in two lines at most, with ENV_DATAWAY=${
      JSON.stringify(dataway)
    }`,
    run: async (start) => {
      await using sandbox = await start({ env: { ENV_DATAWAY: dataway } });
      assertEquals((await sandbox.lambda.init()).status, "success");
      assertEquals((await sandbox.lambda.invoke({ logs: ["x"] })).status, "success");
      const { exitCode } = await sandbox.lambda.shutdown();
      assertEquals(exitCode, 0);
      const lines = sandbox.lines();
      assert(lines.some((each) => each.includes("ENV_DATAWAY")), lines.join("\n"));
      assert(lines.length <= 2, lines.join("\n"));
      assert(!lines.join().includes("tkn_1"));
    },
  })),
  {
    name: "a retry under the same request id is an invocation of its own",
    run: async (start) => {
      await using sandbox = await start();
      const { lambda } = sandbox;
      await lambda.init();
      const requestId = crypto.randomUUID();
      await lambda.invoke({ outcome: "error", logs: ["first"], sleepMs: 60 }, { requestId });
      // Next is asked for only when the retry itself is done: until then its line must not be frozen.
      const retry = await lambda.invoke({ logs: ["its retry"], sleepMs: 60 }, { requestId });
      assert((retry.extensionHoldMs ?? 0) < 2500);
      await lambda.invoke({ logs: ["another"] });
      await end(sandbox);
      assertEquals(sandbox.values("invocations"), [1n, 1n, 1n]);
      assertEquals(sandbox.values("errors"), [1n, 0n, 0n]);
      assertEquals(sandbox.values("billed_duration_ms").length, 3);
      const own = ["first", "its retry", "another"];
      assertEquals(messages(sandbox).filter((message) => own.includes(String(message))), own);
    },
  },
  {
    name: "without telemetry a shutdown's timeout marks the last invocation only",
    run: async (start) => {
      await using sandbox = await start({ subscribeReply: 202, timeoutMs: 700, memorySizeMb: 512 });
      const { lambda } = sandbox;
      await lambda.init();
      for (let n = 0; n < 3; n++) await lambda.invoke();
      await lambda.invoke({ outcome: "hang" });
      assertEquals([sandbox.sum("invocations"), sandbox.sum("errors"), sandbox.sum("timeouts")], [
        4n,
        1n,
        1n,
      ]);
    },
  },
  {
    name: "telemetry that never comes holds up two invocations, and is told of once",
    run: async (start) => {
      await using sandbox = await start({ timeoutMs: 1000, telemetryChaos: { lose: "everything" } });
      const { lambda } = sandbox;
      await lambda.init();
      const holds: number[] = [];
      for (let n = 0; n < 5; n++) {
        holds.push((await lambda.invoke({ sleepMs: 20 })).extensionHoldMs ?? Infinity);
      }
      assertEquals(holds.map((ms) => ms > 300), [true, true, false, false, false], holds.join());
      await end(sandbox);
      assertEquals(sandbox.sum("invocations"), 5n);
      assertEquals(sandbox.lines().length, 1, sandbox.lines().join("\n"));
    },
  },
  {
    name: "ends that are never told hold up two invocations although lines come, and are told of once",
    run: async (start) => {
      await using sandbox = await start({ timeoutMs: 1000, telemetryChaos: { lose: "ends-untold" } });
      const { lambda } = sandbox;
      await lambda.init();
      const holds: number[] = [];
      for (let n = 0; n < 5; n++) {
        const { extensionHoldMs } = await lambda.invoke({ logs: [`line ${n}`], sleepMs: 20 });
        holds.push(extensionHoldMs ?? Infinity);
      }
      assertEquals(holds.map((ms) => ms > 300), [true, true, false, false, false], holds.join());
      await end(sandbox);
      assertEquals(sandbox.sum("invocations"), 5n);
      assertEquals(messages(sandbox).length, 5);
      assertEquals(sandbox.lines().length, 1, sandbox.lines().join("\n"));
    },
  },
  {
    name: "an end that the platform drops holds up no invocation to its deadline",
    run: async (start) => {
      await using sandbox = await start({ timeoutMs: 5000, telemetryChaos: { lose: "ends" } });
      const { lambda } = sandbox;
      await lambda.init();
      for (let n = 0; n < 3; n++) {
        const { extensionHoldMs } = await lambda.invoke({ logs: ["x"], sleepMs: 20 });
        assertLess(extensionHoldMs ?? Infinity, 2000);
      }
      await end(sandbox);
      assertEquals(sandbox.sum("invocations"), 3n);
      assertEquals(sandbox.sum("logs_dropped_records"), 3n);
    },
  },
  {
    name: "a busy function pays nothing: next is asked for before the runtime is done",
    run: async (start) => {
      await using sandbox = await start({ env: { ENV_FLUSH_PLAN: "overlap" } });
      const { lambda } = sandbox;
      await lambda.init();
      const holds: number[] = [];
      for (let n = 0; n < 20; n++) {
        holds.push((await lambda.invoke({ logs: [`line ${n}`], sleepMs: 50 })).extensionHoldMs ?? Infinity);
      }
      await end(sandbox);
      // One may fall into a moment in which the machine is busy with other things.
      assert(holds.filter((ms) => ms > 1).length <= 1, holds.join());
      assert(sandbox.sum("billed_ms", "awslambda-extension") <= BigInt(Math.ceil(Math.max(...holds)) * 2));
      assertEquals(verdicts(sandbox), { ...ONE, invocations: 20n });
      assertEquals(messages(sandbox).length, 20);
      assertEquals(sandbox.values("duration_ms").length, 20);
    },
  },
  {
    name: "an extension without anything wrong logs nothing",
    run: async (start) => {
      await using sandbox = await start();
      await sandbox.lambda.init();
      for (let n = 0; n < 5; n++) await sandbox.lambda.invoke({ logs: ["x"] });
      await end(sandbox);
      assertEquals(sandbox.lines(), []);
    },
  },
  {
    name: "with extension logs subscribed the extension does not feed itself",
    run: async (start) => {
      await using sandbox = await start({
        env: { ENV_AWSLAMBDA_EXTENSION_LOGS: "true", ENV_LOG_LEVEL: "debug", ENV_FLUSH_PLAN: "wrong" },
      });
      await sandbox.lambda.init();
      for (let n = 0; n < 5; n++) await sandbox.lambda.invoke();
      await end(sandbox);
      assertLess(sandbox.lines().length, 12);
      const own = sandbox.dataway.points("logging").filter((p) => p.tags.get("aws_log_from") === "extension");
      assert(own.length > 0);
    },
  },
  {
    name: "managed instances register for SHUTDOWN only, and data leaves by timer",
    run: async (start) => {
      await using sandbox = await start({
        initializationType: "lambda-managed-instances",
        env: { ENV_FLUSH_INTERVAL: "200ms" },
      });
      await sandbox.lambda.init();
      await Promise.all(
        Array.from({ length: 50 }, (_, n) => sandbox.lambda.invoke({ logs: [{ message: `m${n}` }] })),
      );
      await sandbox.dataway.waitFor(() => sandbox.sum("invocations") === 50n, 3000);
      await end(sandbox);
      assertEquals(sandbox.sum("invocations"), 50n);
      assertEquals(sandbox.values("duration_ms").length, 50);
    },
  },
  {
    name:
      "what the function sends locally leaves with its invocation, also with the platform's telemetry off",
    run: async (start) => {
      const port = freePort();
      await using sandbox = await start({
        env: {
          ENV_HTTP_LISTEN: `127.0.0.1:${port}`,
          ENV_DEFAULT_ENABLED_INPUTS: "statsd",
          ENV_FLUSH_PLAN: "end",
        },
      });
      await sandbox.lambda.init();
      const url = `http://127.0.0.1:${port}/v1/write/metric`;
      await sandbox.lambda.invoke({
        sends: [{ kind: "http", url, text: "orders,tier=gold count=2i 1700000000000000001" }],
      });
      const [order] = sandbox.dataway.points("metric", "orders");
      assertEquals(order?.fields.get("count"), 2n);
      assertEquals(order?.timeNs, 1_700_000_000_000_000_001n);
      await end(sandbox);
      assertEquals(sandbox.dataway.points(undefined, "awslambda-metric"), []);
      assertEquals(sandbox.dataway.points("logging"), []);
    },
  },
  {
    name: "a client of the write API that wants no global tags gets none on its points",
    run: async (start) => {
      const port = freePort();
      await using sandbox = await start({
        env: {
          ENV_HTTP_LISTEN: `127.0.0.1:${port}`,
          ENV_GLOBAL_HOST_TAGS: "team=core",
          ENV_FLUSH_PLAN: "end",
        },
      });
      await sandbox.lambda.init();
      const url = `http://127.0.0.1:${port}/v1/write/metric`;
      await sandbox.lambda.invoke({
        sends: [
          { kind: "http", url: `${url}?ignore_global_host_tags=1`, text: "bare,k=v f=1i" },
          { kind: "http", url, text: "tagged,k=v f=1i" },
        ],
      });
      const [bare] = sandbox.dataway.points("metric", "bare");
      const [tagged] = sandbox.dataway.points("metric", "tagged");
      await end(sandbox);
      assertEquals([...bare?.tags.keys() ?? []], ["k"]);
      assertEquals([tagged?.tags.get("team"), tagged?.tags.has("aws_lambda_function_name")], ["core", true]);
    },
  },
  {
    name: "a taken main port costs nothing but a line",
    run: async (start) => {
      using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      await using sandbox = await start({ env: { ENV_HTTP_LISTEN: `127.0.0.1:${taken.addr.port}` } });
      await sandbox.lambda.init();
      await sandbox.lambda.invoke({ logs: ["still here"] });
      await end(sandbox);
      assert(messages(sandbox).includes("still here"));
      assertEquals(sandbox.lines().length, 1, sandbox.lines().join("\n"));
    },
  },
];

function messages({ dataway }: Sandbox): unknown[] {
  return dataway.points("logging").map((point) => point.fields.get("message"));
}
