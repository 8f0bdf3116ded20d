import { assert, assertEquals, assertMatch } from "@std/assert";
import { runDemo } from "../emulator/demo_script.ts";
import { inProcessExtension } from "../support/extension.ts";
import { scenario } from "../support/scenario.ts";

async function demo(showsAll: boolean): Promise<string> {
  const lines: string[] = [];
  const missing = await runDemo({
    extension: inProcessExtension(),
    function: "scripted",
    freezeMs: 20,
    timeoutMs: 400,
    print: (line) => void lines.push(line),
    showsAll,
  });
  assertEquals(missing, []);
  return lines.join("\n");
}

scenario("runDemo finds everything it expects and tells it on one screen", async () => {
  const text = await demo(false);
  for (
    const protocol of ["OTLP spans", "OTLP metric points", "OTLP logs", "ddtrace spans", "StatsD metrics"]
  ) {
    assertMatch(text, new RegExp(`\n${protocol} +(\\d+) +\\1  all\n`));
  }
  assertMatch(text, /; [1-9]\d* points that waited arrive\n/);
  assertMatch(text, /shutdown +exit code 0 .*; [1-9]\d* points were saved by it/);
  const lines = text.split("\n");
  assert(lines.length <= 30, `${lines.length} lines`);
  assert(lines.every((line) => line.length <= 120), text);
});

scenario("runDemo shows every table when asked to", async () => {
  const text = await demo(true);
  assertMatch(text, /Logs that arrived\n/);
  assertMatch(text, /\ninvocations +15 +1 +1 +1/);
});

scenario("runDemo names what is missing", async () => {
  const dead = { name: "dead", run: () => Promise.resolve(1) };
  const missing = await runDemo({
    extension: dead,
    function: "scripted",
    freezeMs: 1,
    timeoutMs: 100,
    print: () => {},
  });
  assertMatch(missing.join("\n"), /field invocations of awslambda-metric never arrived/);
});
