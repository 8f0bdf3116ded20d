/** `deno task local`: one's own function in the emulator. See `arguments.ts` for what can be asked for. */
import { parseEnv } from "node:util";
import { buildBinary } from "../../../build.ts";
import { fromCaller, taskArguments } from "../../../layer/build/task_arguments.ts";
import { VERSION } from "../../../src/version.ts";
import { inProcessExtension } from "../../support/extension.ts";
import type { ExtensionSource, FunctionCommand } from "../options.ts";
import { type LocalArguments, parseLocalArguments, splitCommand, USAGE } from "./arguments.ts";
import { withRuntimeClient } from "./runtime_client.ts";
import { runSession } from "./session.ts";

if (import.meta.main) Deno.exit(await main(taskArguments(Deno.args)));

/** Exit codes: 0; 1 where `--exit` was asked for and something failed; 2 for what cannot be started. */
async function main(args: readonly string[]): Promise<number> {
  let asked: LocalArguments | undefined;
  try {
    asked = parseLocalArguments(args);
  } catch (error) {
    print(`${describe(error)}\nSee deno task local -- --help`);
    return 2;
  }
  if (asked === undefined) {
    print(USAGE);
    return 0;
  }
  try {
    return await runLocal(asked);
  } catch (error) {
    print(describe(error));
    return 2;
  }
}

async function runLocal(asked: LocalArguments): Promise<number> {
  const folder = fromCaller(".").replace(/\/\.$/, "");
  const env = { ...await readEnvFiles(asked.envFiles), ...asked.env };
  const events = await Promise.all(asked.events.map(readEvent));
  const { failedInvocations, violations } = await runSession({
    asked,
    folder,
    env,
    events,
    command: await toCommand(asked, folder),
    handler: asked.handler ?? (asked.usesRuntimeClient ? asked.function : "index.handler"),
    extensions: await findExtensions(asked.extensions),
    extensionVersion: asked.extensions.length === 0 ? VERSION : "",
    print,
    colours: Deno.stdout.isTerminal() && !Deno.noColor,
    ending: endOnSignal(),
  });
  return asked.exits && (failedInvocations > 0 || violations.length > 0) ? 1 : 0;
}

async function toCommand(asked: LocalArguments, folder: string): Promise<FunctionCommand> {
  const command = asked.usesRuntimeClient
    ? await withRuntimeClient({ handler: asked.function, folder, print })
    : toProgram(splitCommand(asked.function));
  // What this machine has elsewhere than Lambda.
  const machine = { PATH: Deno.env.get("PATH") ?? "", HOME: Deno.env.get("HOME") ?? "/tmp" };
  return { ...command, cwd: folder, env: { LAMBDA_TASK_ROOT: folder, ...machine, ...command.env } };
}

function toProgram([program = "", ...args]: readonly string[]): FunctionCommand {
  return { program, args };
}

/** Ours, compiled where that can be run. */
async function findExtensions(files: readonly string[]): Promise<readonly ExtensionSource[]> {
  if (files.length > 0) return await Promise.all(files.map((file) => Deno.realPath(fromCaller(file))));
  if (Deno.build.os !== "linux") return [inProcessExtension()];
  return [await buildBinary({ arch: Deno.build.arch === "aarch64" ? "arm64" : "amd64", log: print })];
}

async function readEnvFiles(files: readonly string[]): Promise<Record<string, string>> {
  const env: Record<string, string> = {};
  for (const file of files) {
    for (const [name, value] of Object.entries(parseEnv(await Deno.readTextFile(fromCaller(file))))) {
      if (value !== undefined) env[name] = value;
    }
  }
  return env;
}

async function readEvent(file: string): Promise<string> {
  const text = await Deno.readTextFile(fromCaller(file));
  try {
    return JSON.stringify(JSON.parse(text));
  } catch (error) {
    throw new Error(`Cannot use the event ${file} as it is no JSON: ${describe(error)}`);
  }
}

/** The first signal ends the session in order, the second at once: an exit kills the sandbox's processes. */
function endOnSignal(): AbortSignal {
  const ending = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    if (Deno.build.os === "windows" && signal !== "SIGINT") continue;
    Deno.addSignalListener(signal, () => ending.signal.aborted ? Deno.exit(130) : ending.abort());
  }
  return ending.signal;
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function print(line: string): void {
  // deno-lint-ignore no-console
  console.log(line);
}
