/** The recipes of the documents, as they stand there, are settings without a problem that do what is said. */
import { assertEquals } from "@std/assert";
import { dryRun } from "../../src/cli/doctor/rules.ts";
import { parseConfig } from "../../src/config.ts";
import { scenario } from "../support/scenario.ts";

const DOCUMENTS = ["src/lambda/README.md", "src/README.zh.md"];

/** The variables of each recipe of a document. */
async function recipesOf(document: string): Promise<readonly Readonly<Record<string, string>>[]> {
  const text = await Deno.readTextFile(new URL(`../../${document}`, import.meta.url));
  const block = /```sh\n(# [^\n]*\nENV_AWSLAMBDA_LOG_EXCLUDE=[^]*?)```/.exec(text)?.[1] ?? "";
  return block.split(/\n(?=#)/).map((recipe) =>
    Object.fromEntries(
      Array.from(recipe.matchAll(/^(ENV_\w+)='?(.*?)'?$/gm), ([, name = "", value = ""]) => [name, value]),
    )
  );
}

scenario("the documents' recipes for logs are the same, can be used, and do what they say", async () => {
  const [english = [], chinese = []] = await Promise.all(DOCUMENTS.map(recipesOf));
  assertEquals(english, chinese);
  assertEquals(english.length, 3);
  const configs = english.map((env) => parseConfig(env));
  for (const { problems } of configs) {
    assertEquals(problems.filter(({ name }) => name.startsWith("ENV_AWSLAMBDA")), []);
  }
  const [quiet, audit, debug] = configs.map(({ config }) => config);
  const outcomes = (rules: readonly unknown[], lines: readonly string[]): readonly string[] =>
    dryRun(rules, lines).lines.map(({ outcome }) => outcome);
  const infos = Array.from({ length: 2_000 }, (_, index) => `INFO order ${index}`);
  const kept = outcomes(quiet?.awslambda.logRules ?? [], infos).filter((outcome) => outcome === "kept");
  assertEquals(kept.length > 60 && kept.length < 140, true, String(kept.length));
  assertEquals(
    outcomes(quiet?.awslambda.logRules ?? [], ['{"level":"error","message":"order 1"}', "GET /healthz"]),
    [
      "kept",
      "left out",
    ],
  );
  const [masked] =
    dryRun(audit?.awslambda.logRules ?? [], ["bob@example.com from 10.0.0.1 password=x"]).lines;
  assertEquals(masked?.text, "****** from ****** password=******");
  assertEquals([...audit?.awslambda.platformLines ?? []], ["start", "end", "report"]);
  assertEquals([...debug?.recorder?.causes ?? []], ["timeout", "oom", "error", "slow"]);
});
