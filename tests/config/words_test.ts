import { assertEquals } from "@std/assert";
import { parseConfig } from "../../src/config.ts";
import { readLoopbackAddresses } from "../../src/config/listen.ts";
import { createSettingReader } from "../../src/config/reader.ts";
import { parseKnown, readWords } from "../../src/config/words.ts";

function words(text: string): { used: readonly string[]; problems: readonly string[] } {
  const read = createSettingReader({ X: text });
  const used = readWords(read, "X", {
    default: ["a", "b"],
    description: "x",
    parse: parseKnown(["a", "b", "c"], ["off"]),
    complain: (quoted) => `Cannot use ${quoted}`,
  });
  return { used, problems: read.problems.map((problem) => problem.used) };
}

Deno.test("readWords() leaves out what cannot be used, and takes the default where nothing can", () => {
  assertEquals(words("C, a"), { used: ["c", "a"], problems: [] });
  assertEquals(words("c,x"), { used: ["c"], problems: ["the others"] });
  assertEquals(words("off"), { used: [], problems: [] });
  assertEquals(words("off,x"), { used: [], problems: ["the others"] });
  assertEquals(words("x y"), { used: ["a", "b"], problems: ["a,b", "a,b"] });
  assertEquals(words(""), { used: ["a", "b"], problems: [] });
});

Deno.test("an address beyond loopback, as for a whole DataKit, is loopback's; what is none leaves the default", () => {
  const listen = (text: string) => {
    const read = createSettingReader({ X: text });
    const used = readLoopbackAddresses(read, "X", { default: ["127.0.0.1:8125"], description: "x" });
    return [
      used.map(({ hostname, port }) => `${hostname}:${port}`).join(),
      ...read.problems.map(({ used }) => used),
    ];
  };
  assertEquals(listen("0.0.0.0:9125"), ["127.0.0.1:9125", "127.0.0.1:9125"]);
  assertEquals(listen("udp://x"), ["127.0.0.1:8125", "127.0.0.1:8125"]);
  assertEquals(listen("true"), ["127.0.0.1:8125", "127.0.0.1:8125"]);
  assertEquals(listen("127.0.0.1:7,:7,0.0.0.0:7"), ["127.0.0.1:7", "127.0.0.1:7"]);
  assertEquals(listen("off"), [""]);
});

Deno.test("a list of misspelt words only switches off neither percentiles, a target nor a recorder", () => {
  const { config, problems } = parseConfig({
    ENV_DATAWAY: "https://dw.example.com?token=tkn_0123456789abcdef0123456789abcdef",
    ENV_INPUT_STATSD_PERCENTILES: "p95",
    ENV_OTLP_TARGET: "http://127.0.0.1:1",
    ENV_OTLP_TARGET_INPUTS: "otel",
    ENV_AWSLAMBDA_RECORDER: "on",
    ENV_AWSLAMBDA_RECORDER_KEEP: "errors",
  });
  assertEquals(config.statsd.percentiles, [95, 99]);
  assertEquals(Array.from(config.target?.inputs ?? []), ["awslambda", "opentelemetry"]);
  assertEquals(config.recorder?.causes.size, 5);
  assertEquals(
    new Set(problems.map(({ used }) => used)),
    new Set([
      "95,99",
      "awslambda,opentelemetry",
      "timeout,oom,error,cold,slow",
    ]),
  );
});
