import { assertEquals } from "@std/assert";
import { type CoreConfig, readCoreConfig } from "../../src/config/core.ts";
import { createSettingReader, type Environment, type SettingProblem } from "../../src/config/reader.ts";

function core(env: Environment, memoryMb = 128): { config: CoreConfig; problems: readonly SettingProblem[] } {
  const read = createSettingReader(env);
  return { config: readCoreConfig(read, memoryMb), problems: read.problems };
}

Deno.test("core settings have their documented defaults and no problem", () => {
  const { config, problems } = core({});
  assertEquals(problems, []);
  assertEquals(config, {
    logLevel: "info",
    listen: { hostname: "0.0.0.0", port: 9529 },
    bodyLimits: { maxWireBytes: 8_388_608, maxInflatedBytes: 8_388_608, timeoutMs: 30_000 },
    bodiesMaxBytes: 8_388_608,
    inputs: new Set(["awslambda", "ddtrace", "opentelemetry", "statsd"] as const),
    budgetMs: 500,
    flushPlan: { kind: "adaptive" },
    flushIntervalMs: 10_000,
    storeMaxBytes: 8_388_608,
    memoryLimitBytes: (100 + 8) * 1024 * 1024,
    spool: undefined,
  });
});

Deno.test("ENV_MEMORY_LIMIT is a quarter of the function's memory, at least 100 MiB beside the store, unless it is set", () => {
  assertEquals(core({}, 1024).config.memoryLimitBytes, 256 * 1024 * 1024);
  assertEquals(core({}, 512).config.memoryLimitBytes, 128 * 1024 * 1024);
  assertEquals(core({}, 320).config.memoryLimitBytes, (100 + 16) * 1024 * 1024);
  assertEquals(core({ ENV_MEMORY_LIMIT: "90MiB" }, 512).config.memoryLimitBytes, 94_371_840);
});

Deno.test("ENV_SPOOL turns the spool on, under /tmp and up to 64 MiB unless they are set", () => {
  assertEquals(core({ ENV_SPOOL: "on" }).config.spool, {
    directory: "/tmp/datakit-spool",
    maxBytes: 67_108_864,
  });
  assertEquals(core({ ENV_SPOOL: "1", ENV_SPOOL_DIR: "/tmp/x", ENV_SPOOL_MAX_BYTES: "2MiB" }).config.spool, {
    directory: "/tmp/x",
    maxBytes: 2_097_152,
  });
});

Deno.test("ENV_STORE_MAX_BYTES follows the function's memory between 8 and 64 MiB unless it is set", () => {
  assertEquals(core({}, 640).config.storeMaxBytes, 33_554_432);
  assertEquals(core({}, 10_240).config.storeMaxBytes, 67_108_864);
  assertEquals(core({ ENV_STORE_MAX_BYTES: "1MiB" }, 10_240).config.storeMaxBytes, 1_048_576);
});

Deno.test("ENV_HTTP_LISTEN takes host:port, :port, a port and IPv6, and reports the rest", () => {
  const listen = (text: string) => core({ ENV_HTTP_LISTEN: text }).config.listen;
  assertEquals(listen("127.0.0.1:0"), { hostname: "127.0.0.1", port: 0 });
  assertEquals(listen(":9000"), { hostname: "0.0.0.0", port: 9000 });
  assertEquals(listen("9001"), { hostname: "0.0.0.0", port: 9001 });
  assertEquals(listen("[::1]:9002"), { hostname: "::1", port: 9002 });
  for (const bad of ["/tmp/socket", "host:99999", "a:b", "http://h:1"]) {
    assertEquals(core({ ENV_HTTP_LISTEN: bad }).problems.length, 1, bad);
  }
});

Deno.test("a size in which nothing can be held, as a number of MiB without its unit, is not used", () => {
  for (const name of ["ENV_STORE_MAX_BYTES", "ENV_MEMORY_LIMIT", "ENV_SPOOL_MAX_BYTES"]) {
    for (const text of ["64", "1", "512", "1000KiB"]) {
      const { config, problems } = core({ ENV_SPOOL: "on", [name]: text });
      assertEquals(problems.map((problem) => problem.name), [name], text);
      assertEquals(config, core({ ENV_SPOOL: "on" }).config, text);
    }
  }
  for (const name of ["ENV_STORE_MAX_BYTES", "ENV_MEMORY_LIMIT"]) {
    assertEquals(core({ [name]: "0" }).problems, []);
  }
});

Deno.test("ENV_HTTP_LISTEN with a name, which would have to be asked for, keeps only its port", () => {
  for (const host of ["no.such.host", "sandbox", "256.1.1.1", "127.1", "1.2.3.4.5", "[:::]", "localhost."]) {
    const { config, problems } = core({ ENV_HTTP_LISTEN: `${host}:9530` });
    assertEquals(config.listen, { hostname: "0.0.0.0", port: 9530 }, host);
    assertEquals(problems.map(({ used }) => used), ["0.0.0.0:9530"], host);
  }
  for (const host of ["localhost", "169.254.100.1", "[::]", "[fe80::1]", "0.0.0.0"]) {
    assertEquals(core({ ENV_HTTP_LISTEN: `${host}:9530` }).problems, [], host);
  }
});

Deno.test("ENV_DEFAULT_ENABLED_INPUTS replaces the default, and a dash takes one out of it", () => {
  const inputs = (env: Environment) => [...core(env).config.inputs].sort();
  assertEquals(inputs({ ENV_DEFAULT_ENABLED_INPUTS: "awslambda, statsd" }), ["awslambda", "statsd"]);
  assertEquals(inputs({ ENV_DEFAULT_ENABLED_INPUTS: "-ddtrace" }), ["awslambda", "opentelemetry", "statsd"]);
  assertEquals(inputs({ ENV_ENABLE_INPUTS: "awslambda" }), ["awslambda"]);
  assertEquals(core({ ENV_DEFAULT_ENABLED_INPUTS: "cpu,awslambda" }).problems.length, 1);
});

Deno.test("ENV_DEFAULT_ENABLED_INPUTS of unusable words only switches nothing off", () => {
  const all = "awslambda,ddtrace,opentelemetry,statsd";
  for (const text of ["cpu,disk", "awslamda", "AWSLambda,DDTrace,OpenTelemetry,StatsD", "*"]) {
    assertEquals([...core({ ENV_DEFAULT_ENABLED_INPUTS: text }).config.inputs].join(), all, text);
  }
  const mixed = core({ ENV_DEFAULT_ENABLED_INPUTS: "-statsd,cpu" });
  assertEquals([...mixed.config.inputs].join(), "awslambda,ddtrace,opentelemetry");
  assertEquals(mixed.problems.map(({ used }) => used), ["awslambda,ddtrace,opentelemetry"]);
});

Deno.test("ENV_FLUSH_PLAN takes its four forms and reports others", () => {
  const plan = (text: string) => core({ ENV_FLUSH_PLAN: text }).config.flushPlan;
  assertEquals(plan("end"), { kind: "end" });
  assertEquals(plan("Overlap"), { kind: "overlap" });
  assertEquals(plan("periodic, 30s"), { kind: "periodic", everyMs: 30_000 });
  for (const bad of ["periodic", "periodic,0s", "periodic,x", "sometimes", "end,5s"]) {
    assertEquals(core({ ENV_FLUSH_PLAN: bad }).problems.length, 1, bad);
  }
});
