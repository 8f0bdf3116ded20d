import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { createLogger } from "@std/log";
import { runCli } from "../../src/cli/mod.ts";
import { parseConfig } from "../../src/config.ts";
import { createDatawayClient } from "../../src/dataway/client.ts";
import { createCircuitBreaker } from "../../src/pipeline/circuit_breaker.ts";
import { createLedger } from "../../src/pipeline/ledger.ts";
import { createPointStore } from "../../src/pipeline/store.ts";
import { reportSettings, reportStart } from "../../src/report.ts";
import { createStatusReceiver } from "../../src/status/receiver.ts";
import { VERSION } from "../../src/version.ts";
import { startDataway, TEST_TOKEN } from "../emulator/dataway.ts";
import { testPool } from "../support/connection_pool.ts";
import { startOtlpTarget } from "../support/otlp_target.ts";
import { scenario } from "../support/scenario.ts";
import { freePort } from "../support/loopback.ts";

async function run(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<[number, string]> {
  const lines: string[] = [];
  const exitCode = await runCli({ args, env, print: (line) => void lines.push(line) });
  return [exitCode, lines.join("\n")];
}

Deno.test("cli answers --version and --help, and explains itself when it is started by hand without arguments", async () => {
  assertEquals(await run(["--version"]), [0, VERSION]);
  assertEquals((await run(["--help"]))[0], 0);
  const [exitCode, text] = await run([]);
  assertEquals(exitCode, 2);
  assertStringIncludes(text, "doctor");
});

Deno.test("cli refuses words it does not know", async () => {
  const [exitCode, text] = await run(["destroy"]);
  assertEquals(exitCode, 2);
  assertStringIncludes(text, "destroy");
});

scenario("doctor says that nothing would be sent without ENV_DATAWAY", async () => {
  const [exitCode, text] = await run(["doctor"]);
  assertEquals(exitCode, 1);
  assertStringIncludes(text, "nothing would be sent");
});

scenario("doctor finds a Dataway, sends nothing unless asked to, and never shows the token", async () => {
  await using dataway = await startDataway();
  const env = { ENV_DATAWAY: dataway.url };
  const [exitCode, text] = await run(["doctor"], env);
  assertEquals([exitCode, dataway.points().length], [0, 0]);
  assert(!text.includes(TEST_TOKEN));
  const [sent, answer] = await run(["doctor", "--send"], env);
  assertEquals([sent, dataway.points("metric", "awslambda-extension").length], [0, 1]);
  assertStringIncludes(answer, "took a point");
});

scenario("doctor reports settings that cannot be used, and a Dataway that refuses", async () => {
  await using dataway = await startDataway();
  dataway.reply(403);
  const [exitCode, text] = await run(["doctor", "--send"], {
    ENV_DATAWAY: dataway.url,
    ENV_FLUSH_PLAN: "never",
  });
  assertEquals(exitCode, 1);
  assertStringIncludes(text, "ENV_FLUSH_PLAN");
  assertStringIncludes(text, "did not take a point");
});

scenario("doctor asks a second target for each signal, with its headers and without data", async () => {
  await using target = startOtlpTarget();
  const env = {
    ENV_OTLP_TARGET: target.url,
    ENV_OTLP_TARGET_HEADERS: "api-key=0123456789",
    ENV_OTLP_TARGET_LOGS: "off",
  };
  const [exitCode, text] = await run(["doctor"], env);
  assertStringIncludes(text, "none: all goes to the OTLP target alone");
  for (const signal of ["traces", "metrics"]) {
    assertStringIncludes(text, `ok    ${target.url}/v1/${signal}: takes ${signal}`);
  }
  assert(!text.includes("0123456789"), text);
  assertEquals(target.requests.map(({ request, headers }) => [request, headers.get("api-key")]), [
    [{}, "0123456789"],
    [{}, "0123456789"],
  ]);
  assertEquals(exitCode, text.includes("FAULT") ? 1 : 0);

  target.otherwise(401);
  const [refused, why] = await run(["doctor"], env);
  assertEquals(refused, 1);
  assertStringIncludes(why, "refuses us (The OTLP target answered 401)");
});

scenario("doctor says why a second target is out of reach", async () => {
  const port = freePort();
  const [exitCode, text] = await run(["doctor"], { ENV_OTLP_TARGET: `http://127.0.0.1:${port}` });
  assertEquals(exitCode, 1);
  assertStringIncludes(
    text,
    `FAULT http://127.0.0.1:${port}/v1/traces: is out of reach: nobody listens there`,
  );
});

scenario("doctor tells a second target's port of gRPC from that of HTTP", async () => {
  const [exitCode, text] = await run(["doctor"], {
    ENV_OTLP_TARGET: "http://127.0.0.1:4317",
    ENV_INPUT_OTEL_GRPC: "off",
  });
  assertEquals(exitCode, 1);
  assertStringIncludes(text, "Port 4317 is OTLP/gRPC's as a rule");
});

/** Pasted where it does not belong, in the forms in which it is at hand. */
const MISPLACED: readonly (readonly [pasted: string, secret: string])[] = [
  [TEST_TOKEN, TEST_TOKEN],
  [`https://openway.example?token=${TEST_TOKEN}`, TEST_TOKEN],
  ["https://openway.example?token=0123456789abcdef", "0123456789abcdef"],
  ["user:hunter2hunter2@127.0.0.1:1", "hunter2hunter2"],
  ["ftp://user:hunter2hunter2@127.0.0.1:1", "hunter2hunter2"],
  ["http://user:p@ss/w0rd@127.0.0.1:1", "ss/w0rd"],
  // Cut to a line's length, half of it would be left.
  [`${"x".repeat(60)}=${TEST_TOKEN}`, TEST_TOKEN.slice(0, 12)],
  [`${"x".repeat(60)} wJalrXUtnFEMI/K7MDENG+bPxRfi`, "wJalrXUtnFEMI/K7"],
  ['{"*":["wJalrXUtnFEMI/K7MDENG+bPxRfi("]}', "wJalrXUtnFEMI/K7"],
];

/** What `GET /status` answers in such an environment. */
async function statusOf(env: Readonly<Record<string, string>>): Promise<string> {
  const parsed = parseConfig(env);
  using client = createDatawayClient(parsed.config.dataway, env);
  const ledger = createLedger();
  const { app } = createStatusReceiver(() => ({
    version: VERSION,
    startedAt: 0,
    now: 0,
    env,
    parsed,
    problems: [...parsed.problems, ...client.problems],
    subscription: undefined,
    batches: 0,
    sockets: [],
    connections: testPool().counts,
    lastFlush: undefined,
    underway: { uploads: 0, longestMs: 0 },
    breaker: createCircuitBreaker({ now: () => 0 }),
    ledger,
    store: createPointStore({ maxBytes: 1, ledger }),
    spool: undefined,
    target: undefined,
    recorder: undefined,
    memoryUsedBytes: undefined,
  }));
  return await (await app?.request("/status"))?.text() ?? "";
}

scenario(
  "neither doctor, status nor the log shows a secret, whichever setting it was pasted into",
  async () => {
    const shown: string[] = [];
    let linesWithValues = 0;
    for (const { name } of parseConfig({}).settings) {
      for (const [pasted, secret] of MISPLACED) {
        const env = { AWS_SECRET_ACCESS_KEY: "wJalrXUtnFEMI/K7MDENG+bPxRfi", [name]: pasted };
        const parsed = parseConfig(env);
        const lines: string[] = [];
        using client = createDatawayClient(parsed.config.dataway, env);
        const log = createLogger({ write: (line) => lines.push(line) });
        reportSettings(log, parsed, client);
        log.setLevel("debug");
        const tags = parsed.config.awslambda.globalTags;
        reportStart(log, { parsed, env, sockets: [], tags, subscription: undefined });
        const [, told] = await run(["doctor"], env);
        const [, json] = await run(["doctor", "--json"], env);
        const status = await statusOf(env);
        const isShown = told.includes(`${name} = `) && status.includes(`"${name}":`) &&
          json.includes(`"${name}"`);
        linesWithValues += isShown ? 1 : 0;
        for (const text of [...lines, told, json, status]) {
          if (text.includes(secret) || text.includes(encodeURIComponent(secret))) {
            shown.push(`${name}: ${text}`);
          }
        }
      }
    }
    assertEquals(shown, []);
    assertEquals(linesWithValues, parseConfig({}).settings.length * MISPLACED.length);
  },
);

scenario("doctor reads the secret that stands in for ENV_DATAWAY, and says why it cannot", async () => {
  await using dataway = await startDataway();
  const secret = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    () => Response.json({ Parameter: { Value: dataway.url } }),
  );
  const env = {
    ENV_DATAWAY_SSM_PARAMETER: "/dataway",
    AWS_ENDPOINT_URL_SSM: `http://127.0.0.1:${secret.addr.port}/`,
    AWS_ACCESS_KEY_ID: "A",
    AWS_SECRET_ACCESS_KEY: "S",
  };
  const [exitCode, text] = await run(["doctor", "--send"], env);
  await secret.shutdown();
  assertEquals([exitCode, dataway.points("metric").length], [0, 1], text);
  assert(!text.includes(TEST_TOKEN));
  const [failed, reason] = await run(["doctor"], { ENV_DATAWAY_SSM_PARAMETER: "/dataway" });
  assertEquals(failed, 1);
  assertStringIncludes(reason, "no credentials");
});
