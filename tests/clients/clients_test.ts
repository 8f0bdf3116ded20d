/**
 * `deno task test:clients`: unmodified clients of each language send known data to the compiled extension in the
 * emulator, on the ports they dial by themselves; all of it must arrive at Dataway as it was sent. A language whose
 * tools are not on this machine is left out, and said to be.
 */
import { scenario } from "../support/scenario.ts";
import { renderTable, type TableRow } from "./clients_table.ts";
import { type ClientCase, type Language, missingTool } from "./language.ts";
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
      for (const client of language.cases) addRow(language.name, client, "", notVerified(missing));
      return;
    }
    const toolchain = await language.install();
    for (const client of language.cases) {
      const { program, args = [], env, needs = [], wrap = (command) => command } = client;
      const version = toolchain.versionOf(client.client);
      const name = `${client.client} by ${client.protocol}`;
      const lacking = await missingTool(needs);
      if (lacking !== undefined) {
        say(`${name} IS NOT VERIFIED HERE: no ${lacking}`);
        addRow(toolchain.runtime, client, version, notVerified(lacking));
        continue;
      }
      let outcome = "FAILED";
      await t.step(name, async () => {
        client.check(await runClient(wrap(toolchain.command(program, args, env)), client.extension));
        outcome = client.verified;
      });
      addRow(toolchain.runtime, client, version, outcome);
    }
  });
}

scenario("the table of clients is made from what was run", async () => {
  const table = renderTable(rows);
  say(`\n${table}`);
  await Deno.mkdir(new URL(".", TABLE), { recursive: true });
  await Deno.writeTextFile(TABLE, table);
});

function addRow(
  language: string,
  { client, protocol, setup }: ClientCase,
  version: string,
  verified: string,
): void {
  rows.push({ language, protocol, client, version, setup, verified });
}

function notVerified(missing: string): string {
  return `not verified here: no ${missing}`;
}

function say(text: string): void {
  // deno-lint-ignore no-console
  console.log(text);
}
