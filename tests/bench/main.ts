/** `deno task bench`: figures of the compiled amd64 extension, as a Markdown table. See {@link USAGE}. */
import { parseArgs } from "node:util";
import { buildBinary, buildLayer } from "../../build.ts";
import { taskArguments } from "../../layer/build/task_arguments.ts";
import { addedRows } from "./added_rows.ts";
import { costRows, packetRows, peakRows, steadyRows } from "./ingest_rows.ts";
import { machineFacts } from "./machine.ts";
import { measureBusy, measureInvocations, measureThroughput } from "./measures.ts";
import { sandboxRows } from "./sandbox_rows.ts";
import { startRows } from "./start_rows.ts";
import { median, quantile } from "./statistics.ts";
import { aimOf, type Binaries, type Row } from "./table.ts";

const USAGE = `Figures of the compiled amd64 extension, as a Markdown table.

  deno task bench
  deno task bench -- --only start,invoke --binary before=./datakit

  --only <parts>          of start,invoke,added,load,ingest, which all run without it (added: what trace, usage
                          and cost add to an invocation); steady: 30 s of 10 000 items/s of each protocol, which
                          takes five minutes; sandbox: in control groups with what 128, 512 and 1024 MB buy, as root
  --runs <n>              starts (21)
  --invocations <n>       invocations (1000)
  --batches <n>           telemetry batches (100)
  --seconds <n>           of each ingest load (3)
  --binary <label=path>   another executable side by side; may be repeated
  --help                  this`;

const OPTIONS = {
  runs: { type: "string", default: "21" },
  invocations: { type: "string", default: "1000" },
  batches: { type: "string", default: "100" },
  seconds: { type: "string", default: "3" },
  only: { type: "string", default: "start,invoke,added,load,ingest" },
  binary: { type: "string", multiple: true },
  help: { type: "boolean", short: "h", default: false },
} as const;

const options = readOptions();

/** What was asked for; ends the process after help, or a word on what is wrong. */
function readOptions(): ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>["values"] {
  try {
    const { values } = parseArgs({ args: taskArguments(Deno.args), options: OPTIONS });
    if (!values.help) return values;
  } catch (error) {
    print(`${error instanceof Error ? error.message : String(error)}\nSee deno task bench -- --help`);
    Deno.exit(2);
  }
  print(USAGE);
  Deno.exit(0);
}

/** How long the platform holds telemetry back where an extension asks for it as fast as it can be had. */
const BUFFER_MS = 25;
/** What other collectors publish figures of. */
const STEADY = { rate: 10_000, seconds: 30 } as const;

await main();

async function main(): Promise<void> {
  const binaries = await chooseBinaries();
  const parts = options.only.split(",");
  const rows: Row[] = [];
  if (parts.includes("start")) rows.push(...await startRows(binaries, Number(options.runs), print));
  if (parts.includes("invoke")) rows.push(...await invocationRows(binaries));
  if (parts.includes("added")) {
    rows.push(...await addedRows(binaries, Number(options.invocations)));
    print(`2 x 2 x ${options.invocations} invocations with and without trace, usage and cost`);
  }
  if (parts.includes("load")) rows.push(...await throughputRows(binaries));
  if (parts.includes("ingest")) {
    rows.push(...await costRows(binaries, Number(options.runs)));
    rows.push(...await peakRows(binaries, Number(options.seconds)));
    rows.push(...await packetRows(binaries));
    print(`${options.seconds} s of each protocol at full speed`);
  }
  if (parts.includes("steady")) {
    rows.push(...await steadyRows(binaries, STEADY));
    print(`${STEADY.seconds} s of each protocol at ${STEADY.rate} items/s`);
  }
  if (parts.includes("sandbox")) {
    rows.push(...await sandboxRows(binaries, Number(options.runs), Number(options.invocations), print));
  }
  rows.push(...await sizeRows(binaries));
  print("");
  print(`| figure | aim | ${Array.from(binaries.keys()).join(" | ")} |`);
  print(`|---|---${"|---".repeat(binaries.size)}|`);
  for (const [what, ...figures] of rows) print(`| ${[what, aimOf(what), ...figures].join(" | ")} |`);
  print("");
  print(await machineFacts());
}

async function chooseBinaries(): Promise<Binaries> {
  if (options.binary === undefined) return new Map([["amd64", await buildBinary({ log: print })]]);
  return new Map(options.binary.map((text) => {
    const [label = "", path = label] = text.split("=");
    // The extension starts in a folder of its own.
    return [label, Deno.realPathSync(path)];
  }));
}

async function invocationRows(binaries: Binaries): Promise<Row[]> {
  const count = Number(options.invocations);
  const paths = Array.from(binaries.values());
  const quiet = [];
  const fast = [];
  const ends = [];
  const busy: (readonly number[])[] = [];
  for (const path of paths) {
    busy.push(await measureBusy(path, count, BUFFER_MS));
    quiet.push(await measureInvocations(path, count, "none"));
    fast.push(await measureInvocations(path, count, "fast"));
    ends.push(await measureInvocations(path, count, "fast", { ENV_FLUSH_PLAN: "end" }));
  }
  print(`4 x ${count} invocations each`);
  const hold = (one: { readonly holdMs: readonly number[] }): string =>
    `${median(one.holdMs).toFixed(2)} / ${quantile(one.holdMs, 0.99).toFixed(2)}`;
  return [
    ["runtimeDone to next, nothing to send, ms (median / p99)", ...quiet.map(hold)],
    ["the same, fast Dataway, adaptive plan", ...fast.map(hold)],
    ["the same, fast Dataway, each invocation sends", ...ends.map(hold)],
    [
      `busy, telemetry ${BUFFER_MS} ms late: held, ms (median / p99), share held`,
      ...busy.map((holdMs) => `${hold({ holdMs })}, ${heldShare(holdMs)}`),
    ],
    ["CPU per invocation, ms: nothing to send", ...quiet.map((one) => one.cpuMsPerInvocation.toFixed(2))],
    ["CPU per invocation, ms: each sends", ...ends.map((one) => one.cpuMsPerInvocation.toFixed(2))],
    ["RSS (RssAnon) before them, MB", ...ends.map(({ before }) => memory(before))],
    [`the same after ${Math.floor(count / 2)} that send`, ...ends.map(({ halfway }) => memory(halfway))],
    [`the same after ${count}`, ...ends.map(({ after }) => memory(after))],
    ["highest RSS, MB", ...ends.map(({ after }) => after.peakMb.toFixed(1))],
  ];
}

async function throughputRows(binaries: Binaries): Promise<Row[]> {
  const rows: Row[] = [];
  for (const kind of ["text", "JSON text", "record"] as const) {
    const all = [];
    for (const path of binaries.values()) {
      all.push(await measureThroughput(path, Number(options.batches), kind));
    }
    print(`${options.batches} batches of ${kind} each`);
    rows.push(
      [
        `telemetry through the listener, ${kind}, events/s`,
        ...all.map((one) => one.eventsPerSecond.toFixed(0)),
      ],
      ["the same up to the last point at the Dataway", ...all.map((one) => one.endToEndPerSecond.toFixed(0))],
      ["events sent / lost / repeated", ...all.map(({ sent, arrived }) => lossOf(sent, arrived))],
      ["CPU per 1000 events, ms", ...all.map(({ sent, cpuMs }) => (1000 * cpuMs / sent).toFixed(1))],
      ["highest RSS under that load, MB", ...all.map((one) => one.memory.peakMb.toFixed(1))],
    );
  }
  return rows;
}

async function sizeRows(binaries: Binaries): Promise<Row[]> {
  const rows: Row[] = [[
    "executable, MB",
    ...Array.from(binaries.values(), (path) => (Deno.statSync(path).size / 1e6).toFixed(2)),
  ]];
  if (options.binary !== undefined) return rows;
  for (const arch of ["amd64", "arm64"] as const) {
    rows.push([`zip ${arch}, MB`, ((await buildLayer(arch, print)).sizeBytes / 1e6).toFixed(2)]);
  }
  return rows;
}

function heldShare(holdMs: readonly number[]): string {
  return `${(100 * holdMs.filter((ms) => ms > 0).length / holdMs.length).toFixed(1)} %`;
}

/** A POST that is cut counts as unsent and is repeated, so more points than events may arrive. */
function lossOf(sent: number, arrived: number): string {
  return `${sent} / ${Math.max(0, sent - arrived)} / ${Math.max(0, arrived - sent)}`;
}

function memory({ rssMb, anonMb }: { readonly rssMb: number; readonly anonMb: number }): string {
  return `${rssMb.toFixed(1)} (${anonMb.toFixed(1)})`;
}

function print(line: string): void {
  // deno-lint-ignore no-console
  console.log(line);
}
