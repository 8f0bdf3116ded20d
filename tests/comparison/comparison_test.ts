import { assertEquals } from "@std/assert";
import { scenario } from "../support/scenario.ts";
import { goldenUrl, outcomeText, readGolden } from "./golden.ts";
import { GROUPS, variantsOf } from "./groups.ts";
import { RANDOM } from "./inputs/random.ts";
import { digestOf } from "./outcome.ts";
import { run } from "./program.ts";

for (const group of GROUPS) {
  scenario(`the points of ${group.name} are those that were recorded, in both encodings`, async (t) => {
    const golden = await readGolden(group.name);
    assertEquals(group.inputs.map(({ name }) => name), [...golden.keys()], "the inputs are those recorded");
    for (const entry of group.inputs) {
      await t.step(entry.name, async () => {
        for (const [index, input] of variantsOf(entry).entries()) {
          const { answers, ...outcome } = await run(input);
          const isFirst = index === 0;
          const recorded = golden.get(entry.name) ?? "";
          // Each encoding answers in its own form.
          const told = isFirst ? answers : [];
          const expected = isFirst ? recorded : recorded.replaceAll(/^answer .*\n?/gm, "");
          assertEquals(
            outcomeText(entry.name, { answers: told, ...outcome }).split("\n"),
            expected.split("\n"),
          );
        }
      });
    }
  });
}

for (const [name, inputs] of Object.entries(RANDOM)) {
  scenario(`the points of ${name} are those that were recorded, in both encodings`, async () => {
    const golden: Readonly<Record<string, string>> = JSON.parse(await Deno.readTextFile(goldenUrl(name)));
    const differing: string[] = [];
    for (const input of inputs) {
      if (digestOf(await run(input)) !== golden[input.name]) differing.push(input.name);
    }
    assertEquals(differing, []);
    assertEquals(Object.keys(golden), inputs.map((input) => input.name));
  });
}
