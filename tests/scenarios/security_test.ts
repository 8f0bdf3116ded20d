import { assert, assertEquals, assertRejects } from "@std/assert";
import { parseConfig } from "../../src/config.ts";
import { TEST_TOKEN } from "../emulator/dataway.ts";
import type { ReplyStep } from "../emulator/scripted_server.ts";
import { scenario } from "../support/scenario.ts";
import { startSandbox } from "../support/sandbox.ts";
import { findSecrets, secretsOf } from "../support/secrets.ts";

/** The list of src/ingest/README.md: everything that listens when nothing is set. */
const DOCUMENTED_LISTENERS = {
  main: ["0.0.0.0:9529"],
  ddtrace: ["127.0.0.1:8126", "[::1]:8126"],
  lifecycle: ["127.0.0.1:8124"],
  otlpHttp: ["127.0.0.1:4318", "[::1]:4318"],
  otlpGrpc: ["127.0.0.1:4317", "[::1]:4317"],
  statsdUdp: ["127.0.0.1:8125", "[::1]:8125"],
  statsdTcp: ["127.0.0.1:8125", "[::1]:8125"],
};

Deno.test("parseConfig({}) opens the documented ports, and only the platform's beyond loopback", () => {
  const { core, ddtrace, otlp, statsd } = parseConfig({}).config;
  const show = ({ hostname, port }: { readonly hostname: string; readonly port: number }): string =>
    `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
  assertEquals({
    main: [show(core.listen)],
    ddtrace: ddtrace.listen.map(show),
    lifecycle: ddtrace.lifecycleListen.map(show),
    otlpHttp: otlp.http.map(show),
    otlpGrpc: otlp.grpc.map(show),
    statsdUdp: statsd.udp.map(show),
    statsdTcp: statsd.tcp.map(show),
  }, DOCUMENTED_LISTENERS);
});

scenario("beyond loopback only the platform is heard", async () => {
  const address = otherAddress();
  if (address === undefined) return; // A machine without a network has nothing beyond loopback.
  await using sandbox = await startSandbox({
    freeze: false,
    env: {
      ENV_HTTP_LISTEN: "0.0.0.0:0",
      ENV_DEFAULT_ENABLED_INPUTS: "awslambda,ddtrace,opentelemetry",
      ENV_INPUT_DDTRACE_LISTEN: "127.0.0.1:0",
      ENV_INPUT_DDTRACE_LIFECYCLE_LISTEN: "off",
      ENV_INPUT_OTEL_HTTP: "off",
      ENV_INPUT_OTEL_GRPC: "off",
    },
  });
  await sandbox.lambda.init();
  const [port = 0] = sandbox.lambda.telemetryPorts;
  assert(port > 0);
  const ask = async (host: string, method: string, path: string): Promise<number> => {
    const body = method === "POST" ? "[]" : null;
    const response = await fetch(`http://${host}:${port}${path}`, { method, body });
    await response.body?.cancel();
    return response.status;
  };
  // The emulated platform posts from loopback: whoever comes from elsewhere now is not it.
  await sandbox.lambda.invoke({ logs: ["x"] });
  assertEquals(await ask(address, "POST", "/awslambda"), 403);
  assertEquals(await ask("127.0.0.1", "POST", "/awslambda"), 200);
  const others: readonly (readonly [method: string, path: string])[] = [
    ["POST", "/v1/write/metric"],
    ["POST", "/v1/write/logging"],
    ["POST", "/v0.4/traces"],
    ["PUT", "/v0.5/traces"],
    ["POST", "/otel/v1/traces"],
    ["POST", "/v1/traces"],
    ["GET", "/v1/ping"],
    ["GET", "/info"],
    ["GET", "/"],
    ["POST", "//v1/write/metric"],
    ["POST", "/awslambda/../v1/write/metric"],
    ["POST", "/AWSLAMBDA"],
  ];
  for (const [method, path] of others) {
    assertEquals(await ask(address, method, path), 403, `${method} ${path}`);
  }
  assert(await ask("127.0.0.1", "GET", "/v1/ping") !== 403);
});

scenario("no other listener answers beyond loopback", async () => {
  const address = otherAddress();
  if (address === undefined) return;
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr;
  // What this relies on: a loopback listener is not reached by another address of the same machine.
  await assertRejects(() => Deno.connect({ hostname: address, port }));
});

/** Answers that quote what they were sent, as servers and proxies do. */
const QUOTING: readonly ReplyStep[] = [
  { status: 400, body: `unknown token ${TEST_TOKEN}` },
  { status: 403, body: `{"error_code":"x","message":"token=${TEST_TOKEN} is expired"}` },
  { status: 500, body: TEST_TOKEN },
  { status: 429, retryAfter: TEST_TOKEN, body: encodeURIComponent(TEST_TOKEN) },
  { status: 400, body: `${"x".repeat(190)}${TEST_TOKEN}` },
  { status: 302, headers: { location: `https://other.example/v1/write/metric?token=${TEST_TOKEN}` } },
];

const FAR = `${"a".repeat(64)}.invalid`;
const ENVIRONMENTS: readonly Readonly<Record<string, string>>[] = [
  { ENV_DATAWAY: `https://${FAR}?token=${TEST_TOKEN}` },
  { ENV_DATAWAY: `http://127.0.0.1:1?token=${TEST_TOKEN}` },
  { ENV_DATAWAY: `https://127.0.0.1:1&token=${TEST_TOKEN}` },
  { ENV_DATAWAY: `ftp://127.0.0.1:1?token=${TEST_TOKEN}` },
  { ENV_DATAWAY: `https://user:hunter2hunter2@127.0.0.1:1?token=${TEST_TOKEN}` },
  { ENV_DATAWAY: "http://127.0.0.1:1?token=tkn_%2Fstrange%26token%2F%3D" },
  { ENV_DATAWAY: `http://127.0.0.1:1?token=${TEST_TOKEN},http://127.0.0.1:1?token=${TEST_TOKEN}` },
  { ENV_DATAWAY_HTTP_PROXY: "http://user:hunter2hunter2@127.0.0.1:1" },
  { ENV_DATAWAY_HTTP_PROXY: "gopher://user:hunter2hunter2@127.0.0.1:1" },
  { HTTP_PROXY: "http://user:hunter2hunter2@127.0.0.1:1", ENV_DATAWAY_CA_FILE: "/nowhere" },
  { ENV_DATAWAY_HTTP_PROXY: "user:hunter2hunter2@127.0.0.1:1" },
  { HTTP_PROXY: "ftp://user:hunter2hunter2@127.0.0.1:1" },
  { ENV_DATAWAY: "", ENV_DATAWAY_KMS: TEST_TOKEN, ENV_DATAWAY_CA_FILE: TEST_TOKEN },
  { ENV_DATAWAY: "", ENV_DATAWAY_SECRET_ARN: `arn:${TEST_TOKEN}#${TEST_TOKEN}` },
  { ENV_FLUSH_PLAN: TEST_TOKEN, ENV_HTTP_LISTEN: `${"x".repeat(60)}${TEST_TOKEN}`, ENV_SPOOL: TEST_TOKEN },
  { ENV_FLUSH_PLAN: "wrong", ENV_HTTP_LISTEN: "wrong", ENV_DATAWAY_BUDGET: "wrong" },
];

scenario("no output holds a secret, whatever Dataway quotes and at any level", async () => {
  for (const ENV_LOG_LEVEL of ["debug", "info"]) {
    await using sandbox = await startSandbox({ env: { ENV_LOG_LEVEL } });
    await sandbox.lambda.init();
    for (const step of QUOTING) {
      sandbox.dataway.otherwise(step);
      await sandbox.lambda.invoke({ logs: ["x"] });
    }
    await sandbox.lambda.shutdown();
    assert(sandbox.lines().length > 0, "nothing was printed, so nothing was tested");
  }
});

scenario("no output holds a secret, whatever is wrong with the settings", async () => {
  for (const env of ENVIRONMENTS) {
    await using sandbox = await startSandbox({ env: { ENV_LOG_LEVEL: "debug", ...env } });
    await sandbox.lambda.init();
    await sandbox.lambda.invoke({ logs: ["x"] });
    await sandbox.lambda.shutdown();
    assert(sandbox.lines().length > 0, JSON.stringify(env));
  }
});

Deno.test("findSecrets() finds each secret of an environment in each of its forms", () => {
  const env = {
    ENV_DATAWAY: "https://h?token=tkn_a%2Fbcdef,https://i?x=1&token=tkn_second",
    AWS_SECRET_ACCESS_KEY: "very-secret",
    HTTPS_PROXY: "http://user:pass%20word@proxy:3128",
    ENV_LOG_LEVEL: "debug",
  };
  assertEquals(
    new Set(secretsOf(env)),
    new Set([
      "tkn_a%2Fbcdef",
      "tkn_a/bcdef",
      "tkn_a%252Fbcdef",
      "tkn_second",
      "very-secret",
      "pass%20word",
      "pass word",
      "pass%2520word",
    ]),
  );
  assertEquals(findSecrets(env, ["fine debug", "a tkn_a/bcdef b"]), ["tkn_a/… in: a tkn_a/bcdef b"]);
});

scenario("a sandbox fails when its extension prints a secret", async () => {
  await assertRejects(
    async () => {
      await using sandbox = await startSandbox({
        extensions: [{
          name: "leaky",
          run: ({ env, log }) => {
            log(`sending to ${env["ENV_DATAWAY"]}`);
            return Promise.resolve(1);
          },
        }],
      });
      await sandbox.lambda.init();
    },
    Error,
    "Cannot print a secret",
  );
});

/** An address of this machine that is not loopback. */
function otherAddress(): string | undefined {
  return Deno.networkInterfaces()
    .find(({ family, address }) => family === "IPv4" && !address.startsWith("127."))?.address;
}
