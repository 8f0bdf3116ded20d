import { assertEquals } from "@std/assert";
import { parseConfig } from "../../src/config.ts";
import type { RecorderConfig } from "../../src/config/recorder.ts";
import { blocksOf, readFile } from "../support/documents.ts";
import { scenario } from "../support/scenario.ts";
import type { Environment, SettingProblem } from "../../src/config/reader.ts";

scenario("the documents' settings of the recorder can be used as they are", async () => {
  for (const path of ["src/lambda/README.md", "src/README.zh.md"]) {
    const blocks = blocksOf(await readFile(path)).filter((block) =>
      block.startsWith("ENV_AWSLAMBDA_RECORDER")
    );
    assertEquals(blocks.length, 1, path);
    for (const block of blocks) {
      const env = Object.fromEntries(block.trim().split("\n").map((line) => line.split("=")));
      const { recorder, problems } = parse(env);
      assertEquals([problems, recorder?.slowMs, recorder?.causes.has("cold")], [[], 2_000, false]);
    }
  }
});

function parse(
  env: Environment,
): { readonly recorder: RecorderConfig | undefined; readonly problems: readonly SettingProblem[] } {
  const { config, problems } = parseConfig({ ENV_DATAWAY: "https://h?token=tkn_1", ...env });
  return { recorder: config.recorder, problems };
}

const ON: RecorderConfig = {
  parts: new Set(["logs", "traces", "blackbox"]),
  level: "info",
  causes: new Set(["timeout", "oom", "error", "cold", "slow"]),
  slowMs: 0,
  share: 0,
};

Deno.test("the recorder is off unless it is asked for, whole or in parts", () => {
  for (const value of ["", "off", "OFF", "off,logs"]) {
    assertEquals(parse({ ENV_AWSLAMBDA_RECORDER: value }), { recorder: undefined, problems: [] });
  }
  for (const value of ["on", "On", "on,logs", '["on"]']) {
    assertEquals(parse({ ENV_AWSLAMBDA_RECORDER: value }), { recorder: ON, problems: [] });
  }
  const part = parse({ ENV_AWSLAMBDA_RECORDER: "blackbox, logs" }).recorder?.parts;
  assertEquals(part, new Set(["logs", "blackbox"]));
});

Deno.test("the recorder's settings say what is held and for whom", () => {
  const { recorder, problems } = parse({
    ENV_AWSLAMBDA_RECORDER: "logs",
    ENV_AWSLAMBDA_RECORDER_LEVEL: "WARN",
    ENV_AWSLAMBDA_RECORDER_KEEP: "error,slow",
    ENV_AWSLAMBDA_RECORDER_SLOW: "1.5s",
    ENV_AWSLAMBDA_RECORDER_SAMPLE: "0.01",
  });
  assertEquals(problems, []);
  const expected: RecorderConfig = {
    parts: new Set(["logs"] as const),
    level: "warning",
    causes: new Set(["error", "slow"] as const),
    slowMs: 1_500,
    share: 0.01,
  };
  assertEquals(recorder, expected);
});

Deno.test("a word that the recorder does not know costs itself only", () => {
  const { recorder, problems } = parse({
    ENV_AWSLAMBDA_RECORDER: "logs,metrics",
    ENV_AWSLAMBDA_RECORDER_KEEP: "error,panic",
  });
  assertEquals([recorder?.parts, recorder?.causes], [new Set(["logs"]), new Set(["error"])]);
  assertEquals(problems.map(({ message }) => message), [
    'Cannot use "metrics" of ENV_AWSLAMBDA_RECORDER as it must be one of off, on, logs, traces, blackbox',
    'Cannot use "panic" of ENV_AWSLAMBDA_RECORDER_KEEP as it must be one of timeout, oom, error, cold, slow',
  ]);
});
