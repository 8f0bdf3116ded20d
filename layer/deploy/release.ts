/**
 * `deno task release`: gathers both layers, their hashes, SBOMs and provenance, and the list of ARNs in one folder,
 * ready to be put on a static host. Ends with code 1 when anything is not as it should be.
 *
 *   --folder PATH   of the release (.cache/release)
 *   --from PATH     where "deno task build" and "deno task publish" left the files (layer)
 *   --readme        also write the addresses and the table of ARNs into the READMEs
 */
import { parseArgs } from "node:util";
import { VERSION } from "../../src/version.ts";
import { messageOf } from "../attest/check_result.ts";
import { asksForHelp, fromCaller, taskArguments } from "../build/task_arguments.ts";
import { DOWNLOAD_BASE_URL, DOWNLOAD_DOCUMENTS, withDownloads } from "./downloads.ts";
import { LIST_NAME, parseList } from "./publish_list.ts";
import { gatherRelease } from "./release_folder.ts";

const USAGE = `Gathers both layers and what is said of them in one folder for a static host.

  deno task release
  deno task release -- --folder ./release --readme

  --folder <folder>   where to (.cache/release)
  --from <folder>     where the layers are (layer)
  --readme            also writes the download links into the documents
  --help              this`;
const ROOT = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");

async function main(): Promise<void> {
  const args = taskArguments(Deno.args);
  if (asksForHelp(args)) return print(USAGE);
  const { values } = parseArgs({
    args,
    options: { folder: { type: "string" }, from: { type: "string" }, readme: { type: "boolean" } },
  });
  const from = values.from === undefined ? `${ROOT}/layer` : fromCaller(values.from);
  const to = values.folder === undefined ? `${ROOT}/.cache/release` : fromCaller(values.folder);
  const names = await gatherRelease({ from, to, root: ROOT, extensionVersion: VERSION });
  print(to);
  for (const name of names) {
    print(`  ${((await Deno.stat(`${to}/${name}`)).size / 1e6).toFixed(2)} MB  ${name}`);
  }
  print(`Put them under ${DOWNLOAD_BASE_URL}`);
  if (values.readme !== true) return;
  const text = await Deno.readTextFile(`${to}/${LIST_NAME}`).catch(() => `{"layers":[]}`);
  for (const path of DOWNLOAD_DOCUMENTS.keys()) {
    const document = await Deno.readTextFile(`${ROOT}/${path}`);
    await Deno.writeTextFile(`${ROOT}/${path}`, withDownloads(path, document, parseList(text), VERSION));
    print(`${path} written: deno fmt ${path}`);
  }
}

function print(line: string): void {
  // deno-lint-ignore no-console
  console.log(line);
}

try {
  await main();
} catch (error) {
  print(messageOf(error));
  Deno.exit(1);
}
