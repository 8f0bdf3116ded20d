/**
 * `deno task demo`: builds the extension if needed and watches it live through a cold start, invocations, an
 * error, a freeze, a timeout and a spindown. Ends with exit code 1 if anything expected did not arrive.
 * With `--page` the same run is on a page, too, see `page/arguments.ts`.
 */
import { buildBinary } from "../../build.ts";
import { inProcessExtension } from "../support/extension.ts";
import { exitOnSignal } from "./exit_on_signal.ts";
import { DEMO_FUNCTION, DEMO_MEMORY_MB, runDemo } from "./demo_script.ts";
import type { ExtensionSource } from "./options.ts";
import { type PageArguments, parsePageArguments } from "./page/arguments.ts";
import { showRun } from "./page/show_run.ts";

if (import.meta.main) {
  exitOnSignal();
  Deno.exit(await main());
}

async function main(): Promise<number> {
  const asked = readArguments();
  if (asked === undefined) return 2;
  const extension = await findExtension(Deno.build.os === "linux");
  const timeoutMs = 2000;
  await using shown = await showRun({
    asked,
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
  const missing = await runDemo({ extension, function: "process", freezeMs: 1500, timeoutMs, print, shown });
  return missing.length === 0 ? 0 : 1;
}

/** `undefined` after saying what is wrong with them. */
function readArguments(): PageArguments | undefined {
  try {
    const asked = parsePageArguments(Deno.args.filter((argument) => argument !== "--"));
    if (asked.rest.length === 0) return asked;
    print(
      `Cannot run the demo with ${
        asked.rest.join(" ")
      }: --page, --open, --report <file> and --checks are known`,
    );
  } catch (error) {
    print(error instanceof Error ? error.message : String(error));
  }
  return undefined;
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
