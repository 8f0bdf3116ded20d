/** Every document, held to the files and to the code: links, sizes, settings, commands, promises. */
import { assert, assertEquals, assertGreater, assertLessOrEqual, assertStringIncludes } from "@std/assert";
import { VERSION } from "../src/version.ts";
import {
  anchorsOf,
  blocksOf,
  isThere,
  linksOf,
  readDocuments,
  readFile,
  resolvePath,
  spansOf,
} from "./support/documents.ts";
import { scenario } from "./support/scenario.ts";
import { SETTINGS_DOCUMENT, userSettings, withSettings } from "./support/settings_table.ts";
import { SETTINGS_ZH } from "./support/settings_zh.ts";

/** README.md is read by everybody, once: what is more goes into the document of its folder. */
const README_LINES = 220;
const README_BYTES = 14_000;
const CHINESE_GUIDE = "src/README.zh.md";
/** The documents for readers; `tests/spec/` holds facts about others. */
const ENGLISH_GUIDES = [
  "README.md",
  "src/lambda/README.md",
  "src/ingest/README.md",
  "src/dataway/README.md",
  "src/otlp_target/README.md",
  "layer/README.md",
  "layer/troubleshooting.md",
  "layer/cost.md",
];
const DEVELOPERS_ONLY: ReadonlySet<string> = new Set(["deploy/downloads.ts"]);
/** How the two commands are given: in a shell, in PowerShell and in cmd. */
const COMMANDS: readonly ((task: string) => string)[] = [
  (task) => `DENO_TLS_CA_STORE=system,mozilla npx -y deno@2.7.11 task ${task}`,
  (task) => `$env:DENO_TLS_CA_STORE = "system,mozilla"; npx -y deno@2.7.11 task ${task}`,
  (task) => `set "DENO_TLS_CA_STORE=system,mozilla" && npx -y deno@2.7.11 task ${task}`,
];

scenario("README.md is short, and its third line leads to the Chinese guide", async () => {
  const readme = await readFile("README.md");
  assertLessOrEqual(readme.trimEnd().split("\n").length, README_LINES);
  assertLessOrEqual(new TextEncoder().encode(readme).length, README_BYTES);
  assertStringIncludes(readme.split("\n")[2] ?? "", `[中文](${CHINESE_GUIDE})`);
});

scenario(
  "README.md and the Chinese guide show the two commands that do everything, for every shell",
  async () => {
    for (const path of ["README.md", CHINESE_GUIDE]) {
      const text = await readFile(path);
      for (const command of COMMANDS) {
        for (const task of ["demo", "test"]) assertStringIncludes(text, command(task), path);
      }
    }
  },
);

scenario("the settings' document is what the code makes of its list, in both languages", async () => {
  const text = await readFile(SETTINGS_DOCUMENT);
  assertEquals(text, withSettings(text), "run deno task settings");
});

Deno.test("each setting has one Chinese description, and none is left of a setting that is gone", () => {
  const names = userSettings().map(({ name }) => name);
  assertEquals(names.filter((name) => !SETTINGS_ZH.has(name)), []);
  assertEquals([...SETTINGS_ZH.keys()].filter((name) => !names.includes(name)), []);
  for (const [name, text] of SETTINGS_ZH) assert(/\p{Script=Han}/u.test(text), name);
});

scenario(
  "every setting that a document names is one of the code's, with the default of its own",
  async () => {
    const settings = new Map(userSettings().map((setting) => [setting.name, setting]));
    for (const { path, text } of await guides()) {
      // What the Go extension had is named where the differences are.
      const own = text.replaceAll(/^\|.*(?:variable of DataKit's|DataKit 的变量).*\n(?:\|.*\n)+/gm, "");
      const named = Array.from(own.matchAll(/\bENV_\w+\*?/g), ([name]) => name);
      const unknown = named.filter((name) =>
        !settings.has(name) &&
        !(name.endsWith("*") && [...settings.keys()].some((known) => starts(known, name)))
      );
      assertEquals(unknown, [], path);
      for (const [, name = "", value = ""] of own.matchAll(/^\| `(ENV_\w+)` +\| `([^`|]+)` +\|/gm)) {
        assertEquals(value, settings.get(name)?.default, `${path}: ${name}`);
      }
    }
  },
);

scenario("the links of every document lead to headings and files that are there", async () => {
  const documents = new Map((await readDocuments()).map(({ path, text }) => [path, text]));
  const dead: string[] = [];
  let count = 0;
  for (const [path, text] of documents) {
    for (const link of linksOf(text)) {
      count++;
      const [target = "", anchor] = resolveLink(path, link).split("#");
      const known = documents.get(target);
      const leads = anchor === undefined
        ? await isThere(target)
        : known !== undefined && anchorsOf(known).has(anchor);
      if (!leads) dead.push(`${path}: ${link}`);
    }
  }
  assertEquals(dead, []);
  assertGreater(count, 100);
});

scenario("every document is reached from README.md", async () => {
  const documents = new Map((await readDocuments()).map(({ path, text }) => [path, text]));
  const reached = new Set(["README.md"]);
  for (const path of reached) {
    for (const link of linksOf(documents.get(path) ?? "")) {
      const target = resolvePath(path, link.split("#")[0] ?? "");
      const document = documents.has(target) ? target : `${target.replace(/\/$/, "")}/README.md`;
      if (documents.has(document)) reached.add(document);
    }
  }
  assertEquals([...documents.keys()].filter((path) => !reached.has(path)), []);
});

scenario("each of a newcomer's questions is answered one link from where they begin", async () => {
  const text = await readFile("tests/README.md");
  const section = text.slice(text.indexOf("## Six questions"), text.indexOf("## Dependencies"));
  const rows = Array.from(section.matchAll(/^\| .*\?\s*\|(.*)\|(.*)\|$/gm));
  assertEquals(rows.length, 6);
  for (const [row, english = "", chinese = ""] of rows) {
    for (const [begin, cell] of [["README.md", english], [CHINESE_GUIDE, chinese]] as const) {
      const [link = ""] = linksOf(cell);
      const target = resolveLink("tests/README.md", link);
      const linked = linksOf(await readFile(begin)).map((to) => resolveLink(begin, to));
      assert(target.startsWith(`${begin}#`) || linked.includes(target), row);
    }
  }
});

scenario("the promises name tests that are there", async () => {
  const text = await readFile("tests/README.md");
  const named = Array.from(text.matchAll(/`(tests\/[\w/]+\.ts)`((?:,?\s+“[^”]+”)+)/g));
  assert(named.length > 30);
  for (const [, path = "", titles = ""] of named) {
    const source = await readFile(path);
    for (const [, title = ""] of titles.matchAll(/“([^”]+)”/g)) {
      // `…` stands for what differs from case to case.
      for (const part of title.split("…")) assertStringIncludes(source, part.trim(), `${path}: ${title}`);
    }
  }
});

scenario("files that a guide names by their path are there", async () => {
  for (const { path, text } of await guides()) {
    const named = spansOf(text).filter((span) => /^(?:src|tests|layer|\.ci)\/[\w./-]+$/.test(span));
    for (const file of named) {
      // Made by a task, and not kept.
      if (file === "layer/arns.json") continue;
      assert(await isThere(file), `${path}: ${file}`);
    }
  }
});

scenario("every task that a document names is there, and each is named in tests/README.md", async () => {
  const config: unknown = JSON.parse(await readFile("deno.json"));
  assert(typeof config === "object" && config !== null && "tasks" in config);
  const tasks = Object.keys(config.tasks ?? {});
  for (const { path, text } of await readDocuments()) {
    const code = [...blocksOf(text), ...spansOf(text)].join("\n");
    const named = Array.from(code.matchAll(/(?:\bdeno|deno@[\d.]+) task ([\w:]+)/g), ([, task = ""]) => task);
    assertEquals(named.filter((task) => !tasks.includes(task)), [], path);
  }
  const told = spansOf(await readFile("tests/README.md")).join("\n");
  assertEquals(tasks.filter((task) => !new RegExp(`deno task ${task}\\b(?!:)`).test(told)), []);
});

scenario("the Chinese guide names all that the English guides name in code", async () => {
  const chinese = withoutPlaceholders(await readFile(CHINESE_GUIDE));
  const missing: string[] = [];
  for (const path of ENGLISH_GUIDES) {
    // Why the layer is not smaller, and what its folders hold, is for whoever changes it.
    const text = (await readFile(path)).replaceAll(/^#+ (?:Size|What is where)\n[^]*?(?=^#|(?![^]))/gm, "");
    for (const span of new Set(spansOf(text).map(withoutPlaceholders))) {
      if (!chinese.includes(span) && !DEVELOPERS_ONLY.has(span)) missing.push(`${path}: ${span}`);
    }
  }
  assertEquals(missing, []);
});

scenario("the version is the same everywhere", async () => {
  const config: unknown = JSON.parse(await readFile("deno.json"));
  assertEquals(
    typeof config === "object" && config !== null && "version" in config && config.version,
    VERSION,
  );
  const [, changes] = (await readFile("layer/CHANGELOG.md")).match(/^## (\S+)/m) ?? [];
  assertEquals(changes, VERSION, "layer/CHANGELOG.md begins with another version");
});

async function guides(): Promise<readonly { readonly path: string; readonly text: string }[]> {
  return (await readDocuments()).filter(({ path }) => !path.startsWith("tests/spec/"));
}

/** Where a link of the document `from` leads: a path from the root, and the heading's name if there is one. */
function resolveLink(from: string, link: string): string {
  const [file = "", anchor] = link.split("#");
  const target = file === "" ? from : resolvePath(from, file);
  return anchor === undefined ? target : `${target}#${decodeURIComponent(anchor)}`;
}

/** What stands for a value is named in the language of the document. */
function withoutPlaceholders(text: string): string {
  return text.replaceAll(/<[^<>`\n]*>/g, "<>");
}

function starts(name: string, pattern: string): boolean {
  return name.startsWith(pattern.slice(0, -1));
}
