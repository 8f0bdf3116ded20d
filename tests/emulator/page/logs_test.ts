import { assertEquals } from "@std/assert";
import { logsOf } from "./logs.ts";
import type { WatchedLine } from "./watch_sandbox.ts";

const ID = "85b8bcec-f266-45c0-99c7-5d32ba46d9a6";

Deno.test("logsOf() shows what a line says, with its level, however its runtime wrote it", () => {
  const cases: readonly (readonly [text: string, level: string, message: string])[] = [
    ["plain words", "info", "plain words"],
    [`2026-11-25T16:47:21.459Z\t${ID}\tWARN\tlow stock`, "warning", "low stock"],
    [`2026-11-25T16:47:21.459Z\t${ID}\tERROR\tfirst\n    at second`, "error", "first\n    at second"],
    [`[DEBUG]\t2026-11-25T16:47:21.459Z\t${ID}\tfrom Python`, "debug", "from Python"],
    ['{"level":"FATAL","message":"no memory"}', "error", "no memory"],
    ['{"level":"info","msg":"pino"}', "info", "pino"],
    ['{"total":1}', "info", '{"total":1}'],
    ["{no json", "info", "{no json"],
  ];
  const lines = cases.map(([text], i): WatchedLine => ({ t: 10 + i, source: "function", text }));
  const logs = logsOf(lines, [], 10, 0);
  assertEquals(logs.map(({ level, text }) => [level, text]), cases.map(([, level, text]) => [level, text]));
  assertEquals(logs.map(({ t }) => t), cases.map((_, i) => i));
});

Deno.test("logsOf() leaves out the platform's routine, and shows its time-outs as errors", () => {
  const lines: readonly WatchedLine[] = [
    { t: 1, source: "platform", text: `START RequestId: ${ID} Version: $LATEST` },
    { t: 2, source: "platform", text: `2026-11-25T16:47:21.459Z ${ID} Task timed out after 3.00 seconds` },
    { t: 3, source: "platform", text: `REPORT RequestId: ${ID}\tDuration: 3000.00 ms` },
  ];
  assertEquals(logsOf(lines, [], 0, 0).map(({ t, level, source }) => [t, level, source]), [[
    2,
    "error",
    "platform",
  ]]);
});
