/** `deno task emulate` as a process: its output, its documents, its exit codes. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { scenario } from "../support/scenario.ts";
import { startBackEnd } from "./checks/back_end.ts";
import { emulate, summarize } from "./emulate.ts";
import { fakeExtension } from "./fake_extension.ts";
import { writeShellExtension } from "./shell_extension.ts";

const MAIN = new URL("main.ts", import.meta.url).pathname;
const ROOT = new URL("../../", import.meta.url).pathname;

async function run(args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-P", "--quiet", "--frozen", "--no-check", `--config=${ROOT}deno.json`, MAIN, ...args],
    stdin: "null",
  }).output();
  return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}

scenario("emulate prints one JSON document, and what happens meanwhile beside it", async () => {
  const extension = await writeShellExtension();
  try {
    const args = [
      "--extension",
      extension,
      "--json",
      "--invocations",
      "1",
      "--freeze",
      "50",
      "--checks",
      "3,8",
    ];
    const { code, out, err } = await run([...args, "--timeout", "600"]);
    const report = JSON.parse(out);
    assertEquals(report.extension, await Deno.realPath(extension));
    assertEquals(report.life.invocations.length, 7);
    assertEquals(report.life.arrived, []);
    assertEquals(report.checks.map((each: { outcome: string }) => each.outcome), ["pass", "not judged"]);
    assertEquals([report.passed, report.failed, report.notJudged, code], [1, 0, 1, 0]);
    assertMatch(report.checks[1].measured, /no line of the function was found/);
    assertMatch(err, /check 3 begins: works whatever[^]*check 3 pass \(1 of 2\)/);
  } finally {
    await Deno.remove(extension);
  }
});

scenario("emulate says in words what is wrong with its command line, and helps", async () => {
  const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
    [["--help"], 0, /^Any Lambda extension[^]*--limit <s>[^]*--json/],
    [[], 2, /^Cannot emulate as there is no extension[^]*--help/],
    [["--extension", "/no/such"], 2, /^Cannot emulate as there is no file \/no\/such/],
    [["--extension", MAIN, "--checks", "17"], 2, /--checks must be all, none or numbers/],
    [["--extension", MAIN, "--limit", "soon"], 2, /--limit must be a whole number/],
    [["--unknown"], 2, /--unknown/],
  ];
  for (const [args, expected, pattern] of cases) {
    const { code, out } = await run(args);
    assertEquals([args, code], [args, expected]);
    assertMatch(out, pattern);
    assert(!/\n\s+at /.test(out), "no stack");
  }
});

scenario("emulate() ends a life that takes too long, and says so", async () => {
  const hanging = fakeExtension({ onInvoke: () => new Promise(() => {}) });
  const lines: string[] = [];
  const { violations } = await emulate({
    lambda: { extension: hanging, function: "scripted", timeoutMs: 5000 },
    invocations: 3,
    freezeMs: 10,
    limitMs: 300,
    print: (line) => void lines.push(line),
  });
  assertEquals(violations, ["the life was not over after 0.3 s, and was ended"]);
  assertMatch(lines.join("\n"), /Rules broken\nthe life was not over/);
});

scenario("a back end takes any path and tells what came by each", async () => {
  await using backEnd = startBackEnd();
  const post = async (path: string, body: string, headers: Record<string, string> = {}): Promise<number> => {
    const response = await fetch(`${backEnd.url}${path}`, { method: "POST", body, headers });
    await response.body?.cancel();
    return response.status;
  };
  const json = { "content-type": "application/json" };
  const otlp = JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [{}, {}] }] }] });
  assertEquals(await post("/v1/logs", otlp, json), 200);
  assertEquals(await post("/api/v2/logs?ddsource=x", '[{"message":"a"}]', json), 202);
  assertEquals(await post("/api/v2/logs", "no json", json), 202);
  assertEquals(await post("/what/ever", "text"), 200);
  assertEquals(
    summarize(backEnd.taken).map((
      { path, form, requests, lines, unread },
    ) => [path, form, requests, lines, unread]),
    [["/v1/logs", "OTLP", 1, 2, 0], ["/api/v2/logs", "Datadog", 2, 1, 1], ["/what/ever", "unknown", 1, 0, 1]],
  );
});
