import { assertEquals, assertStringIncludes } from "@std/assert";
import { VERSION } from "../src/version.ts";
import { scenario } from "./support/scenario.ts";
import { withSettings } from "./support/settings_table.ts";

const read = (path: string): Promise<string> => Deno.readTextFile(new URL(`../${path}`, import.meta.url));

/** The formatter pads tables; what they say is the cells. */
const cells = (text: string): string => text.replaceAll(/ {2,}/g, " ").replaceAll(/-{3,}/g, "---");

scenario("README's settings are those of the code", async () => {
  const readme = await read("README.md");
  assertEquals(cells(readme), cells(withSettings(readme)));
});

scenario("README shows the two commands that do everything", async () => {
  const readme = await read("README.md");
  for (const task of ["demo", "test"]) {
    assertStringIncludes(readme, `DENO_TLS_CA_STORE=system,mozilla npx -y deno@2.7.11 task ${task}`);
  }
});

scenario("the version is the same everywhere", async () => {
  const config: unknown = JSON.parse(await read("deno.json"));
  assertEquals(
    typeof config === "object" && config !== null && "version" in config && config.version,
    VERSION,
  );
});
