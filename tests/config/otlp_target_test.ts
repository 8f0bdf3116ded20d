import { assert, assertEquals } from "@std/assert";
import { parseConfig, type ParsedConfig } from "../../src/config.ts";

const DATAWAY = "https://dw.example.com?token=tkn_0123456789abcdef0123456789abcdef";

function parse(env: Record<string, string>): ParsedConfig {
  return parseConfig({ ENV_DATAWAY: DATAWAY, ...env });
}

function problems(parsed: ParsedConfig): string[] {
  return parsed.problems.map(({ message, used }) => `${message}; ${used}`);
}

Deno.test("without a target there is none, and OpenTelemetry's own variables make none", () => {
  assertEquals(parse({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318" }).config.target, undefined);
});

Deno.test("a base URL gets each signal's path; a signal's own URL is taken as it is", () => {
  const { config } = parse({
    ENV_OTLP_TARGET: "https://c.example.com:4318/otlp/?key=1",
    ENV_OTLP_TARGET_METRICS: "https://m.example.com/push",
    ENV_OTLP_TARGET_LOGS: "off",
  });
  assertEquals(config.target?.endpoints, {
    traces: "https://c.example.com:4318/otlp/v1/traces?key=1",
    metrics: "https://m.example.com/push",
  });
});

Deno.test("a base URL that was copied with a signal's path is taken for what it is", () => {
  for (const base of ["https://h/otlp/v1/traces", "https://h/otlp/v1/logs/", "https://h/otlp"]) {
    assertEquals(parse({ ENV_OTLP_TARGET: base }).config.target?.endpoints, {
      traces: "https://h/otlp/v1/traces",
      metrics: "https://h/otlp/v1/metrics",
      logs: "https://h/otlp/v1/logs",
    });
  }
});

Deno.test("`cloudwatch` is the region's endpoints, with logs only where group and stream are named", () => {
  const env = { ENV_OTLP_TARGET: "cloudwatch", AWS_REGION: "eu-west-1" };
  const without = parse(env);
  assertEquals(without.config.target?.endpoints, {
    traces: "https://xray.eu-west-1.amazonaws.com/v1/traces",
    metrics: "https://monitoring.eu-west-1.amazonaws.com/v1/metrics",
  });
  assertEquals(without.problems.length, 1);
  assertEquals(parse({ ...env, ENV_OTLP_TARGET_LOGS: "off" }).problems, []);
  const named = parse({ ...env, ENV_OTLP_TARGET_HEADERS: "x-aws-log-group=%2Fa%2Fb,x-aws-log-stream=s" });
  assertEquals(named.config.target?.endpoints.logs, "https://logs.eu-west-1.amazonaws.com/v1/logs");
  assertEquals(named.config.target?.headers.get("x-aws-log-group"), "/a/b");
  assertEquals(
    parse({ ...env, AWS_REGION: "cn-north-1" }).config.target?.endpoints.traces,
    "https://xray.cn-north-1.amazonaws.com.cn/v1/traces",
  );
});

Deno.test("a target that is this extension itself is refused, by whatever name of the loopback", () => {
  for (
    const host of [
      "127.0.0.1:4318",
      "localhost:4317",
      "[::1]:4318",
      "127.9.9.9:9529",
      "0.0.0.0:4318",
      "sandbox:9529",
    ]
  ) {
    const parsed = parse({ ENV_OTLP_TARGET: `http://${host}` });
    assertEquals(parsed.config.target, undefined, host);
    assertEquals(problems(parsed), [
      "Cannot use ENV_OTLP_TARGET as it must not be where this extension takes OTLP itself; no second target",
    ]);
  }
  assert(parse({ ENV_OTLP_TARGET: "http://127.0.0.1:4319" }).config.target !== undefined);
});

Deno.test("what cannot be used is told without what it holds", () => {
  const secret = "s3cr3t-s3cr3t";
  for (const url of [`ftp://u:${secret}@h`, `https://u:${secret}@h`, `${secret}`]) {
    const parsed = parse({ ENV_OTLP_TARGET: url });
    assertEquals(parsed.config.target, undefined);
    assertEquals(parsed.problems.length, 1);
    assert(!JSON.stringify(parsed.problems).includes(secret));
  }
  const parsed = parse({
    ENV_OTLP_TARGET: "https://h",
    ENV_OTLP_TARGET_HEADERS: `good=1234567,Host=x,${secret},bad name=${secret},x=a%0Ab`,
  });
  assertEquals([...parsed.config.target?.headers ?? []], [["good", "1234567"]]);
  assertEquals(problems(parsed).length, 1);
  assert(!JSON.stringify(parsed.problems).includes(secret));
});

Deno.test("headers' values and queries are secrets, but for names of log groups", () => {
  const { secrets } = parse({
    ENV_OTLP_TARGET: "https://h/?apikey=query-secret",
    ENV_OTLP_TARGET_HEADERS: "authorization=Bearer%20header-secret,x-aws-log-group=my-group-name",
  });
  for (const secret of ["query-secret", "header-secret", "Bearer header-secret"]) {
    assert(secrets.has(secret), secret);
  }
  assert(!secrets.has("my-group-name"));
});

Deno.test("data for the target may take half of what data for Dataway may, or as much without Dataway", () => {
  const env = { ENV_OTLP_TARGET: "https://h", ENV_STORE_MAX_BYTES: "8MiB" };
  assertEquals(parse(env).config.target?.storeMaxBytes, 4 * 1024 * 1024);
  assertEquals(parseConfig(env).config.target?.storeMaxBytes, 8 * 1024 * 1024);
});
