import { assertEquals, assertFalse } from "@std/assert";
import { type DatawayConfig, readDatawayConfig } from "../../src/config/dataway.ts";
import { createSettingReader, type Environment, type SettingProblem } from "../../src/config/reader.ts";

const TOKEN = "tkn_ffffffffffffffffffffffffffffffff";

function readFrom(env: Environment): { config: DatawayConfig; problems: readonly SettingProblem[] } {
  const reader = createSettingReader(env);
  return { config: readDatawayConfig(reader), problems: reader.problems };
}

Deno.test("readDatawayConfig() uses the documented defaults", () => {
  const { config, problems } = readFrom({});
  assertEquals(config, {
    endpoints: [],
    timeoutMs: 30_000,
    maxRawBodyBytes: 1048576,
    contentEncoding: "v2",
    gzip: true,
    proxyUrl: undefined,
    tlsInsecure: false,
    caFile: undefined,
    secret: undefined,
    secrets: [],
  });
  assertEquals(problems, []);
});

Deno.test("readDatawayConfig() keeps order, path prefixes and further query parameters", () => {
  const { config, problems } = readFrom({
    ENV_DATAWAY: `\n https://a.example/?token=${TOKEN} , http://b.example:9528/team/dw/?x=1&token=tkn_b ,`,
  });
  assertEquals(config.endpoints, [
    { base: "https://a.example", query: `token=${TOKEN}`, token: TOKEN },
    { base: "http://b.example:9528/team/dw", query: "x=1&token=tkn_b", token: "tkn_b" },
  ]);
  assertEquals(problems, []);
});

Deno.test("readDatawayConfig() drops an upload path, as DataKit does", () => {
  const { config } = readFrom({ ENV_DATAWAY: `https://a.example/p/v1/write/metrics?token=${TOKEN}` });
  assertEquals(config.endpoints[0]?.base, "https://a.example/p");
});

Deno.test("readDatawayConfig() uses the good URLs among bad ones and never shows a token", () => {
  const bad = [
    `nonsense ${TOKEN}`,
    `a.example?token=${TOKEN}`,
    `ftp://a.example?token=${TOKEN}`,
    `https://a.example/${TOKEN}`,
    `https://a.example&token=${TOKEN}`,
    `https://a.example?token=`,
    `https://user:${TOKEN}@a.example?token=${TOKEN}`,
    `https://:0:0?token=${TOKEN}`,
  ];
  const { config, problems } = readFrom({
    ENV_DATAWAY: [`https://ok.example?token=${TOKEN}`, ...bad].join(","),
  });
  assertEquals(config.endpoints.map((endpoint) => endpoint.base), ["https://ok.example"]);
  const scheme = "it must be a URL that starts with http:// or https://";
  const token = "it must carry its token as ?token=…";
  assertEquals(problems.map((problem) => problem.message), [
    `Cannot use URL 2 of ENV_DATAWAY as ${scheme}`,
    `Cannot use URL 3 of ENV_DATAWAY as ${scheme}`,
    `Cannot use URL 4 of ENV_DATAWAY as ${scheme}`,
    `Cannot use URL 5 of ENV_DATAWAY as ${token}`,
    `Cannot use URL 6 of ENV_DATAWAY as ${token}`,
    `Cannot use URL 7 of ENV_DATAWAY as ${token}`,
    "Cannot use URL 8 of ENV_DATAWAY as it must not hold a user name or password",
    `Cannot use URL 9 of ENV_DATAWAY as ${scheme}`,
  ]);
  assertEquals(problems[0]?.used, "the other URL");
  assertFalse(JSON.stringify(problems).includes("fffff"));
});

Deno.test("readDatawayConfig() says that nothing is exported when no URL is left", () => {
  const { config, problems } = readFrom({ ENV_DATAWAY: "dataway" });
  assertEquals(config.endpoints, []);
  assertEquals(problems, [{
    name: "ENV_DATAWAY",
    message: "Cannot use ENV_DATAWAY as it must be a URL that starts with http:// or https://",
    used: "nothing is exported",
  }]);
});

Deno.test("readDatawayConfig() takes a URL named twice once, and two tokens of one host as two", () => {
  const { config, problems } = readFrom({
    ENV_DATAWAY: "https://a.example?token=t1,https://a.example/?token=t1,https://a.example?token=t2",
  });
  assertEquals(config.endpoints.map((endpoint) => endpoint.token), ["t1", "t2"]);
  assertEquals(problems.map((problem) => problem.message), [
    "Cannot use URL 2 of ENV_DATAWAY as each URL must be named once: current value is https://a.example",
  ]);
});

Deno.test("readDatawayConfig() takes DataKit's spellings of the encoding", () => {
  const encodingOf = (value: string): string =>
    readFrom({ ENV_DATAWAY_CONTENT_ENCODING: value }).config.contentEncoding;
  assertEquals(["v1", "V2", "protobuf", "line-protocol"].map(encodingOf), ["v1", "v2", "v2", "v1"]);
  assertEquals(readFrom({ ENV_DATAWAY_CONTENT_ENCODING: "v3" }).problems.length, 1);
});

Deno.test("readDatawayConfig() raises a small body limit, lowers a huge one, and says so", () => {
  const small = readFrom({ ENV_DATAWAY_MAX_RAW_BODY_SIZE: "1000" });
  assertEquals(small.config.maxRawBodyBytes, 102400);
  assertEquals(small.problems, [{
    name: "ENV_DATAWAY_MAX_RAW_BODY_SIZE",
    message: "Cannot use ENV_DATAWAY_MAX_RAW_BODY_SIZE as it must be a size from 102400 to 10485760 bytes: " +
      "current value is 1000",
    used: "102400",
  }]);
  assertEquals(readFrom({ ENV_DATAWAY_MAX_RAW_BODY_SIZE: "1GiB" }).config.maxRawBodyBytes, 10485760);
  assertEquals(readFrom({ ENV_DATAWAY_MAX_RAW_BODY_SIZE: "2MiB" }).config.maxRawBodyBytes, 2097152);
});

Deno.test("readDatawayConfig() reads the switches, the timeout and the certificate file", () => {
  const { config, problems } = readFrom({
    ENV_DATAWAY_TIMEOUT: "1500ms",
    ENV_DATAWAY_DISABLE_GZIP: "true",
    ENV_DATAWAY_TLS_INSECURE: "on",
    ENV_DATAWAY_CA_FILE: " /opt/ca.pem ",
  });
  assertEquals([config.timeoutMs, config.gzip, config.tlsInsecure, config.caFile], [
    1500,
    false,
    true,
    "/opt/ca.pem",
  ]);
  assertEquals(problems, []);
});

Deno.test("readDatawayConfig() refuses a proxy that is no URL without showing it", () => {
  const { config, problems } = readFrom({ ENV_DATAWAY_HTTP_PROXY: "user:hunter22@proxy:3128" });
  assertEquals(config.proxyUrl, undefined);
  assertEquals(problems, [{
    name: "ENV_DATAWAY_HTTP_PROXY",
    message:
      "Cannot use ENV_DATAWAY_HTTP_PROXY as it must be a URL that starts with http://, https:// or socks5://",
    used: "no proxy but that of the standard variables",
  }]);
});

Deno.test("readDatawayConfig() lists what must never be printed, encoded and decoded", () => {
  const { config } = readFrom({
    ENV_DATAWAY: "https://a.example?token=a%2Fb",
    ENV_DATAWAY_HTTP_PROXY: "http://user:p%40ss@proxy:3128",
  });
  assertEquals(config.secrets, ["a/b", "a%2Fb", "p%40ss", "p@ss"]);
});

Deno.test("a secret's reference stands in for ENV_DATAWAY, and its key comes after #", () => {
  const read = createSettingReader({
    ENV_DATAWAY: "https://openway.guance.com",
    ENV_DATAWAY_SECRET_ARN: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:dataway#token",
  });
  const { secret, endpoints } = readDatawayConfig(read);
  assertEquals(read.problems, []);
  assertEquals(endpoints, []);
  assertEquals(secret, {
    store: "secretsmanager",
    id: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:dataway",
    key: "token",
    urls: "https://openway.guance.com",
  });
});

Deno.test("a secret's reference beside a complete ENV_DATAWAY, or another one, is a problem", () => {
  const complete = createSettingReader({
    ENV_DATAWAY: "https://h?token=tkn_1",
    ENV_DATAWAY_SSM_PARAMETER: "/x",
  });
  assertEquals([readDatawayConfig(complete).secret, complete.problems.length], [undefined, 1]);
  const two = createSettingReader({ ENV_DATAWAY_KMS: "Q0lQ", ENV_DATAWAY_SSM_PARAMETER: "/x" });
  assertEquals([readDatawayConfig(two).secret?.store, two.problems.length], ["ssm", 1]);
});
