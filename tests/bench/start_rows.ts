/** What a start costs, beside a program that only registers: with a whole core, and with what 128 MB buy. */
import { findBaseRuntime } from "../../layer/build/base_runtime.ts";
import { compile } from "../../layer/build/compile.ts";
import { type ControlGroup, createControlGroup } from "../support/control_group.ts";
import { measureStart, type StartFigures } from "./measures.ts";
import { median, spread } from "./statistics.ts";
import type { Binaries, Row } from "./table.ts";

const ROOT = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");
const CONTROL = "tests/bench/register_only/main.ts";
/** Lambda gives a core for 1769 MB of memory; 128 MB are this much of one. */
const SMALLEST_SHARE = 1 / 14;

type Figure = (one: StartFigures) => number;

/** Starts are taken in turn, so that a slow moment of the machine falls on all programs alike. */
export async function startRows(
  binaries: Binaries,
  runs: number,
  print: (line: string) => void,
): Promise<readonly Row[]> {
  const control = await compileControl();
  const rows: Row[] = [...await rowsOf(binaries, control, runs, undefined)];
  const group = await createControlGroup({ cpuShare: SMALLEST_SHARE });
  print(`${runs} starts each, in turn with a program that only registers`);
  if (typeof group === "string") {
    print(`Starts with 1/14 of a core were not measured. ${group}`);
    return rows;
  }
  await using _group = group;
  rows.push(...await rowsOf(binaries, control, Math.ceil(runs / 2), group));
  return rows;
}

async function rowsOf(
  binaries: Binaries,
  control: string,
  runs: number,
  group: ControlGroup | undefined,
): Promise<readonly Row[]> {
  const figures = new Map<string, StartFigures[]>();
  for (let run = 0; run < runs; run++) {
    for (const path of [control, ...binaries.values()]) {
      const list = figures.get(path) ?? [];
      list.push(await measureStart(path, {}, group));
      figures.set(path, list);
    }
  }
  const floor = figures.get(control) ?? [];
  const row = (what: string, figure: Figure): Row => [
    what,
    ...Array.from(binaries.values(), (path) => spread(figures.get(path) ?? [], figure)),
  ];
  const ratios = (what: string, figure: Figure): Row => [
    `${what}, of a program that only registers (${median(floor.map(figure)).toFixed(1)} ms)`,
    ...Array.from(
      binaries.values(),
      (path) => (median((figures.get(path) ?? []).map(figure)) / median(floor.map(figure))).toFixed(2),
    ),
  ];
  const registerMs: Figure = (one) => one.registerMs;
  const nextMs: Figure = (one) => one.nextMs;
  const cpuMs: Figure = (one) => one.cpuMs;
  if (group !== undefined) {
    return [
      row("exec to first next with 1/14 of a core, ms", nextMs),
      ratios("exec to first next with 1/14 of a core", nextMs),
    ];
  }
  return [
    row("exec to register, ms (median, least to most)", registerMs),
    ratios("exec to register", registerMs),
    row("exec to first next, ms", nextMs),
    ratios("exec to first next", nextMs),
    row("CPU to first next, ms", cpuMs),
    ratios("CPU to first next", cpuMs),
    row("RSS at start, MB", (one) => one.memory.rssMb),
    row("RssAnon at start, MB", (one) => one.memory.anonMb),
  ];
}

async function compileControl(): Promise<string> {
  const runtime = await findBaseRuntime("amd64", `${ROOT}/.cache`, () => {});
  return await compile({
    root: ROOT,
    workDir: `${ROOT}/.cache/bench/control`,
    arch: "amd64",
    runtime,
    entry: CONTROL,
  });
}
