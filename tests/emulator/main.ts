/**
 * `deno task emulate -- --extension <file>`: lives a standard life with any extension, tells what happened, and
 * checks what every extension should keep to (`spec/lambda.md` 6.10) as a table.
 *
 *   --extension <file>      the executable, as it would lie under /opt/extensions (required)
 *   --env NAME=VALUE        a variable of the function; may be repeated. `{backend}` in the value stands for the
 *                           URL that data is to be sent to, e.g. --env DD_DD_URL={backend}
 *   --checks <list>         `all`, `none`, or numbers as in 1,4,9 (all)
 *   --no-life               checks only
 *   --flush-timeout <ms>    longest hold of an invocation that is in order when the back end hangs (1000)
 *   --invocations <n>       ordinary invocations before the faults (10)
 *   --memory <MB>           configured memory (512)
 *   --timeout <ms>          the function's timeout in the standard life (1000)
 *   --freeze <ms>           how long the sandbox is stopped (1500); 600000 shows timeouts of ten minutes too
 *   --managed               a standard life on managed instances: no freeze, no INVOKE
 *
 * What is sent to Dataway (ENV_DATAWAY, unless given) is taken and shown. Exit code 1 if a rule was broken or a
 * check failed, 2 if the command line is wrong.
 */
import { parseArgs } from "node:util";
import { taskArguments } from "../../layer/build/task_arguments.ts";
import type { CheckOptions } from "./checks/check.ts";
import { CHECKS, checkTable, runChecks } from "./checks/mod.ts";
import { startDataway, TEST_TOKEN } from "./dataway.ts";
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
    env: {
      ENV_DATAWAY: dataway.url,
      ENV_HTTP_LISTEN: "127.0.0.1:0",
      ...withBackEnd(options.env ?? {}, new URL(dataway.url).origin),
    },
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

/** Runs the checks with these numbers and prints the table; true when none failed. */
export async function check(
  options: CheckOptions,
  numbers: ReadonlySet<number>,
  print: (line: string) => void,
): Promise<boolean> {
  const reports = await runChecks(options, numbers);
  print(`\nConformance checks\n${checkTable(reports)}`);
  const failed = reports.filter(({ outcome }) => outcome === "fail").length;
  const passed = reports.filter(({ outcome }) => outcome === "pass").length;
  print(`\n${passed} passed, ${failed} failed, ${reports.length - passed - failed} not applicable`);
  return failed === 0;
}

async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: taskArguments(args),
    options: {
      extension: { type: "string" },
      env: { type: "string", multiple: true, default: [] },
      checks: { type: "string", default: "all" },
      "no-life": { type: "boolean", default: false },
      "flush-timeout": { type: "string", default: "1000" },
      invocations: { type: "string", default: "10" },
      memory: { type: "string", default: "512" },
      timeout: { type: "string", default: "1000" },
      freeze: { type: "string", default: "1500" },
      managed: { type: "boolean", default: false },
    },
  });
  const numbers = parseNumbers(values.checks);
  if (values.extension === undefined || numbers === undefined) {
    print(
      values.extension === undefined
        ? "Cannot emulate as there is no extension: use --extension <file>"
        : `Cannot emulate as --checks must be all, none or numbers: current value is ${values.checks}`,
    );
    return 2;
  }
  const extension = await Deno.realPath(values.extension);
  const env = Object.fromEntries(values.env.map(splitPair));
  const managed = values.managed
    ? { initializationType: "lambda-managed-instances", logFormat: "JSON" } as const
    : {};
  const freezeMs = Number(values.freeze);
  const memorySizeMb = Number(values.memory);
  const clean = values["no-life"] || await emulate({
    lambda: { extension, memorySizeMb, timeoutMs: Number(values.timeout), env, ...managed },
    invocations: Number(values.invocations),
    freezeMs,
    print,
  });
  const flushTimeoutMs = Number(values["flush-timeout"]);
  const kept = numbers.size === 0 ||
    await check(
      {
        extension,
        env: { ENV_DATAWAY: `{backend}?token=${TEST_TOKEN}`, ENV_HTTP_LISTEN: "127.0.0.1:0", ...env },
        freezeMs,
        flushTimeoutMs,
        sideBySide: false,
        quick: false,
      },
      numbers,
      print,
    );
  return clean && kept ? 0 : 1;
}

/** The numbers of a list; `undefined` when it is none. */
function parseNumbers(list: string): ReadonlySet<number> | undefined {
  if (list === "none") return new Set();
  const known = CHECKS.map(({ number }) => number);
  if (list === "all") return new Set(known);
  const numbers = list.split(",").map(Number);
  return numbers.every((number) => known.includes(number)) ? new Set(numbers) : undefined;
}

function withBackEnd(
  env: Readonly<Record<string, string>>,
  url: string,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).map(([name, value]) => [name, value.replaceAll("{backend}", url)]),
  );
}

function splitPair(pair: string): readonly [string, string] {
  const [name = "", ...value] = pair.split("=");
  return [name, value.join("=")];
}

function print(line: string): void {
  // deno-lint-ignore no-console
  console.log(line);
}
