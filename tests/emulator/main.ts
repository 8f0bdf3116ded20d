/** `deno task emulate`: any extension through a standard life and the conformance checks. See {@link USAGE}. */
import { parseArgs } from "node:util";
import { fromCaller, taskArguments } from "../../layer/build/task_arguments.ts";
import type { Check, CheckOptions } from "./checks/check.ts";
import { type CheckReport, CHECKS, checkTable, runChecks, type RunOptions } from "./checks/mod.ts";
import { TEST_TOKEN } from "./dataway.ts";
import { emulate, type LifeReport } from "./emulate.ts";
import { exitOnSignal } from "./exit_on_signal.ts";
import { nowMs } from "./waiters.ts";

export const USAGE =
  `Any Lambda extension through a standard life, and against the sixteen rules that every one should keep.

  deno task emulate -- --extension ./my-extension --env MY_ENDPOINT={backend}
  deno task emulate -- --extension ./my-extension --json --no-life > report.json

  --extension <file>      the executable, as it would lie under /opt/extensions (required)
  --env NAME=VALUE        a variable of the function; may be repeated. {backend} in the value stands for the URL
                          that data is to be sent to, which takes any path, e.g. --env DD_DD_URL={backend}
  --checks <list>         all, none, or numbers as in 1,4,9 (all)
  --no-life               checks only
  --limit <s>             the whole run ends by then, however the extension hangs (180)
  --json                  one JSON document on standard output; what happens meanwhile goes to standard error
  --flush-timeout <ms>    longest hold of an invocation that is in order when the back end hangs (1000)
  --invocations <n>       ordinary invocations before the faults (10)
  --memory <MB>           configured memory (512)
  --timeout <ms>          the function's timeout in the standard life (1000)
  --freeze <ms>           how long the sandbox is stopped (1500); 600000 shows timeouts of ten minutes too
  --managed               a standard life on managed instances: no freeze, no INVOKE
  --help                  this

Exit code 0; 1 if a rule was broken or a check failed; 2 if the command line is wrong.
More: tests/emulator/README.md`;

/** All that a run came to, as `--json` prints it. */
export interface EmulateReport {
  readonly extension: string;
  readonly seconds: number;
  readonly life?: LifeReport;
  readonly checks: readonly CheckReport[];
  readonly passed: number;
  readonly failed: number;
  readonly notApplicable: number;
  readonly notJudged: number;
}

/** Of the whole time, the life may take so much. */
const LIFE_SHARE = 0.3;

if (import.meta.main) {
  exitOnSignal();
  Deno.exit(await main(taskArguments(Deno.args)));
}

/** Runs the checks with these numbers and prints the table; true when none failed. */
export async function check(
  options: CheckOptions,
  numbers: ReadonlySet<number>,
  print: (line: string) => void,
  run: RunOptions = {},
): Promise<boolean> {
  const reports = await runChecks(options, numbers, {
    onProgress: createProgress(numbers.size, print),
    ...run,
  });
  print(`\nConformance checks\n${checkTable(reports)}`);
  print(`\n${describeCounts(countOutcomes(reports))}`);
  return reports.every(({ outcome }) => outcome !== "fail");
}

/** A line for each check when it is over, and before it where that may take a while. */
function createProgress(count: number, print: (line: string) => void): NonNullable<RunOptions["onProgress"]> {
  const startedAt = nowMs();
  let over = 0;
  return ({ number, title }: Check, report) => {
    const clock = `${((nowMs() - startedAt) / 1000).toFixed(1).padStart(6)} s`;
    if (report === undefined) return print(`${clock}  check ${number} begins: ${title}`);
    print(`${clock}  check ${number} ${report.outcome} (${++over} of ${count}): ${report.measured}`);
  };
}

type Counts = Pick<EmulateReport, "passed" | "failed" | "notApplicable" | "notJudged">;

function countOutcomes(reports: readonly CheckReport[]): Counts {
  const count = (wanted: CheckReport["outcome"]): number =>
    reports.filter(({ outcome }) => outcome === wanted).length;
  return {
    passed: count("pass"),
    failed: count("fail"),
    notApplicable: count("not applicable"),
    notJudged: count("not judged"),
  };
}

function describeCounts({ passed, failed, notApplicable, notJudged }: Counts): string {
  return `${passed} passed, ${failed} failed, ${notApplicable} not applicable, ${notJudged} not judged`;
}

interface Asked {
  readonly extension: string;
  readonly env: Readonly<Record<string, string>>;
  readonly numbers: ReadonlySet<number>;
  readonly hasLife: boolean;
  readonly limitMs: number;
  readonly isJson: boolean;
  readonly flushTimeoutMs: number;
  readonly invocations: number;
  readonly memoryMb: number;
  readonly timeoutMs: number;
  readonly freezeMs: number;
  readonly isManaged: boolean;
}

async function main(args: readonly string[]): Promise<number> {
  let asked: Asked | undefined;
  try {
    asked = await readArguments(args);
  } catch (error) {
    writeLine(`${error instanceof Error ? error.message : String(error)}\nSee deno task emulate -- --help`);
    return 2;
  }
  if (asked === undefined) {
    writeLine(USAGE);
    return 0;
  }
  const report = await run(asked, asked.isJson ? writeError : writeLine);
  if (asked.isJson) writeLine(JSON.stringify(report, undefined, 2));
  return report.failed === 0 && (report.life?.violations ?? []).length === 0 ? 0 : 1;
}

/** The life, then the checks, within the time for both. */
async function run(asked: Asked, print: (line: string) => void): Promise<EmulateReport> {
  const { extension, env, limitMs, freezeMs, memoryMb, timeoutMs, invocations, numbers } = asked;
  const startedAt = nowMs();
  const managed = asked.isManaged
    ? { initializationType: "lambda-managed-instances", logFormat: "JSON" } as const
    : {};
  const life = asked.hasLife
    ? await emulate({
      lambda: { extension, memorySizeMb: memoryMb, timeoutMs, env, ...managed },
      invocations,
      freezeMs,
      limitMs: limitMs * LIFE_SHARE,
      print,
    })
    : undefined;
  const options: CheckOptions = {
    extension,
    env: { ENV_DATAWAY: `{backend}?token=${TEST_TOKEN}`, ENV_HTTP_LISTEN: "127.0.0.1:0", ...env },
    freezeMs,
    flushTimeoutMs: asked.flushTimeoutMs,
    sideBySide: false,
    quick: false,
  };
  let checks: readonly CheckReport[] = [];
  if (numbers.size > 0) {
    print("");
    checks = await runChecks(options, numbers, {
      limitMs: limitMs - (nowMs() - startedAt),
      onProgress: createProgress(numbers.size, print),
    });
    print(`\nConformance checks\n${checkTable(checks)}\n\n${describeCounts(countOutcomes(checks))}`);
  }
  return {
    extension,
    seconds: Math.round((nowMs() - startedAt) / 100) / 10,
    ...life === undefined ? {} : { life },
    checks,
    ...countOutcomes(checks),
  };
}

/** `undefined` for `--help`; throws with what is wrong in words. */
async function readArguments(args: readonly string[]): Promise<Asked | undefined> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      extension: { type: "string" },
      env: { type: "string", multiple: true, default: [] },
      checks: { type: "string", default: "all" },
      "no-life": { type: "boolean", default: false },
      limit: { type: "string", default: "180" },
      json: { type: "boolean", default: false },
      "flush-timeout": { type: "string", default: "1000" },
      invocations: { type: "string", default: "10" },
      memory: { type: "string", default: "512" },
      timeout: { type: "string", default: "1000" },
      freeze: { type: "string", default: "1500" },
      managed: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return undefined;
  if (values.extension === undefined) {
    throw new RangeError("Cannot emulate as there is no extension: use --extension <file>");
  }
  return {
    extension: await findFile(values.extension),
    env: Object.fromEntries(values.env.map(splitPair)),
    numbers: parseNumbers(values.checks),
    hasLife: !values["no-life"],
    limitMs: parseWhole("limit", values.limit) * 1000,
    isJson: values.json,
    flushTimeoutMs: parseWhole("flush-timeout", values["flush-timeout"]),
    invocations: parseWhole("invocations", values.invocations),
    memoryMb: parseWhole("memory", values.memory),
    timeoutMs: parseWhole("timeout", values.timeout),
    freezeMs: parseWhole("freeze", values.freeze),
    isManaged: values.managed,
  };
}

async function findFile(file: string): Promise<string> {
  try {
    return await Deno.realPath(fromCaller(file));
  } catch {
    throw new RangeError(`Cannot emulate as there is no file ${file}`);
  }
}

function parseNumbers(list: string): ReadonlySet<number> {
  if (list === "none") return new Set();
  const known = CHECKS.map(({ number }) => number);
  if (list === "all") return new Set(known);
  const numbers = list.split(",").map(Number);
  if (numbers.every((number) => known.includes(number))) return new Set(numbers);
  throw new RangeError(`Cannot emulate as --checks must be all, none or numbers: current value is ${list}`);
}

function parseWhole(option: string, text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new RangeError(`Cannot emulate as --${option} must be a whole number: current value is ${text}`);
}

function splitPair(pair: string): readonly [string, string] {
  const [name = "", ...value] = pair.split("=");
  return [name, value.join("=")];
}

function writeLine(line: string): void {
  // deno-lint-ignore no-console
  console.log(line);
}

function writeError(line: string): void {
  // deno-lint-ignore no-console
  console.error(line);
}
