/**
 * Writes the golden files of the groups that are named, or all, from this program: only after a difference that is
 * meant. `deno run -P tests/comparison/record.ts [group…]`
 */
import { goldenText, goldenUrl } from "./golden.ts";
import { GROUPS, variantsOf } from "./groups.ts";
import { RANDOM } from "./inputs/random.ts";
import { digestOf, type Outcome } from "./outcome.ts";
import { run } from "./program.ts";

const wanted = Deno.args;
for (const group of GROUPS) {
  if (wanted.length > 0 && !wanted.includes(group.name)) continue;
  const outcomes = new Map<string, Outcome>();
  for (const entry of group.inputs) {
    const [first] = variantsOf(entry);
    if (first !== undefined) outcomes.set(entry.name, await run(first));
  }
  await Deno.writeTextFile(goldenUrl(group.name), goldenText(outcomes));
}
for (const [name, inputs] of Object.entries(RANDOM)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const digests: [string, string][] = [];
  for (const input of inputs) digests.push([input.name, digestOf(await run(input))]);
  const lines = digests.map(([key, digest]) => `  ${JSON.stringify(key)}: "${digest}"`);
  await Deno.writeTextFile(goldenUrl(name), `{\n${lines.join(",\n")}\n}\n`);
}
