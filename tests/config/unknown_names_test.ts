import { assertEquals, assertMatch } from "@std/assert";
import { parseConfig } from "../../src/config.ts";
import { editDistance, findUnknownNames, nearestName } from "../../src/config/unknown_names.ts";

const KNOWN = parseConfig({}).settings.map(({ name }) => name);

function told(...names: string[]): readonly string[] {
  return findUnknownNames(Object.fromEntries(names.map((name) => [name, "x"])), KNOWN).map(({ message }) =>
    message
  );
}

Deno.test("editDistance() counts inserted, deleted, replaced and swapped letters", () => {
  const cases: readonly (readonly [string, string, number])[] = [
    ["", "", 0],
    ["", "abc", 3],
    ["abc", "", 3],
    ["abc", "abc", 0],
    ["abc", "abxc", 1],
    ["abc", "ac", 1],
    ["abc", "axc", 1],
    ["abcd", "acbd", 1],
    ["kitten", "sitting", 3],
  ];
  for (const [a, b, distance] of cases) {
    assertEquals([editDistance(a, b), editDistance(b, a)], [distance, distance], `${a} ${b}`);
  }
});

Deno.test("a misspelt setting is told with the name that was meant", () => {
  const cases: readonly (readonly [said: string, meant: string])[] = [
    ["ENV_DATAWAYS", "ENV_DATAWAY"],
    ["ENV_DATWAY", "ENV_DATAWAY"],
    ["ENV_DATAWYA", "ENV_DATAWAY"],
    ["env_dataway", "ENV_DATAWAY"],
    ["ENV_SPOOOL", "ENV_SPOOL"],
    ["ENV_SPOL", "ENV_SPOOL"],
    ["ENV_LOGLEVEL", "ENV_LOG_LEVEL"],
    ["ENV_HOST_NAME", "ENV_HOSTNAME"],
    ["ENV_GLOBAL_HOSTS_TAG", "ENV_GLOBAL_HOST_TAGS"],
    ["ENV_DATAWAY_TIME_OUT", "ENV_DATAWAY_TIMEOUT"],
    ["ENV_OTEL_HTTP", "ENV_INPUT_OTEL_HTTP"],
    ["ENV_STATSD_LISTEN", "ENV_INPUT_STATSD_LISTEN"],
    ["ENV_LOG_RULES", "ENV_AWSLAMBDA_LOG_RULES"],
  ];
  for (const [said, meant] of cases) {
    assertEquals(nearestName(said, KNOWN), meant, said);
    assertEquals(told(said), [`Cannot use ${said} as there is no such setting: is ${meant} meant?`]);
  }
});

Deno.test("a name of our own families is told however far it is from every setting", () => {
  for (const name of ["ENV_DATAWAY_URL", "ENV_AWSLAMBDA_EVERYTHING", "ENV_INPUT_OTEL_ENDPOINT_FOR_ALL"]) {
    assertMatch(told(name).join(), new RegExp(`${name} .*is ENV_\\w+ meant`));
  }
});

Deno.test("the function's own variables are nobody's business", () => {
  const own = [
    ...[
      "ENV_NAME",
      "ENV_STAGE",
      "ENV_TYPE",
      "ENV_REGION",
      "ENV_FILE",
      "ENV_PATH",
      "ENV_HOST",
      "ENV_PORT",
      "ENV_URL",
    ],
    ...[
      "ENV_LOG",
      "ENV_LEVEL",
      "ENV_TAGS",
      "ENV_POOL",
      "ENV_TIMEOUT",
      "ENV_DATABASE",
      "ENV_DATABASE_URL",
      "ENV_",
    ],
    ...[
      "ENV_INPUT_BUCKET",
      "ENV_INPUT_QUEUE",
      "ENV_USERNAME",
      "ENV_FTP_TIMEOUT",
      "ENV_MEMORY",
      "ENV_NAMESPACE",
    ],
    ...[
      "ENV_HTTP",
      "ENV_SECRET_ARN",
      "ENV_HTTP_PROXY",
      "ENV_CA_FILE",
      "ENV_TABLE_NAME",
      "ENV_FEATURE_FLAGS",
      `ENV_${"DATAWAY".repeat(40)}`,
      "ENVIRONMENT",
    ],
    ...["NODE_ENV", "DATAWAY", "MY_ENV_DATAWAY", "APP_ENV_SPOOOL", "ENVY_SPOOL"],
  ];
  assertEquals(told(...own), []);
});

Deno.test("no setting that there is counts as unknown", () => {
  assertEquals(told(...KNOWN), []);
});

Deno.test("DataKit's settings that are gone say what takes their place", () => {
  const cases: readonly (readonly [name: string, instead: string])[] = [
    ["ENV_DATAWAY_MAX_RETRY_COUNT", "ENV_DATAWAY_BUDGET"],
    ["ENV_DATAWAY_RETRY_DELAY", "ENV_DATAWAY_BUDGET"],
    ["ENV_DATAWAY_WAL_CAPACITY", "ENV_SPOOL"],
    ["ENV_DATAWAY_DROP_EXPIRED_PACKAGE_AT", "ENV_SPOOL"],
    ["ENV_DATAWAY_MAX_IDLE_CONNS_PER_HOST", "ENV_DATAWAY_TIMEOUT"],
    ["ENV_DATAWAY_NTP_INTERVAL", "ENV_USE_NOW_TIME_INSTEAD"],
    ["ENV_DATAKIT_INPUTS", "ENV_INPUT_STATSD_"],
    ["ENV_HTTP_LISTEN_SOCKET", "ENV_HTTP_LISTEN"],
    ["ENV_REQUEST_RATE_LIMIT", "ENV_HTTP_MAX_BODY_SIZE"],
    ["ENV_GIN_LOG", "ENV_LOG_LEVEL"],
    ["ENV_DISABLE_LOG_COLOR", "ENV_LOG_LEVEL"],
    ["ENV_IO_MAX_CACHE_COUNT", "ENV_STORE_MAX_BYTES"],
    ["ENV_IO_FLUSH_INTERVAL", "ENV_FLUSH_INTERVAL"],
    ["ENV_PIPELINE_OFFLOAD_RECEIVER", "ENV_AWSLAMBDA_LOG_RULES"],
    ["ENV_GLOBAL_ELECTION_TAGS", "ENV_GLOBAL_HOST_TAGS"],
    ["ENV_INPUT_DDTRACE_ENDPOINTS", "ENV_INPUT_DDTRACE_LISTEN"],
    ["ENV_INPUT_OTEL_OMIT_ERR_STATUS", "ENV_IO_FILTERS"],
    ["ENV_PPROF_LISTEN", "datakit status"],
    ["ENV_INPUT_DDTRACE_THREADS", "nothing"],
  ];
  for (const [name, instead] of cases) {
    assertMatch(
      told(name).join(),
      new RegExp(`^Cannot use ${name} as it is a setting of DataKit's alone: .*${instead}`),
    );
  }
  // What it names as a replacement has to be there.
  const names = findUnknownNames(Object.fromEntries(cases.map(([name]) => [name, ""])), KNOWN)
    .flatMap(({ name, message }) => message.replaceAll(name, "").match(/ENV_[A-Z_]+/g) ?? []);
  assertEquals(names.filter((name) => !KNOWN.some((known) => known.startsWith(name))), []);
});

Deno.test("names that DataKit shares with functions are told only where they are DataKit's", () => {
  const tell = (env: Readonly<Record<string, string>>): readonly string[] =>
    findUnknownNames(env, KNOWN).map(({ name }) => name);
  assertEquals(tell({ ENV_LOG: "verbose" }), []);
  assertEquals(tell({ ENV_LOG: "stdout" }), ["ENV_LOG"]);
  assertEquals(tell({ ENV_NAMESPACE: "shop" }), []);
  assertEquals(tell({ ENV_NAMESPACE: "shop", ENV_ENABLE_ELECTION: "on" }), [
    "ENV_NAMESPACE",
    "ENV_ENABLE_ELECTION",
  ]);
});

Deno.test("what an unknown variable holds is never told", () => {
  const [problem] = parseConfig({ ENV_DATAWAYS: "https://host?token=tkn_0123456789abcdef" }).problems;
  assertEquals(JSON.stringify(problem).includes("0123456789"), false);
});
