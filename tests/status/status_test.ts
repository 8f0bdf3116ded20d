/** `GET /status` and the lines of the level `debug`, of the whole program between a Lambda and a Dataway. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { TEST_TOKEN } from "../emulator/dataway.ts";
import { parseStatus } from "../emulator/page/status_reader.ts";
import type { Status } from "../../src/status/status.ts";
import { type InProcessSandbox, startSandbox } from "../support/sandbox.ts";
import { startOtlpTarget } from "../support/otlp_target.ts";
import { scenario } from "../support/scenario.ts";
import { freePort } from "../support/loopback.ts";

const HOST = "127.0.0.1";

async function statusAt(port: number): Promise<Status> {
  const response = await fetch(`http://${HOST}:${port}/status`);
  assertEquals([response.status, response.headers.get("content-type")], [200, "application/json"]);
  const text = await response.text();
  assert(!text.includes(TEST_TOKEN), text);
  return JSON.parse(text);
}

/** The fields of the program's own lines with this message. */
function told({ extension }: InProcessSandbox, message: string): Record<string, unknown>[] {
  return extension.lines.map((line): Record<string, unknown> => JSON.parse(line))
    .filter((fields) => fields["message"] === message);
}

scenario(
  "GET /status tells version, listeners, the last flush and the account, and no fault of a healthy sandbox",
  async () => {
    const port = freePort();
    await using sandbox = await startSandbox({
      env: { ENV_HTTP_LISTEN: `${HOST}:${port}`, ENV_FLUSH_PLAN: "end", ENV_GLOBAL_HOST_TAGS: "team=shop" },
    });
    await sandbox.lambda.init();
    await sandbox.lambda.invoke({ logs: ["a", "b"] });
    const status = await statusAt(port);
    assertEquals([status.ok, status.faults], [true, []]);
    assertEquals(status.dataway, { endpoints: [sandbox.dataway.url.split("?")[0] ?? ""], secret: null });
    assertEquals(status.listeners, [
      { name: "main", transport: "tcp", asked: `${HOST}:${port}`, state: "open" },
    ]);
    assertEquals(status.settings["ENV_GLOBAL_HOST_TAGS"], "team=shop");
    assertEquals([status.plan, status.breaker.state, status.spool], ["end", "closed", null]);
    assertEquals(status.recorder, null);
    assertEquals(status.telemetry.subscription, "subscribed");
    assertEquals([status.lastFlush?.result, status.lastFlush?.held], ["sent", 0]);
    assert((status.lastFlush?.points ?? 0) >= 2 && (status.lastFlush?.bytes ?? 0) > 0);
    assert(status.uptimeMs >= 0 && status.memory.limitBytes > 0);
    const logs = status.ledger.find(({ source, category }) =>
      source === "telemetry" && category === "logging"
    );
    assertEquals([logs?.received, logs?.exported], [2, 2]);
    // The emulator's page reads the same.
    assertEquals(parseStatus(status)?.entries.length, status.ledger.length);
    assertEquals(parseStatus(status)?.held, status.held);
    await sandbox.lambda.shutdown();
  },
);

scenario(
  "GET /status tells what the flight recorder holds, which is neither held nor refused yet",
  async () => {
    const port = freePort();
    await using sandbox = await startSandbox({
      env: {
        ENV_HTTP_LISTEN: `${HOST}:${port}`,
        ENV_FLUSH_PLAN: "end",
        ENV_AWSLAMBDA_RECORDER: "on",
        ENV_AWSLAMBDA_RECORDER_KEEP: "error",
      },
    });
    await sandbox.lambda.init();
    const debug = (message: string): unknown => ({ level: "debug", message });
    await sandbox.lambda.invoke({ logs: [debug("a"), debug("b"), "c"] });
    const { recorder, held, refused } = await statusAt(port);
    assertEquals([recorder?.points, held.points, refused], [2, 0, []]);
    assert((recorder?.bytes ?? 0) > 100);
    for (let n = 0; n < 2; n++) await sandbox.lambda.invoke();
    const after = await statusAt(port);
    assertEquals(after.recorder, { points: 0, bytes: 0 });
    assertEquals(after.refused, [{ source: "telemetry", reason: "recorder_discarded", count: 2 }]);
    await sandbox.lambda.shutdown();
  },
);

scenario(
  "GET /status tells what is wrong: a Dataway that refuses the token, and listeners that are taken",
  async () => {
    const port = freePort();
    using taken = Deno.listen({ hostname: HOST, port: 0 });
    await using sandbox = await startSandbox({
      env: {
        ENV_HTTP_LISTEN: `${HOST}:${port}`,
        ENV_FLUSH_PLAN: "end",
        ENV_DEFAULT_ENABLED_INPUTS: "awslambda,opentelemetry",
        ENV_INPUT_OTEL_HTTP: `${HOST}:${taken.addr.port}`,
        ENV_INPUT_OTEL_GRPC: "off",
        ENV_SPOOOL: "on",
      },
    });
    sandbox.dataway.otherwise({ status: 403, body: `no such token ${TEST_TOKEN}` });
    await sandbox.lambda.init();
    await sandbox.lambda.invoke({ logs: ["a"] });
    const { ok, faults, listeners } = await statusAt(port);
    assertEquals(ok, false);
    assertStringIncludes(
      faults[0] ?? "",
      "Dataway refused the latest data: Dataway answered 403: no such token ***",
    );
    assert(faults.some((fault) => /^\d+ points were dropped: forbidden$/.test(fault)), faults.join("\n"));
    assert(
      faults.some((fault) => fault.includes(`${taken.addr.port} (OTLP/HTTP, tcp) is off`)),
      faults.join("\n"),
    );
    assert(faults.some((fault) => fault.includes("is ENV_SPOOL meant?")), faults.join("\n"));
    assertEquals(listeners.find(({ name }) => name === "OTLP/HTTP")?.state, "off");
    await sandbox.lambda.shutdown();
  },
);

scenario("GET /status tells in an outage how much waits, and until when", async () => {
  const port = freePort();
  await using sandbox = await startSandbox({
    env: { ENV_HTTP_LISTEN: `${HOST}:${port}`, ENV_FLUSH_PLAN: "end" },
  });
  await sandbox.dataway.down();
  await sandbox.lambda.init();
  for (const name of ["a", "b", "c"]) await sandbox.lambda.invoke({ logs: [name] });
  const { faults, breaker, held, lastFlush } = await statusAt(port);
  assertEquals([breaker.state, lastFlush?.result], ["open", "held"]);
  assert(held.points >= 3 && held.bytes > 0 && breaker.nextTryInMs > 0);
  assertStringIncludes(
    faults.join("\n"),
    `Uploads pause as Dataway did not answer: ${held.points} points wait`,
  );
  sandbox.dataway.up();
  await sandbox.lambda.shutdown();
});

scenario("GET /status tells why a secret cannot be read, and that the spool is off", async () => {
  const port = freePort();
  const folder = await Deno.makeTempFile();
  await using sandbox = await startSandbox({
    env: {
      ENV_HTTP_LISTEN: `${HOST}:${port}`,
      ENV_FLUSH_PLAN: "end",
      ENV_DATAWAY: " ",
      ENV_DATAWAY_SSM_PARAMETER: "/dataway",
      AWS_ENDPOINT_URL_SSM: `http://${HOST}:9/`,
      AWS_ACCESS_KEY_ID: "A",
      AWS_SECRET_ACCESS_KEY: "hunter2hunter2",
      ENV_SPOOL: "on",
      ENV_SPOOL_DIR: `${folder}/spool`,
    },
  });
  await sandbox.lambda.init();
  for (const name of ["a", "b", "c"]) await sandbox.lambda.invoke({ logs: [name] });
  const { faults } = await statusAt(port);
  assert(faults.some((fault) => /secret is not known yet: .*refused/i.test(fault)), faults.join("\n"));
  assert(faults.some((fault) => fault.startsWith(`The spool in ${folder}/spool is off`)), faults.join("\n"));
  await sandbox.lambda.shutdown();
  await Deno.remove(folder);
});

scenario(
  "GET /status tells of an upload that is not answered, and the end says why data was held",
  async () => {
    const port = freePort();
    await using sandbox = await startSandbox({
      env: {
        ENV_HTTP_LISTEN: `${HOST}:${port}`,
        ENV_FLUSH_PLAN: "end",
        ENV_DATAWAY_BUDGET: "100ms",
        ENV_LOG_LEVEL: "debug",
      },
      freeze: false,
    });
    sandbox.dataway.otherwise("hang");
    await sandbox.lambda.init();
    await sandbox.lambda.invoke({ logs: ["a"] });
    const { underway, lastFlush } = await statusAt(port);
    assert(underway.uploads > 0, JSON.stringify(underway));
    assertEquals(lastFlush, null);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    const { faults } = await statusAt(port);
    const isTold = faults.some((fault) =>
      /^Dataway has not answered an upload for \d+ s: \d+ points wait$/.test(fault)
    );
    assert(isTold, faults.join("\n"));
    await sandbox.lambda.shutdown();
    assert(told(sandbox, "A flush ends while Dataway has not answered: its uploads go on").length > 0);
    const [end] = told(sandbox, "Data was lost in this sandbox");
    assertStringIncludes(String(end?.["error"]), "Cannot reach");
  },
);

scenario(
  "debug: one line at the start, one a flush, one a refused request; info has none of them",
  async () => {
    for (const level of ["debug", "info"]) {
      const port = freePort();
      await using sandbox = await startSandbox({
        env: {
          ENV_HTTP_LISTEN: `${HOST}:${port}`,
          ENV_FLUSH_PLAN: "end",
          ENV_LOG_LEVEL: level,
          ENV_DEFAULT_ENABLED_INPUTS: "awslambda,opentelemetry",
          ENV_INPUT_OTEL_HTTP: "off",
          ENV_INPUT_OTEL_GRPC: "off",
          ENV_GLOBAL_HOST_TAGS: "team=shop",
          ENV_AWSLAMBDA_LOG_RULES: '[{"exclude":"healthz"}]',
        },
      });
      await sandbox.lambda.init();
      await sandbox.lambda.invoke({ logs: ["a"] });
      const refused = await fetch(`http://${HOST}:${port}/v1/traces`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: "{",
      });
      await refused.body?.cancel();
      await sandbox.lambda.invoke({ logs: ["b"] });
      await sandbox.lambda.shutdown();
      const starts = told(sandbox, "The extension has started");
      const flushes = told(sandbox, "A flush is over");
      const refusals = told(sandbox, "A request was refused");
      if (level === "info") {
        assertEquals([starts.length, flushes.length, refusals.length], [0, 0, 0]);
        continue;
      }
      const [start] = starts;
      assertEquals(starts.length, 1);
      assertEquals(start?.["dataway"], [sandbox.dataway.url.split("?")[0]]);
      assertEquals(start?.["listeners"], [`tcp ${HOST}:${port}`]);
      assertEquals(start?.["inputs"], ["awslambda", "opentelemetry"]);
      assertEquals(start?.["plan"], { kind: "end" });
      assertStringIncludes(JSON.stringify(start?.["tags"]), '"team":"shop"');
      assertStringIncludes(JSON.stringify(start?.["rules"]), "healthz");
      assert(flushes.length >= 2);
      for (const { points, bytes, ms, result } of flushes) {
        assertEquals([typeof points, typeof bytes, typeof ms, result], [
          "number",
          "number",
          "number",
          "sent",
        ]);
      }
      assertEquals(refusals.length, 1);
      const [{ path, status, reason } = {}] = refusals;
      assertEquals([path, status], ["/v1/traces", 400]);
      assertStringIncludes(String(reason), "Cannot");
      assertEquals(told(sandbox, "Data was not kept").length, 1);
    }
  },
);

scenario("GET /status tells of the second target: its account, and what is wrong with it alone", async () => {
  const port = freePort();
  await using target = startOtlpTarget();
  await using sandbox = await startSandbox({
    env: {
      ENV_DATAWAY: "",
      ENV_HTTP_LISTEN: `${HOST}:${port}`,
      ENV_FLUSH_PLAN: "end",
      ENV_OTLP_TARGET: `${target.url}/base?key=0123456789abcdef`,
    },
  });
  await sandbox.lambda.init();
  await sandbox.lambda.invoke({ logs: ["a"] });
  const well = await statusAt(port);
  assertEquals([well.ok, well.faults], [true, []]);
  assertEquals(well.target?.endpoints.traces, `${target.url}/base/v1/traces`);
  assertEquals([well.target?.breaker.state, well.target?.error, well.target?.held], ["closed", null, 0]);
  assert((well.target?.exported ?? 0) > 1);
  assertEquals(well.target?.received, well.target?.exported);

  target.otherwise({ status: 503, headers: { "retry-after": "60" } });
  await sandbox.lambda.invoke({ logs: ["b"] });
  const { faults, target: status } = await statusAt(port);
  assert((status?.held ?? 0) > 0 && status?.breaker.state === "open");
  assertEquals(faults.map((fault) => fault.replaceAll(/\d+ (?=spans|s$)/g, "N ")), [
    "The OTLP target did not take the latest data: The OTLP target answered 503",
    "Uploads to the OTLP target pause: N spans, records and data points wait, the next try is due in N s",
  ]);
  await sandbox.lambda.shutdown();
});
