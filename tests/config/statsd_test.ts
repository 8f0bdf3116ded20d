import { assertEquals } from "@std/assert";
import { createSettingReader, type Environment } from "../../src/config/reader.ts";
import { readStatsdConfig } from "../../src/config/statsd.ts";

function read(env: Environment): { config: ReturnType<typeof readStatsdConfig>; problems: string[] } {
  const reader = createSettingReader(env);
  const config = readStatsdConfig(reader, true);
  return { config, problems: reader.problems.map(({ name }) => name) };
}

Deno.test("readStatsdConfig() defaults to loopback, DogStatsD's reading and DataKit's names", () => {
  assertEquals(read({}), {
    config: {
      enabled: true,
      udp: [{ hostname: "127.0.0.1", port: 8125 }, { hostname: "::1", port: 8125 }],
      tcp: [{ hostname: "127.0.0.1", port: 8125 }, { hostname: "::1", port: 8125 }],
      unixDatagramPath: "",
      unixStreamPath: "",
      dialect: "dogstatsd",
      tagStyle: "auto",
      separator: "_",
      mappings: [],
      tags: new Map(),
      percentiles: [95, 99],
      maxSeries: 10_000,
      dropPrefixes: [],
    },
    problems: [],
  });
});

Deno.test("readStatsdConfig() reads each variable", () => {
  const { config, problems } = read({
    ENV_INPUT_STATSD_LISTEN: "localhost:18125",
    ENV_INPUT_STATSD_LISTEN_TCP: "off",
    ENV_INPUT_STATSD_UNIXGRAM: "/tmp/dsd.socket",
    ENV_INPUT_STATSD_UNIX_STREAM: "/tmp/x/dsd.stream",
    ENV_INPUT_STATSD_DIALECT: "Etsy",
    ENV_INPUT_STATSD_TAG_STYLE: "influx",
    ENV_INPUT_STATSD_METRIC_SEPARATOR: ".",
    ENV_INPUT_STATSD_METRIC_MAPPING: "jvm_:jvm,stats.:mine",
    ENV_INPUT_STATSD_TAGS: "env=prod,team=core",
    ENV_INPUT_STATSD_PERCENTILES: "50, 99.9, 50",
    ENV_INPUT_STATSD_MAX_SERIES: "500",
    ENV_INPUT_STATSD_DROP_PREFIXES: "datadog.",
  });
  assertEquals(problems, []);
  assertEquals(config, {
    enabled: true,
    udp: [{ hostname: "localhost", port: 18125 }],
    tcp: [],
    unixDatagramPath: "/tmp/dsd.socket",
    unixStreamPath: "/tmp/x/dsd.stream",
    dialect: "etsy",
    tagStyle: "influx",
    separator: ".",
    mappings: [{ prefix: "jvm_", measurement: "jvm" }, { prefix: "stats.", measurement: "mine" }],
    tags: new Map([["env", "prod"], ["team", "core"]]),
    percentiles: [50, 99.9],
    maxSeries: 500,
    dropPrefixes: ["datadog."],
  });
});

Deno.test("readStatsdConfig() reports what it cannot use and goes on with the rest", () => {
  const { config, problems } = read({
    ENV_INPUT_STATSD_LISTEN: "0.0.0.0:8125,127.0.0.1:9,::1:99999",
    ENV_INPUT_STATSD_UNIXGRAM: "/var/run/datadog/dsd.socket",
    ENV_INPUT_STATSD_UNIX_STREAM: "/tmp/../etc/x",
    ENV_INPUT_STATSD_METRIC_MAPPING: "jvm_,a:b",
    ENV_INPUT_STATSD_PERCENTILES: "0,95,101,x",
  });
  assertEquals(config.udp, [{ hostname: "127.0.0.1", port: 8125 }, { hostname: "127.0.0.1", port: 9 }]);
  assertEquals([config.unixDatagramPath, config.unixStreamPath], ["", ""]);
  assertEquals(config.mappings, [{ prefix: "a", measurement: "b" }]);
  assertEquals(config.percentiles, [95]);
  assertEquals(problems, [
    "ENV_INPUT_STATSD_LISTEN",
    "ENV_INPUT_STATSD_LISTEN",
    "ENV_INPUT_STATSD_UNIXGRAM",
    "ENV_INPUT_STATSD_UNIX_STREAM",
    "ENV_INPUT_STATSD_METRIC_MAPPING",
    "ENV_INPUT_STATSD_PERCENTILES",
    "ENV_INPUT_STATSD_PERCENTILES",
    "ENV_INPUT_STATSD_PERCENTILES",
  ]);
});
