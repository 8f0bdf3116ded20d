import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { VERSION } from "../src/version.ts";
import { scenario } from "./support/scenario.ts";
import { userSettings, withSettings } from "./support/settings_table.ts";
import { SETTINGS_ZH } from "./support/settings_zh.ts";

const read = (path: string): Promise<string> => Deno.readTextFile(new URL(`../${path}`, import.meta.url));

/** The formatter pads tables; what they say is the cells. */
const cells = (text: string): string => text.replaceAll(/ {2,}/g, " ").replaceAll(/-{3,}/g, "---");

scenario("README's settings are those of the code, in both languages", async () => {
  const readme = await read("README.md");
  assertEquals(cells(readme), cells(withSettings(readme)));
});

Deno.test("each setting has one Chinese description, and none is left of a setting that is gone", () => {
  const names = userSettings().map(({ name }) => name);
  assertEquals(names.filter((name) => !SETTINGS_ZH.has(name)), []);
  assertEquals([...SETTINGS_ZH.keys()].filter((name) => !names.includes(name)), []);
  for (const [name, text] of SETTINGS_ZH) assert(/\p{Script=Han}/u.test(text), name);
});

scenario("README shows the two commands that do everything", async () => {
  const readme = await read("README.md");
  for (const task of ["demo", "test"]) {
    assertStringIncludes(readme, `DENO_TLS_CA_STORE=system,mozilla npx -y deno@2.7.11 task ${task}`);
  }
});

scenario("README's links lead to headings and files that are there", async () => {
  const readme = await read("README.md");
  const prose = readme.replaceAll(/```[\s\S]*?```/g, "");
  const anchors = new Set(
    Array.from(prose.matchAll(/^#+ (.+)$/gm), ([, title = ""]) => `#${toAnchor(title)}`),
  );
  const links = Array.from(prose.matchAll(/\]\(([^)\s]+)\)/g), ([, target = ""]) => target)
    .filter((target) => !target.startsWith("https://"));
  assert(links.length > 10);
  for (const link of links) {
    if (link.startsWith("#")) assert(anchors.has(link), `${link} is no heading`);
    else await Deno.stat(new URL(`../${link}`, import.meta.url));
  }
});

scenario("README's promises name tests that are there", async () => {
  const readme = await read("README.md");
  const named = Array.from(readme.matchAll(/`(tests\/[\w/]+\.ts)`((?:,?\s+“[^”]+”)+)/g));
  assert(named.length > 20);
  for (const [, path = "", titles = ""] of named) {
    const source = await read(path);
    for (const [, title = ""] of titles.matchAll(/“([^”]+)”/g)) {
      // `…` stands for what differs from case to case.
      for (const part of title.split("…")) assertStringIncludes(source, part.trim(), `${path}: ${title}`);
    }
  }
});

scenario("the version is the same everywhere", async () => {
  const config: unknown = JSON.parse(await read("deno.json"));
  assertEquals(
    typeof config === "object" && config !== null && "version" in config && config.version,
    VERSION,
  );
});

/** GitHub's name for a heading: lower case, without punctuation, hyphens for blanks. */
function toAnchor(title: string): string {
  return title.toLowerCase().replaceAll(/[^\p{L}\p{N}_ -]/gu, "").replaceAll(" ", "-");
}
