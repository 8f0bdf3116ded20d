import { assertEquals, assertStringIncludes } from "@std/assert";
import { dryRun } from "../../src/cli/doctor/rules.ts";
import { runCli } from "../../src/cli/mod.ts";
import { scenario } from "../support/scenario.ts";

const LINES = [
  "2026-11-25T12:00:00.000Z\t3da1f2dc-3222-475e-9205-e2e6c6318895\tINFO\tGET /healthz 200",
  "connect with password=hunter2 to db",
  '{"level":"DEBUG","message":"noise"}',
  '{"level":"INFO","message":"signed in","apiKey":"k-1234","pin":4711}',
  "plain",
  "REPORT RequestId: 3da1f2dc-3222-475e-9205-e2e6c6318895\tDuration: 1.00 ms",
];

async function run(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<[number, string]> {
  const lines: string[] = [];
  const exitCode = await runCli({ args, env, print: (line) => void lines.push(line) });
  return [exitCode, lines.join("\n")];
}

async function withFile(text: string, look: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, text);
    await look(path);
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("dryRun() tells what became of each line, and by which rules", () => {
  const rules = [
    { exclude: "^", when: { level: "debug" } },
    { mask: "secrets" },
    { exclude: "healthz" },
    { exclude: "RequestId", when: { from: "platform" } },
    { mask: "secrets", when: { from: "span" } },
    { exclude: "(" },
  ];
  const { lines, rules: reports } = dryRun(rules, LINES);
  assertEquals(lines.map(({ outcome, rules: by }) => [outcome, by]), [
    ["left out", [3]],
    ["changed", [2]],
    ["left out", [1]],
    ["changed", []],
    ["kept", []],
    ["left out", [4]],
  ]);
  assertEquals(lines[1]?.text, "connect with password=****** to db");
  assertEquals([lines[3]?.members, lines[2]?.status], [["apiKey"], "debug"]);
  assertEquals(reports.map(({ hits }) => hits), [1, 1, 1, 1, 0, 0]);
  assertEquals(reports.map(({ note }) => note?.split(":")[0]), [
    undefined,
    undefined,
    undefined,
    undefined,
    "is for spans, not for lines",
    "cannot be used",
  ]);
});

scenario("doctor --rules shows each line of a file, readable and as JSON, without a secret", async () => {
  await withFile(LINES.join("\n"), async (path) => {
    const env = { ENV_AWSLAMBDA_LOG_EXCLUDE: "hunter2|healthz", ENV_AWSLAMBDA_LOG_MASK: "secrets" };
    const [exitCode, text] = await run(["doctor", "--rules", path], env);
    assertEquals(exitCode, 0);
    assertStringIncludes(text, "Lines (6: 3 kept as they are, 2 changed, 1 left out, 0 sampled out)");
    assertEquals(/hunter2 to|k-1234/.test(text), false, text);
    const [, json] = await run(["doctor", "--rules", path, "--json"], env);
    const parsed = JSON.parse(json);
    assertEquals(parsed.lines.length, 6);
    assertEquals(parsed.rules[1], { number: 2, rule: { exclude: "hunter2|healthz" }, hits: 1 });
  });
});

scenario("doctor --rules says which rule cannot be used, and which file cannot be read", async () => {
  await withFile("a\n", async (path) => {
    const [exitCode, text] = await run(["doctor", "--rules", path], {
      ENV_AWSLAMBDA_LOG_RULES: '[{"exclude":"("},{"exclude":"a"}]',
    });
    assertEquals(exitCode, 1);
    assertStringIncludes(text, "Cannot use rule 1 of ENV_AWSLAMBDA_LOG_RULES");
    assertStringIncludes(text, "1 left out");
  });
  const [exitCode, text] = await run(["doctor", "--rules", "/nowhere/x.log"], {});
  assertEquals(exitCode, 2);
  assertStringIncludes(text, "/nowhere/x.log");
});
