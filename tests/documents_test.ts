/** No comment and no document points to a file that is not there. */
import { assertEquals } from "@std/assert";
import { scenario } from "./support/scenario.ts";

const ROOT = new URL("../", import.meta.url);
const SKIPPED = /^(?:\.cache|\.git|cov|node_modules)$/;
/** Others' documents are cited by their own paths there. */
const SPECIFICATIONS = /^tests\/spec\//;

scenario("every specification that a comment points to is there", async () => {
  const missing: string[] = [];
  for await (const path of files("")) {
    if (!/\.(?:ts|md|json|sh|py)$/.test(path) || SPECIFICATIONS.test(path)) continue;
    const text = await Deno.readTextFile(new URL(path, ROOT));
    for (const [pointed] of text.matchAll(/(?<![\w./-])(?:src|tests|layer)\/[\w./-]+\.md\b/g)) {
      if (!await isThere(pointed)) missing.push(`${path} points to ${pointed}`);
    }
  }
  assertEquals(missing, []);
});

async function isThere(path: string): Promise<boolean> {
  return (await Deno.stat(new URL(path, ROOT)).catch(() => undefined))?.isFile ?? false;
}

async function* files(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(new URL(folder, ROOT))) {
    if (SKIPPED.test(entry.name)) continue;
    const path = `${folder}${entry.name}`;
    if (entry.isDirectory) yield* files(`${path}/`);
    else if (entry.isFile) yield path;
  }
}
