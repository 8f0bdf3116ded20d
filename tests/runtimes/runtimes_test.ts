/**
 * `deno task test:runtimes`: functions on unmodified runtime clients of each language fail and log in every way,
 * under the emulator with the compiled extension; what Dataway is sent of them is held against what is right. The
 * README's table and its list of gaps must be what was seen; with RUNTIMES_UPDATE=1 they become it.
 * A language whose tools are not on this machine is left out, and said to be.
 */
import { assertEquals } from "@std/assert";
import { missingTool } from "../clients/language.ts";
import { scenario } from "../support/scenario.ts";
import { judge } from "./judge.ts";
import { GO } from "./go_language.ts";
import { JAVA } from "./java_language.ts";
import { NODE } from "./node_language.ts";
import { observe, type Surroundings } from "./observe.ts";
import { PYTHON } from "./python_language.ts";
import type { Language } from "./runtime.ts";
import { RUST } from "./rust_language.ts";
import { gapLines, linesAbout, listsGapsOf, type Row, tableLines, withLines } from "./table.ts";

const LANGUAGES: readonly Language[] = [PYTHON, NODE, GO, JAVA, RUST];
const README = new URL("README.md", import.meta.url);

for (const language of LANGUAGES) {
  scenario(`what functions of ${language.name} write is read as the README says`, async (t) => {
    const missing = await missingTool(language.needs);
    if (missing !== undefined) {
      return say(`${language.name.toUpperCase()} IS NOT VERIFIED HERE: no ${missing}`);
    }
    await language.install();
    const text = await Deno.readTextFile(README);
    const rows: Row[] = [];
    for (const client of language.clients) {
      for (const surroundings of surroundingsOf(language)) {
        // Lines alone say nothing of failures where there are none.
        if (client.silent && !surroundings.spans) continue;
        const { logFormat, logPipe, spans } = surroundings;
        const name = `${client.name} ${client.version}`;
        await t.step(`${name}, ${logFormat}, ${logPipe}${spans ? "" : ", by lines alone"}`, async () => {
          const look = async (): Promise<Row> => {
            const observations = await observe(language, client, surroundings);
            const findings = judge(language, client, surroundings, observations);
            return { language: language.name, client: name, ...surroundings, findings };
          };
          let row = await look();
          if (!listsGapsOf(row, text)) {
            say(`not as the README says, looked at once more:\n${gapLines([row]).join("\n")}`);
            row = await look();
          }
          rows.push(row);
        });
      }
    }
    const seen = [...tableLines(rows), ...gapLines(rows)];
    if (Deno.env.get("RUNTIMES_UPDATE") === "1") {
      await Deno.writeTextFile(README, withLines(text, language.name, seen));
    } else assertEquals(linesAbout(text, language.name), seen);
  });
}

function surroundingsOf(language: Language): readonly Surroundings[] {
  return language.pipes.flatMap((logPipe) =>
    (["Text", "JSON"] as const).flatMap((logFormat) =>
      [true, false].map((spans) => ({ logFormat, logPipe, spans }))
    )
  );
}

function say(text: string): void {
  // deno-lint-ignore no-console
  console.log(text);
}
