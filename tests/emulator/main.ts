/**
 * `deno task emulate -- --extension <file>`: lives a standard life with any extension and tells what happened.
 *
 *   --extension <file>   the executable, as it would lie under /opt/extensions (required)
 *   --env NAME=VALUE     a variable of the function; may be repeated
 *   --invocations <n>    ordinary invocations before the faults (10)
 *   --memory <MB>        configured memory (512)
 *   --timeout <ms>       the function's timeout (1000)
 *   --freeze <ms>        how long the sandbox is stopped (1500)
 *   --managed            managed instances: no freeze, no INVOKE
 *
 * What is sent to Dataway (ENV_DATAWAY, unless given) is taken and shown. Exit code 1 if a rule was broken.
 */
import { parseArgs } from "node:util";
import { startDataway } from "./dataway.ts";
import { exitOnSignal } from "./exit_on_signal.ts";
import { startLambda } from "./lambda.ts";
import type { LambdaOptions } from "./options.ts";
import { commonTags, pointTable, uploadTable, withoutTags } from "./point_tables.ts";
import { play, type Step } from "./play.ts";
import { callTable, deliveryTable, invocationTable, memoryTable, timeTable } from "./summary.ts";

/** What is lived. */
export interface EmulateOptions {
  readonly lambda: LambdaOptions;
  readonly invocations: number;
  readonly freezeMs: number;
  readonly print: (line: string) => void;
}

if (import.meta.main) {
  exitOnSignal();
  Deno.exit(await main(Deno.args));
}

/** Lives the standard life; true when no rule of the platform was broken. */
export async function emulate(
  { lambda: options, invocations, freezeMs, print }: EmulateOptions,
): Promise<boolean> {
  await using dataway = await startDataway();
  await using lambda = await startLambda({
    function: "process",
    onLog: ({ source, line }) => print(`${source.padEnd(10)} ${line}`),
    ...options,
    env: { ENV_DATAWAY: dataway.url, ENV_HTTP_LISTEN: "127.0.0.1:0", ...options.env },
  });
  const played = await play(lambda, standardSteps(invocations, freezeMs), (line) => print(`> ${line}`));
  const points = withoutTags(dataway.points(), commonTags(dataway.points()));
  const sections: readonly (readonly [title: string, body: string])[] = [
    ["Invocations", invocationTable(played.invocations)],
    ["API calls", callTable(lambda)],
    ["Telemetry", deliveryTable(lambda)],
    ...dataway.requests.length === 0 ? [] : [
      ["Uploads to Dataway", uploadTable(dataway)] as const,
      ["Points", pointTable(points)] as const,
    ],
    ["Time", timeTable(lambda, played.invocations)],
    ...played.memory.size === 0 ? [] : [["Memory", memoryTable(played.memory)] as const],
    ["Rules broken", lambda.violations.length === 0 ? "none" : lambda.violations.join("\n")],
  ];
  for (const [title, body] of sections) print(`\n${title}\n${body}`);
  return lambda.violations.length === 0;
}

/** Ordinary invocations, a handled error, a freeze, a crash and a timeout with what follows each, spindown. */
function standardSteps(invocations: number, freezeMs: number): readonly Step[] {
  const ordinary = Array.from({ length: invocations }, (_, i): Step => ({
    kind: "invoke",
    name: `ordinary ${i + 1}`,
    script: { logs: [`text ${i + 1}`, { level: "INFO", message: `json ${i + 1}` }], sleepMs: 20 },
  }));
  const invoke = (name: string, script: Extract<Step, { kind: "invoke" }>["script"]): Step => ({
    kind: "invoke",
    name,
    script,
  });
  return [
    { kind: "init" },
    ...ordinary,
    invoke("handled error", { outcome: "error", errorType: "TypeError", errorMessage: "scripted" }),
    { kind: "freeze", ms: freezeMs },
    invoke("after the freeze", {}),
    invoke("crash", { logs: ["last words"], outcome: "crash" }),
    invoke("after the crash", {}),
    invoke("timeout", { outcome: "hang" }),
    invoke("after the timeout", {}),
    { kind: "shutdown" },
  ];
}

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: args.filter((arg) => arg !== "--"),
    options: {
      extension: { type: "string" },
      env: { type: "string", multiple: true, default: [] },
      invocations: { type: "string", default: "10" },
      memory: { type: "string", default: "512" },
      timeout: { type: "string", default: "1000" },
      freeze: { type: "string", default: "1500" },
      managed: { type: "boolean", default: false },
    },
  });
  if (values.extension === undefined) {
    print("Cannot emulate as there is no extension: use --extension <file>");
    return 2;
  }
  const managed = values.managed
    ? { initializationType: "lambda-managed-instances", logFormat: "JSON" } as const
    : {};
  const clean = await emulate({
    lambda: {
      extension: await Deno.realPath(values.extension),
      memorySizeMb: Number(values.memory),
      timeoutMs: Number(values.timeout),
      env: Object.fromEntries(values.env.map(splitPair)),
      ...managed,
    },
    invocations: Number(values.invocations),
    freezeMs: Number(values.freeze),
    print,
  });
  return clean ? 0 : 1;
}

function splitPair(pair: string): readonly [string, string] {
  const [name = "", ...value] = pair.split("=");
  return [name, value.join("=")];
}

function print(line: string): void {
  // deno-lint-ignore no-console
  console.log(line);
}
