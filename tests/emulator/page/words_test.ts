/** The page says everything in both languages. */
import { assertEquals } from "@std/assert";
import { ALL_WORDS } from "./browser/words.ts";
import { scenario } from "../../support/scenario.ts";

const BROWSER = new URL("./browser/", import.meta.url);

function gaps(text: string): readonly string[] {
  return [...text.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name).toSorted();
}

Deno.test("every word has both languages, with the same gaps", () => {
  for (const [key, [english, chinese]] of Object.entries(ALL_WORDS)) {
    assertEquals(english === "" || chinese === "", false, key);
    assertEquals(gaps(chinese), gaps(english), key);
  }
});

scenario("every word that the page names exists, and no word is left over", async () => {
  let sources = await Deno.readTextFile(new URL("./state.ts", import.meta.url));
  for await (const { name } of Deno.readDir(BROWSER)) {
    if (name !== "words.ts") sources += await Deno.readTextFile(new URL(name, BROWSER));
  }
  const named = [...sources.matchAll(/data-(?:text|label|placeholder)="(\w+)"/g)].map(([, key = ""]) => key);
  assertEquals(named.filter((key) => !Object.hasOwn(ALL_WORDS, key)), []);
  const quoted = new Set([...sources.matchAll(/"(\w+)"/g)].map(([, key = ""]) => key));
  assertEquals(Object.keys(ALL_WORDS).filter((key) => !quoted.has(key)), []);
});
