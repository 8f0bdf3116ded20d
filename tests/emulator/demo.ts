/** `deno task demo`: builds the extension if needed and shows a function with it. */
import { parseArgs } from "node:util";
import { buildBinary } from "../../build.ts";
import { taskArguments } from "../../layer/build/task_arguments.ts";
import { inProcessExtension } from "../support/extension.ts";
import { exitOnSignal } from "./exit_on_signal.ts";
import { DEMO_FUNCTION, DEMO_MEMORY_MB, runDemo } from "./demo_script.ts";
import type { ExtensionSource } from "./options.ts";
import { type PageArguments, parsePageArguments } from "./page/arguments.ts";
import { showRun } from "./page/show_run.ts";

const USAGE =
  `The extension beside a function that sends by every protocol, through a cold start, an outage of Dataway, an
error, a freeze, a time-out and a shutdown. Exit code 1 if anything expected did not arrive, 2 for a wrong option.

  deno task demo
  deno task demo -- --page

  --all                   every invocation, upload and point in tables, too
  --page, --page=<port>   the same run on a page at http://127.0.0.1:9080/, until Ctrl-C
  --page=quiet            the same, and the extension is never asked for its ledger
  --open                  open the page in the browser
  --report <file.html>    keep the run as one file
  --checks                run the sixteen conformance checks afterwards and show them
  --help                  this`;

if (import.meta.main) {
  exitOnSignal();
  Deno.exit(await main());
}

async function main(): Promise<number> {
  const asked = readArguments();
  if (typeof asked === "number") return asked;
  const extension = await findExtension(Deno.build.os === "linux");
  const timeoutMs = 2000;
  await using shown = await showRun({
    asked: asked.page,
    extension,
    functionName: DEMO_FUNCTION,
    runtime: `deno ${Deno.version.deno}`,
    memoryMb: DEMO_MEMORY_MB,
    timeoutMs,
    sample: JSON.stringify({
      name: "by hand",
      logs: ["order received"],
      sleepMs: 40,
      response: { ok: true },
    }),
    print,
  });
  const { showsAll } = asked;
  const missing = await runDemo({
    extension,
    function: "process",
    freezeMs: 1500,
    timeoutMs,
    print,
    showsAll,
    shown,
  });
  return missing.length === 0 ? 0 : 1;
}

/** What was asked for, or the exit code after help or a word on what is wrong. */
function readArguments(): { readonly page: PageArguments; readonly showsAll: boolean } | number {
  try {
    const page = parsePageArguments(taskArguments(Deno.args));
    const { values } = parseArgs({
      args: [...page.rest],
      options: {
        all: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (!values.help) return { page, showsAll: values.all };
    print(USAGE);
    return 0;
  } catch (error) {
    print(`${error instanceof Error ? error.message : String(error)}\nSee deno task demo -- --help`);
    return 2;
  }
}

/** The compiled extension is a Linux program; elsewhere the same code runs in this process. */
async function findExtension(onLinux: boolean): Promise<ExtensionSource> {
  if (!onLinux) {
    print(`The extension runs uncompiled, since its executable is for Linux and this is ${Deno.build.os}.`);
    return inProcessExtension();
  }
  const path = await buildBinary({ arch: Deno.build.arch === "aarch64" ? "arm64" : "amd64", log: print });
  print(`The extension is ${path}`);
  return path;
}

function print(line: string): void {
  // deno-lint-ignore no-console
  console.log(line);
}
