/**
 * `deno task demo`: builds the extension if needed and watches it live through a cold start, invocations, an
 * error, a freeze, a timeout and a spindown. Ends with exit code 1 if anything expected did not arrive.
 */
import { buildBinary } from "../../build.ts";
import { inProcessExtension } from "../support/extension.ts";
import { exitOnSignal } from "./exit_on_signal.ts";
import { runDemo } from "./demo_script.ts";
import type { ExtensionSource } from "./options.ts";

if (import.meta.main) {
  exitOnSignal();
  Deno.exit(await main());
}

async function main(): Promise<number> {
  const onLinux = Deno.build.os === "linux";
  const missing = await runDemo({
    extension: await findExtension(onLinux),
    function: "process",
    freezeMs: 1500,
    timeoutMs: 2000,
    print,
  });
  if (missing.length === 0) {
    print("Everything expected arrived, once and in order.");
    return 0;
  }
  print("MISSING OR WRONG");
  for (const sentence of missing) print(`- ${sentence}`);
  return 1;
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
