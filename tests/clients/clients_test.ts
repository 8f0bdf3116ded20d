/**
 * `deno task test:clients`: unmodified clients of each language send known data to the compiled extension in the
 * emulator, on the ports they dial by themselves; all of it must arrive at Dataway as it was sent. A language whose
 * tools are not on this machine is left out, and said to be.
 */
import { scenario } from "../support/scenario.ts";
import { renderTable, type TableRow } from "./clients_table.ts";
import { type Language, missingTool } from "./language.ts";
import { GO } from "./go_language.ts";
import { JAVA } from "./java_language.ts";
import { NODE } from "./node_language.ts";
import { PYTHON } from "./python_language.ts";
import { runClient } from "./run_client.ts";

const LANGUAGES: readonly Language[] = [NODE, PYTHON, GO, JAVA];
const TABLE = new URL("../../.cache/clients-table.md", import.meta.url);

const rows: TableRow[] = [];

for (const language of LANGUAGES) {
  scenario(`the extension takes all that clients of ${language.name} send`, async (t) => {
    const missing = await missingTool(language.needs);
    if (missing !== undefined) {
      say(`${language.name.toUpperCase()} IS NOT VERIFIED HERE: no ${missing}`);
      for (const { client, protocol, setup } of language.cases) {
        rows.push({
          language: language.name,
          protocol,
          client,
          version: "",
          setup,
          verified: `not verified here: no ${missing}`,
        });
      }
      return;
    }
    const toolchain = await language.install();
    for (const { client, protocol, program, args = [], env, setup, verified, check } of language.cases) {
      let outcome = "FAILED";
      await t.step(`${client} by ${protocol}`, async () => {
        check(await runClient(toolchain.command(program, args, env)));
        outcome = verified;
      });
      const version = toolchain.versionOf(client);
      rows.push({ language: toolchain.runtime, protocol, client, version, setup, verified: outcome });
    }
  });
}

scenario("the table of clients is made from what was run", async () => {
  const table = renderTable(rows);
  say(`\n${table}`);
  await Deno.mkdir(new URL(".", TABLE), { recursive: true });
  await Deno.writeTextFile(TABLE, table);
});

function say(text: string): void {
  // deno-lint-ignore no-console
  console.log(text);
}
