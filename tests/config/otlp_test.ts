import { assertEquals } from "@std/assert";
import { BoundedRegExp } from "../../src/bounded_pattern.ts";
import { type OtlpConfig, readOtlpConfig } from "../../src/config/otlp.ts";
import { createSettingReader, type Environment, type SettingProblem } from "../../src/config/reader.ts";

function read(env: Environment): { config: OtlpConfig; problems: readonly SettingProblem[] } {
  const reader = createSettingReader(env);
  return { config: readOtlpConfig(reader, true), problems: reader.problems };
}

Deno.test("readOtlpConfig() has defaults that need no setting", () => {
  const { config, problems } = read({});
  assertEquals(config, {
    enabled: true,
    http: [{ hostname: "127.0.0.1", port: 4318 }, { hostname: "::1", port: 4318 }],
    grpc: [{ hostname: "127.0.0.1", port: 4317 }, { hostname: "::1", port: 4317 }],
    tags: new Map(),
    customerTags: { all: false, names: new Set<string>(), patterns: [] },
    splitServiceName: true,
    compatibleDdtrace: false,
    message: "rest",
    samplingRatio: 1,
    instanceTag: true,
    logAttributesAsText: false,
  });
  assertEquals(problems, []);
});

Deno.test("readOtlpConfig() reads addresses, ports, off and DataKit's JSON", () => {
  const http = (value: string): unknown => read({ ENV_INPUT_OTEL_HTTP: value }).config.http;
  assertEquals(http("off"), []);
  assertEquals(http('{"enable":false}'), []);
  assertEquals(http("14318"), [{ hostname: "127.0.0.1", port: 14318 }, { hostname: "::1", port: 14318 }]);
  assertEquals(http("[::1]:14318"), [{ hostname: "::1", port: 14318 }]);
  assertEquals(http("127.0.0.2:14318"), [{ hostname: "127.0.0.2", port: 14318 }]);
  assertEquals(http("127.0.0.1:0"), [{ hostname: "127.0.0.1", port: 0 }]);
  const datakitHttp = '{"enable":true,"http_status_ok":200,"trace_api":"/otel/v1/traces"}';
  assertEquals(http(datakitHttp), [{ hostname: "127.0.0.1", port: 4318 }, { hostname: "::1", port: 4318 }]);
  const { config, problems } = read({
    ENV_INPUT_OTEL_GRPC: '{"trace_enable":true,"addr":"127.0.0.1:14317"}',
  });
  assertEquals(config.grpc[0], { hostname: "127.0.0.1", port: 14317 });
  assertEquals(problems, []);
});

Deno.test("readOtlpConfig() stays on loopback whatever is set", () => {
  const { config, problems } = read({ ENV_INPUT_OTEL_HTTP: "0.0.0.0:4318" });
  assertEquals(config.http, [{ hostname: "127.0.0.1", port: 4318 }]);
  assertEquals(problems, [{
    name: "ENV_INPUT_OTEL_HTTP",
    message: 'Cannot use ENV_INPUT_OTEL_HTTP as it must be a loopback address: current value is "0.0.0.0"',
    used: "127.0.0.1:4318",
  }]);
});

Deno.test("readOtlpConfig() reports addresses that are none, once", () => {
  for (const value of ["nonsense", "1.2.3.4.5:x", '{"addr":"x:99999"}', "{broken"]) {
    const { config, problems } = read({ ENV_INPUT_OTEL_GRPC: value });
    assertEquals(config.grpc[0], { hostname: "127.0.0.1", port: 4317 }, value);
    assertEquals(problems.length, 1, value);
  }
});

Deno.test("readOtlpConfig() reads customer tags by name and pattern, and reports a broken pattern", () => {
  const { config, problems } = read({ ENV_INPUT_OTEL_CUSTOMER_TAGS: '["a.b","reg:^x\\\\.","reg:["]' });
  assertEquals(config.customerTags, {
    all: false,
    names: new Set(["a.b"]),
    patterns: [new BoundedRegExp("^x\\.")],
  });
  assertEquals(problems.map((problem) => problem.message), [
    'Cannot use a pattern of ENV_INPUT_OTEL_CUSTOMER_TAGS as it must be a regular expression: current value is "["',
  ]);
  assertEquals(read({ ENV_INPUT_OTEL_CUSTOMER_TAGS_ALL: "true" }).config.customerTags.all, true);
});

Deno.test("readOtlpConfig() reads what a span's message holds", () => {
  assertEquals(read({ ENV_INPUT_OTEL_CLEAN_MESSAGE: "false" }).config.message, "whole");
  assertEquals(read({ ENV_INPUT_OTEL_DEL_MESSAGE: "true" }).config.message, "none");
});

Deno.test("readOtlpConfig() keeps the sampling ratio between 0 and 1", () => {
  assertEquals(read({ ENV_INPUT_OTEL_SAMPLER: "0.25" }).config.samplingRatio, 0.25);
  const { config, problems } = read({ ENV_INPUT_OTEL_SAMPLER: "2" });
  assertEquals([config.samplingRatio, problems.length], [1, 1]);
});
