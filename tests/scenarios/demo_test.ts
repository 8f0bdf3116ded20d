import { assertEquals, assertMatch } from "@std/assert";
import { runDemo } from "../emulator/demo_script.ts";
import { inProcessExtension } from "../support/extension.ts";
import { scenario } from "../support/scenario.ts";

scenario("runDemo finds everything it expects and shows it", async () => {
  const lines: string[] = [];
  const missing = await runDemo({
    extension: inProcessExtension(),
    function: "scripted",
    freezeMs: 20,
    timeoutMs: 200,
    print: (line) => void lines.push(line),
  });
  assertEquals(missing, []);
  const text = lines.join("\n");
  assertMatch(text, /Logs that arrived\n/);
  assertMatch(text, /\ninvocations +14 +1 +1 +1/);
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
