/** The demo: its sandbox, its story on one screen, and all its tables when they are asked for. */
import { createControls } from "./controls.ts";
import { type DatawayDouble, startDataway } from "./dataway.ts";
import { demoChapters, type DemoStage } from "./demo_chapters.ts";
import { countArrivals, findMissing } from "./demo_findings.ts";
import { demoListeners, demoPorts } from "./demo_sends.ts";
import { type Lambda, startLambda } from "./lambda.ts";
import type { ExtensionSource } from "./options.ts";
import type { ShownRun } from "./page/show_run.ts";
import { play, type Played } from "./play.ts";
import { commonTags, fieldTable, logTable, pointTable, uploadTable, withoutTags } from "./point_tables.ts";
import { invocationTable, memoryTable, timeTable } from "./summary.ts";
import { formatTable } from "./tables.ts";

export interface DemoOptions {
  readonly extension: ExtensionSource;
  /** `process` needs nothing but this Deno; `scripted` is for tests. */
  readonly function: "process" | "scripted";
  readonly freezeMs: number;
  readonly timeoutMs: number;
  readonly print: (line: string) => void;
  /** Each invocation, upload and point in wide tables. @default the story only */
  readonly showsAll?: boolean;
  /** Shows the same run on a page, which stays when it is over. */
  readonly shown?: ShownRun;
}

export const DEMO_MEMORY_MB = 512;
export const DEMO_FUNCTION = "checkout";
const TITLE_WIDTH = 14;

/** Runs the demo, prints it, and returns what is missing, one sentence each. */
export async function runDemo(options: DemoOptions): Promise<readonly string[]> {
  const { print, shown, showsAll = false } = options;
  const recorder = shown?.page?.recorder;
  const ports = demoPorts();
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
      ...demoListeners(ports),
      ...shown?.env,
    },
    ...(recorder === undefined ? {} : { onEvent: recorder.onEvent, beforeFreeze: recorder.beforeFreeze }),
    onLog: ({ source, line }) =>
      source === "extension" && print(`extension says   ${showsAll ? line : messageOf(line)}`),
  });
  const controls = createControls({ lambda, dataway, onChange: (armed) => recorder?.onArmed(armed) });
  shown?.control(lambda, controls);
  const played = await playChapters(
    { lambda, dataway, controls, ports, freezeMs: options.freezeMs },
    options,
  );
  if (showsAll) printTables(lambda, dataway, played, print);
  printArrivals(dataway, played, print);
  const missing = findMissing(lambda, dataway, played, DEMO_MEMORY_MB);
  printVerdict(missing, showsAll, print);
  await shown?.stay();
  return missing;
}

/** Of a line of JSON; any other line as it is. */
function messageOf(line: string): string {
  try {
    const { message } = JSON.parse(line);
    return typeof message === "string" ? message : line;
  } catch {
    return line;
  }
}

/** Chapter by chapter, each told in a line when it is over. */
async function playChapters(stage: DemoStage, { print, showsAll = false }: DemoOptions): Promise<Played> {
  const startedAt = performance.now();
  const clock = (line: string): void =>
    print(`${((performance.now() - startedAt) / 1000).toFixed(2).padStart(6)} s  ${line}`);
  const parts: Played[] = [];
  for (const { title, before, steps, tell } of demoChapters(stage)) {
    await before?.();
    const part = await play(stage.lambda, steps, showsAll ? clock : () => {});
    parts.push(part);
    clock(`${title.padEnd(TITLE_WIDTH)} ${tell(part)}`);
  }
  return {
    invocations: parts.flatMap(({ invocations }) => invocations),
    endings: parts.flatMap(({ endings }) => endings),
    memory: parts.at(-1)?.memory ?? new Map(),
  };
}

function printArrivals(dataway: DatawayDouble, played: Played, print: (line: string) => void): void {
  const right = { align: "right" } as const;
  const rows = countArrivals(dataway, played).map(({ what, sent, arrived }) => [
    what,
    sent,
    arrived,
    sent === arrived ? "all" : "NOT ALL",
  ]);
  const columns = [{ title: "what" }, { title: "sent", ...right }, { title: "arrived", ...right }, {
    title: "",
  }];
  print(`\n${formatTable(columns, rows)}\n`);
}

function printVerdict(missing: readonly string[], showsAll: boolean, print: (line: string) => void): void {
  if (missing.length === 0) {
    const more = showsAll ? "" : " With --all: every table; with --page: the same run on a page.";
    return print(`Everything expected arrived, once and in order.${more}`);
  }
  print("MISSING OR WRONG");
  for (const sentence of missing) print(`- ${sentence}`);
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
