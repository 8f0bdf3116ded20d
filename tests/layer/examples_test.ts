/** What is said of the examples in their README, held against what is there. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { scenario } from "../support/scenario.ts";

const FOLDER = new URL("../../layer/examples/", import.meta.url);

scenario("the examples' README names every example, and every file that it names is there", async () => {
  const text = await Deno.readTextFile(new URL("README.md", FOLDER));
  for await (const { name, isDirectory } of Deno.readDir(FOLDER)) {
    if (name !== "README.md") assertStringIncludes(text, `\`${name}${isDirectory ? "/" : ""}`);
  }
  const named = Array.from(
    text.matchAll(/`((?:cdk|terraform|serverless|sam|cloudformation|container)\/[\w.]*)`/g),
  );
  assertEquals(named.length >= 7, true);
  for (const [, path = ""] of named) await Deno.stat(new URL(path, FOLDER));
});

scenario("no fixed layer version or account of ours stands in an example", async () => {
  for (
    const path of [
      "cdk/app.ts",
      "terraform/main.tf",
      "serverless/serverless.yml",
      "sam/template.yaml",
      "cli.sh",
    ]
  ) {
    const text = await Deno.readTextFile(new URL(path, FOLDER));
    assertEquals(/layer:datakit-\w+:\d|\b\d{12}\b/.test(text), false, path);
  }
});
