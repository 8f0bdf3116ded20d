/** The demo's life, and what has to have arrived when it is over. */
import { DOCUMENTED_FIELDS } from "../support/documented.ts";
import { createControls } from "./controls.ts";
import { type DatawayDouble, startDataway } from "./dataway.ts";
import { startLambda } from "./lambda.ts";
import type { Lambda } from "./lambda.ts";
import type { ExtensionSource } from "./options.ts";
import { commonTags, fieldTable, logTable, pointTable, uploadTable, withoutTags } from "./point_tables.ts";
import type { ShownRun } from "./page/show_run.ts";
import { play, type Played, type Step } from "./play.ts";
import { invocationTable, memoryTable, timeTable } from "./summary.ts";

export interface DemoOptions {
  readonly extension: ExtensionSource;
  /** `process` needs nothing but this Deno; `scripted` is for tests. */
  readonly function: "process" | "scripted";
  readonly freezeMs: number;
  readonly timeoutMs: number;
  readonly print: (line: string) => void;
  /** Shows the same run on a page, which stays when it is over. */
  readonly shown?: ShownRun;
}

export const DEMO_MEMORY_MB = 512;
export const DEMO_FUNCTION = "checkout";
const INVOCATIONS = 10;
/** Largest part of the shutdown budget an extension should need, in ms. */
const MAX_SHUTDOWN_MS = 1400;

/** Lives the demo, prints everything, and returns what is missing, one sentence each. */
export async function runDemo(options: DemoOptions): Promise<readonly string[]> {
  const { print, shown } = options;
  const recorder = shown?.page?.recorder;
  await using dataway = await startDataway(recorder === undefined ? {} : { onUpload: recorder.onUpload });
  await using lambda = await startLambda({
    extension: options.extension,
    function: options.function,
    functionName: DEMO_FUNCTION,
    memorySizeMb: DEMO_MEMORY_MB,
    timeoutMs: options.timeoutMs,
    logFormat: "JSON",
    env: {
      ENV_DATAWAY: dataway.url,
      ENV_HTTP_LISTEN: "127.0.0.1:0",
      ENV_DEFAULT_ENABLED_INPUTS: "awslambda",
      ...shown?.env,
    },
    ...(recorder === undefined ? {} : { onEvent: recorder.onEvent, beforeFreeze: recorder.beforeFreeze }),
    onLog: ({ source, line }) => source === "extension" && print(`extension says   ${line}`),
  });
  const controls = createControls({ lambda, dataway, onChange: (armed) => recorder?.onArmed(armed) });
  shown?.control(lambda, controls);
  const startedAt = performance.now();
  const clock = (line: string): void =>
    print(`${((performance.now() - startedAt) / 1000).toFixed(2).padStart(6)} s  ${line}`);
  const played = await play(lambda, demoSteps(options.freezeMs), clock);
  printTables(lambda, dataway, played, print);
  const missing = findMissing(lambda, dataway, played);
  printVerdict(missing, print);
  await shown?.stay();
  return missing;
}

function printVerdict(missing: readonly string[], print: (line: string) => void): void {
  if (missing.length === 0) return print("Everything expected arrived, once and in order.");
  print("MISSING OR WRONG");
  for (const sentence of missing) print(`- ${sentence}`);
}

/** Cold start, ten invocations, a handled error, a freeze, a timeout with its reset, spindown. */
export function demoSteps(freezeMs: number): readonly Step[] {
  const orders = Array.from({ length: INVOCATIONS }, (_, i): Step => ({
    kind: "invoke",
    name: `order ${i + 1}`,
    script: {
      logs: [
        `order ${i + 1} received: 订单 "${i + 1}"`,
        { level: "INFO", requestId: "{requestId}", message: `order ${i + 1} priced`, cents: 995 },
      ],
      sleepMs: 4 * (i + 1),
      response: { order: i + 1, total: 9.95 },
    },
  }));
  return [
    { kind: "init" },
    ...orders,
    {
      kind: "invoke",
      name: "handled error",
      script: { outcome: "error", errorType: "CardDeclined", errorMessage: "insufficient funds" },
    },
    { kind: "freeze", ms: freezeMs },
    {
      kind: "invoke",
      name: "after the freeze",
      script: { logs: ["order 11 received"], response: { order: 11 } },
    },
    {
      kind: "invoke",
      name: "timeout",
      script: { logs: ["order 12 waits for stock"], outcome: "hang" },
    },
    {
      kind: "invoke",
      name: "after the reset",
      script: { logs: ["order 13 received"], response: { order: 13 } },
    },
    { kind: "shutdown" },
  ];
}

function printTables(
  lambda: Lambda,
  dataway: DatawayDouble,
  played: Played,
  print: (line: string) => void,
): void {
  const metrics = dataway.points("metric", "awslambda-metric");
  const logs = dataway.points("logging", "awslambda-logging");
  const own = dataway.points().filter((point) => !metrics.includes(point) && !logs.includes(point));
  const shared = commonTags(dataway.points());
  const tags = [...shared].map(([key, value]) => `${key}=${value}`);
  const sections: readonly (readonly [title: string, body: string])[] = [
    ["What was invoked", invocationTable(played.invocations)],
    ["Uploads that reached Dataway", uploadTable(dataway)],
    ["Tags on every point", tags.join("\n")],
    ["Metrics that arrived, by field and invocation", fieldTable(metrics, played.invocations)],
    ["Logs that arrived", logTable(logs)],
    ...own.length === 0
      ? []
      : [["The extension's own figures", pointTable(withoutTags(own, shared))] as const],
    ["Where time went", timeTable(lambda, played.invocations)],
    ...played.memory.size === 0 ? [] : [["Where memory went", memoryTable(played.memory)] as const],
  ];
  for (const [title, body] of sections) print(`\n${title}\n${body}`);
  print("");
}

/** Everything that was expected and is not there, in words. */
function findMissing(lambda: Lambda, dataway: DatawayDouble, played: Played): readonly string[] {
  const missing: string[] = [];
  const expect = (what: string, expected: unknown, got: unknown): void => {
    const [wanted, found] = [JSON.stringify(expected), JSON.stringify(got)];
    if (wanted !== found) missing.push(`${what}: expected ${wanted}, got ${found}`);
  };
  const metrics = dataway.points("metric", "awslambda-metric");
  const values = (field: string): readonly number[] =>
    metrics.flatMap(({ fields }) => fields.has(field) ? Number(fields.get(field)) : []);
  const sum = (field: string): number => values(field).reduce((total, value) => total + value, 0);
  for (const field of DOCUMENTED_FIELDS) {
    if (values(field).length === 0) missing.push(`field ${field} of awslambda-metric never arrived`);
  }
  const count = played.invocations.length;
  expect("sum of invocations", count, sum("invocations"));
  // The handled error, which only its log line tells, and the timeout.
  expect("sum of errors", 2, sum("errors"));
  expect("sum of timeouts", 1, sum("timeouts"));
  expect("sum of out_of_memory", 0, sum("out_of_memory"));
  expect("points with duration_ms", count, values("duration_ms").length);
  expect("values of memory_size_mb", [DEMO_MEMORY_MB], [...new Set(values("memory_size_mb"))]);
  const messages = dataway.points("logging", "awslambda-logging")
    .map(({ fields }) => String(fields.get("message")));
  expect(
    "log lines in order",
    expectedMessages(),
    messages.filter((message) => message.startsWith("order ")),
  );
  expect(
    "log lines of the handled error",
    1,
    messages.filter((text) => text.includes("CardDeclined")).length,
  );
  expect("exit codes", played.endings.map(() => 0), played.endings.map(({ exitCode }) => exitCode));
  const slow = played.endings.filter(({ afterEventMs }) => afterEventMs > MAX_SHUTDOWN_MS).length;
  expect(`ends later than ${MAX_SHUTDOWN_MS} ms after SHUTDOWN`, 0, slow);
  expect("rules of Lambda broken", [], lambda.violations);
  expect("rules of Dataway broken", [], dataway.violations);
  return missing;
}

function expectedMessages(): readonly string[] {
  const messages: string[] = [];
  for (let i = 1; i <= INVOCATIONS; i++) {
    messages.push(`order ${i} received: 订单 "${i}"`, `order ${i} priced`);
  }
  return [...messages, "order 11 received", "order 12 waits for stock", "order 13 received"];
}
