import { assertEquals } from "@std/assert";
import { BoundedRegExp } from "../../src/bounded_pattern.ts";
import { type DdtraceConfig, readDdtraceConfig } from "../../src/config/ddtrace.ts";
import { createSettingReader, type Environment, type SettingProblem } from "../../src/config/reader.ts";

function ddtrace(env: Environment): { config: DdtraceConfig; problems: readonly SettingProblem[] } {
  const read = createSettingReader(env);
  return { config: readDdtraceConfig(read, true), problems: read.problems };
}

Deno.test("ddtrace settings have their documented defaults and no problem", () => {
  const { config, problems } = ddtrace({ AWS_LAMBDA_FUNCTION_NAME: "fn" });
  assertEquals(problems, []);
  assertEquals(config, {
    enabled: true,
    listen: [{ hostname: "127.0.0.1", port: 8126 }, { hostname: "::1", port: 8126 }],
    lifecycleListen: [{ hostname: "127.0.0.1", port: 8124 }],
    mapping: {
      omitMessage: false,
      hexSpanIds: false,
      traceId64Hex: false,
      traceId128: true,
      customerTags: new Set<string>(),
      customerTagPatterns: [],
      tags: new Map<string, string>(),
      oneLineTags: false,
    },
    sampling: {
      ratio: 1,
      keepRejected: false,
      closedResources: new Map<string, readonly RegExp[]>(),
      omittedStatusCodes: new Set<string>(),
    },
    inferredSpans: {
      enabled: true,
      serviceMapping: new Map<string, string>(),
      resourceServices: true,
      region: "",
      functionName: "fn",
    },
    maxSpans: 100_000,
    maxBodyBytes: 0,
    service: "fn",
    functionName: "fn",
  });
});

Deno.test("addresses are loopback only, off by a word, and follow Datadog's port", () => {
  const listen = (env: Environment): unknown => ddtrace(env).config.listen;
  assertEquals(listen({ DD_APM_RECEIVER_PORT: "9000" }), [
    { hostname: "127.0.0.1", port: 9000 },
    { hostname: "::1", port: 9000 },
  ]);
  assertEquals(listen({ DD_APM_RECEIVER_PORT: "0" }), []);
  assertEquals(listen({ ENV_INPUT_DDTRACE_LISTEN: "off" }), []);
  assertEquals(listen({ ENV_INPUT_DDTRACE_LISTEN: ":7,[::1]:8,localhost:9" }), [
    { hostname: "127.0.0.1", port: 7 },
    { hostname: "::1", port: 8 },
    { hostname: "localhost", port: 9 },
  ]);
  const open = ddtrace({ ENV_INPUT_DDTRACE_LISTEN: "0.0.0.0:8129" });
  assertEquals(open.config.listen, [{ hostname: "127.0.0.1", port: 8129 }]);
  assertEquals(open.problems.map(({ used }) => used), ["127.0.0.1:8129"]);
});

Deno.test("customer tags and closed resources take regular expressions and report bad ones", () => {
  const { config, problems } = ddtrace({
    ENV_INPUT_DDTRACE_CUSTOMER_TAGS: '["a.b","reg:^x","reg:("]',
    ENV_INPUT_DDTRACE_CLOSE_RESOURCE: '{"web":["^/health","("],"*":"no list"}',
    DD_SERVICE: "named",
  });
  assertEquals(config.mapping.customerTags, new Set(["a.b"]));
  assertEquals(config.mapping.customerTagPatterns, [new BoundedRegExp("^x")]);
  assertEquals(config.sampling.closedResources, new Map([["web", [new BoundedRegExp("^\\/health")]]]));
  assertEquals(config.service, "named");
  assertEquals(problems.map(({ name }) => name), [
    "ENV_INPUT_DDTRACE_CUSTOMER_TAGS",
    "ENV_INPUT_DDTRACE_CLOSE_RESOURCE",
    "ENV_INPUT_DDTRACE_CLOSE_RESOURCE",
  ]);
});

Deno.test("a regular expression that cannot run in linear time is refused in words, the others are used", () => {
  const { config, problems } = ddtrace({
    ENV_INPUT_DDTRACE_CLOSE_RESOURCE: '{"*":["^(a+)+$","(?=x)y","(a)\\\\1"]}',
  });
  assertEquals(config.sampling.closedResources, new Map([["*", [new BoundedRegExp("^(a+)+$")]]]));
  assertEquals(problems.map(({ message }) => message), [
    "Cannot use a pattern of ENV_INPUT_DDTRACE_CLOSE_RESOURCE as it must not look ahead or behind, which takes more " +
    'than linear time: current value is "(?=x)y"',
    "Cannot use a pattern of ENV_INPUT_DDTRACE_CLOSE_RESOURCE as it must not refer back to a group, which takes more " +
    'than linear time: current value is "(a)\\\\1"',
  ]);
});

Deno.test("ENV_INPUT_DDTRACE_CLOSE_RESOURCE that is no JSON object is one problem", () => {
  const { config, problems } = ddtrace({ ENV_INPUT_DDTRACE_CLOSE_RESOURCE: "/health" });
  assertEquals([config.sampling.closedResources.size, problems.length], [0, 1]);
});
