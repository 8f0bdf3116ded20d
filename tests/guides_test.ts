/** What the documents say of commands, messages, names and figures is what the program has. */
import { assert, assertEquals, assertGreater, assertStringIncludes } from "@std/assert";
import { parseAttachOptions } from "../layer/deploy/attach_options.ts";
import { DROPPED, REFUSED } from "../layer/guance/figures.ts";
import { runCli } from "../src/cli/mod.ts";
import { parseConfig } from "../src/config.ts";
import { METRIC_FIELDS } from "../src/lambda/metric_fields.ts";
import { type EmittedNames, readEmitted } from "./layer/guance/emitted.ts";
import { blocksOf, readDocuments, readFile, resolvePath, spansOf } from "./support/documents.ts";
import { scenario } from "./support/scenario.ts";
import { sourceFiles } from "./support/imports.ts";

const ROOT = new URL("../", import.meta.url);
const CHINESE_GUIDE = "src/README.zh.md";
/** Pairs of English and Chinese, of which both must say it. */
const EMITTED_GUIDES = ["src/lambda/README.md", CHINESE_GUIDE];
const TROUBLE_GUIDES = ["layer/troubleshooting.md", CHINESE_GUIDE];
/** Of other programs, named in prose. */
const FOREIGN_OPTIONS: ReadonlySet<string> = new Set(["--filter", "--version", "--send", "--port", "--help"]);

scenario("every option that a document gives to a task is one that the task's program knows", async () => {
  const known = new Map<string, ReadonlySet<string>>();
  for (const [task, command] of await readTasks()) {
    const entry = command.split(" ").findLast((word) => word.endsWith(".ts"));
    if (entry !== undefined) known.set(task, await optionsOf(entry));
  }
  const any = new Set([...known.values()].flatMap((options) => [...options]));
  let count = 0;
  for (const { path, text } of await readDocuments()) {
    if (path.startsWith("tests/spec/")) continue;
    for (const line of [...blocksOf(text).flatMap((block) => block.split("\n")), ...spansOf(text)]) {
      const task = /\btask ([\w:]+) --(?: |$)/.exec(line)?.[1];
      if (task === undefined && !line.startsWith("--")) continue;
      const own = task === undefined ? any : known.get(task) ?? new Set();
      const [, given = line] = line.split(/ -- /, 2);
      // What stands in quotes is the value of an option, perhaps with options of its own.
      for (const [option] of given.replaceAll(/"[^"]*"|'[^']*'|#.*/g, "").matchAll(/(?<!\S)--[a-z][\w-]*/g)) {
        count++;
        assert(own.has(option) || FOREIGN_OPTIONS.has(option), `${path}: ${line}: ${option}`);
      }
    }
  }
  assertGreater(count, 30);
});

scenario("the answer of doctor in the documents is what it answers", async () => {
  for (const path of TROUBLE_GUIDES) {
    const shown = blocksOf(await readFile(path)).find((block) => block.startsWith("$ ENV_DATAWAY")) ?? "";
    const [command = "", ...answer] = shown.trimEnd().split("\n");
    const env = Object.fromEntries(
      Array.from(command.matchAll(/(ENV_\w+)=(?:'([^']*)'|(\S+))/g), ([, name, quoted, word]) => [
        name,
        // Nobody is there: what Dataway answers depends on it alone.
        (quoted ?? word ?? "").replace("https://openway.example", "http://127.0.0.1:1").replace(
          "…",
          "tkn_0123456789abcdef",
        ),
      ]),
    );
    const lines: string[] = [];
    await runCli({ args: command.split(" ").slice(-1), env, print: (line) => void lines.push(line) });
    const told = lines.join("\n").replaceAll("http://127.0.0.1:1", "https://openway.example").split("\n");
    // What it sees of the machine depends on the machine.
    const upTo = (all: readonly string[]): readonly string[] => all.slice(0, all.indexOf("Sandbox") + 1);
    assertGreater(upTo(answer).length, 5, path);
    assertEquals(upTo(told), upTo(answer), path);
  }
});

scenario("examples of settings and files in the documents can be used as they are", async () => {
  const blocks = async (path: string): Promise<readonly string[]> => blocksOf(await readFile(path));
  const rules = [...await blocks("src/lambda/README.md"), ...await blocks(CHINESE_GUIDE)]
    .filter((block) => block.startsWith("["));
  const filters = [...await blocks("src/dataway/README.md"), ...await blocks(CHINESE_GUIDE)]
    .filter((block) => block.startsWith('{\n  "logging"'));
  assertEquals([rules.length, filters.length], [2, 2]);
  for (const text of rules) assertEquals(parseConfig({ ENV_AWSLAMBDA_LOG_RULES: text }).problems, []);
  for (const text of filters) assertEquals(parseConfig({ ENV_IO_FILTERS: text }).problems, []);
  const file = (await blocks("layer/README.md")).find((block) => block.startsWith("{")) ?? "";
  const options = await parseAttachOptions(
    ["--config", "attach.json"],
    undefined,
    () => Promise.resolve(file),
  );
  assertEquals(options?.isDryRun, true);
});

scenario("each message of the extension that a document quotes is one that it writes", async () => {
  const sources = await Promise.all(
    sourceFiles(new URL("src/", ROOT)).map((file) => readFile(`src/${file}`)),
  );
  const literals = sources.flatMap((text) =>
    Array.from(
      // Comments quote code, too.
      text.replaceAll(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, "").matchAll(/"((?:[^"\\\n]|\\.)*)"|`([^`\n]*)`/g),
      ([, plain, template]) => (plain ?? template ?? "").split(/\$\{[^}]*\}/),
    )
  );
  for (const path of TROUBLE_GUIDES) {
    const quoted = spansOf(await readFile(path))
      .filter((span) => /^[A-Z][a-z']+(?: [\w'‘’…-]+){3,}/.test(span))
      .map((span) => span.replace(/ …$/, ""));
    assertGreater(quoted.length, 8, path);
    assertEquals(quoted.filter((text) => !literals.some((parts) => begins(parts, text))), [], path);
  }
});

scenario(
  "every tag, field and reason that the program emits is in the documents, in both languages",
  async () => {
    const emitted = await readEmitted();
    const names = [
      ...METRIC_FIELDS,
      ...Object.keys(DROPPED),
      ...Object.keys(REFUSED),
      ...namesOf(emitted, "metric awslambda-metric"),
      ...namesOf(emitted, "logging awslambda-logging"),
      ...namesOf(emitted, "metric awslambda-extension").filter((name) => !/^(?:dropped|refused)_/.test(name)),
    ];
    assertGreater(names.length, 60);
    for (const path of EMITTED_GUIDES) {
      const text = await readFile(path);
      const told = new Set(spansOf(text).flatMap((span) => [span, `connections${span.replace("…", "")}`]));
      assertEquals(names.filter((name) => !told.has(name)), [], path);
    }
  },
);

scenario("the tasks for which the documents point to --help explain themselves", async () => {
  const documents = await readDocuments();
  const named = new Set(
    documents.flatMap(({ text }) =>
      Array.from(text.matchAll(/deno task ([\w:]+) -- --help/g), ([, task = ""]) => task)
    ),
  );
  for (const [task, command] of await readTasks()) {
    // Those of layer/aws/ have packages of their own, without which this suite must do.
    if (!named.has(task) || command.includes("layer/aws/")) continue;
    const { success, stdout } = await new Deno.Command(Deno.execPath(), {
      args: [...command.split(" ").slice(1), "--help"],
      cwd: ROOT,
    }).output();
    assert(success, task);
    assertStringIncludes(new TextDecoder().decode(stdout), `deno task ${task}`);
    named.delete(task);
  }
  assertEquals([...named].sort(), ["attach", "publish"]);
});

scenario("commands that the documents show name tests that are there", async () => {
  let count = 0;
  for (const { path, text } of await readDocuments()) {
    for (const line of blocksOf(text).flatMap((block) => block.split("\n"))) {
      const [, filter, target] = /\bdeno test -P(?: --filter "([^"]+)")? (tests\/[\w./]+)/.exec(line) ?? [];
      if (target === undefined) continue;
      count++;
      const files = target.endsWith(".ts")
        ? [target]
        : sourceFiles(new URL(target, ROOT)).map((file) => `${target}${file}`);
      const sources = await Promise.all(files.map((file) => readFile(file)));
      assert(sources.some((source) => filter === undefined || source.includes(filter)), `${path}: ${line}`);
    }
  }
  assertGreater(count, 4);
});

scenario("Chinese texts have one word for a sandbox and one for an architecture, those of AWS", async () => {
  const places = [
    CHINESE_GUIDE,
    "src/config/README.md",
    "layer/guance/README.md",
    "layer/guance/dashboard.zh.json",
    "layer/guance/monitors.zh.json",
    "tests/emulator/page/browser/words.ts",
    "tests/emulator/page/checks_zh.ts",
  ];
  for (const path of places) assertEquals((await readFile(path)).match(/沙箱|沙盒|体系结构/g), null, path);
});

scenario("the figures of README.md are those of the tests, which hold or measured them", async () => {
  const readme = await readFile("README.md");
  const promises = readme.slice(readme.indexOf("## Promises"), readme.indexOf("## Developing"));
  const figures = Array.from(
    promises.matchAll(/\b[\d.]+(?: to [\d.]+)? (?:ms|s|min|MiB)\b/g),
    ([figure]) => figure,
  );
  assertGreater(figures.length, 6);
  const known = await readFile("tests/README.md");
  assertEquals(figures.filter((figure) => !known.includes(figure)), []);
});

/** Whether what a template makes, of which `parts` are fixed, may begin with `text`. */
function begins([first = "", ...others]: readonly string[], text: string): boolean {
  if (first.startsWith(text)) return true;
  if (first === "" || !text.startsWith(first)) return false;
  let left = text.slice(first.length);
  for (const part of others) {
    const at = left.indexOf(part);
    // It may end in the middle of this part.
    if (at < 0) {
      return Array.from(part, (_, end) => part.slice(0, end + 1)).some((head) => left.endsWith(head));
    }
    left = left.slice(at + part.length);
  }
  return left === "";
}

function namesOf(emitted: EmittedNames, key: string): readonly string[] {
  const { tags, fields } = emitted.get(key) ?? { tags: [], fields: [] };
  return [...tags, ...fields];
}

async function readTasks(): Promise<readonly (readonly [string, string])[]> {
  const { tasks }: { tasks: Readonly<Record<string, { readonly command: string }>> } = JSON.parse(
    await readFile("deno.json"),
  );
  return Object.entries(tasks).map(([name, { command }]) => [name, command]);
}

/** The options that a program and what it imports name, in the help or to the parser. */
async function optionsOf(entry: string): Promise<ReadonlySet<string>> {
  const files = new Set([entry]);
  const options = new Set<string>();
  for (const file of files) {
    const text = await readFile(file);
    for (const [, target = ""] of text.matchAll(/\b(?:from|import)\(? ?"(\.[^"]+\.ts)"/g)) {
      files.add(resolvePath(file, target));
    }
    for (const [option] of text.matchAll(/--[a-z][\w-]*/g)) options.add(option);
  }
  return options;
}
