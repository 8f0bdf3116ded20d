/**
 * What the extension costs a function of a memory size: started and invoked in a control group that has the memory and
 * the part of a core that Lambda gives for it. The function is not in the group: it would share both.
 */
import { createControlGroup } from "../support/control_group.ts";
import { measureInvocations, measureStart, type StartFigures } from "./measures.ts";
import { median, quantile, spread } from "./statistics.ts";
import type { Binaries, Row } from "./table.ts";

const SIZES_MB = [128, 512, 1024];
/** Lambda gives a core for this much memory. */
const MB_OF_A_CORE = 1769;
const MB = 1024 * 1024;

/** Starts, then invocations that each send, for each size. */
export async function sandboxRows(
  binaries: Binaries,
  runs: number,
  invocations: number,
  print: (line: string) => void,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const sizeMb of SIZES_MB) {
    const columns: (readonly Row[])[] = [];
    for (const path of binaries.values()) {
      const column = await rowsOf(path, sizeMb, runs, invocations);
      if (typeof column === "string") {
        print(`What ${sizeMb} MB buy was not measured. ${column}`);
        return rows;
      }
      columns.push(column);
    }
    const [first = []] = columns;
    rows.push(...first.map(([what], index): Row => [
      `${sizeMb} MB: ${what}`,
      ...columns.map((column) => column[index]?.[1] ?? ""),
    ]));
  }
  print(`${runs} starts and 2 x ${invocations} invocations of each size`);
  return rows;
}

/** One executable's figures; why there are none where the machine has no control groups for us. */
async function rowsOf(
  path: string,
  sizeMb: number,
  runs: number,
  invocations: number,
): Promise<readonly Row[] | string> {
  const group = await createControlGroup({
    cpuShare: Math.min(1, sizeMb / MB_OF_A_CORE),
    memoryBytes: sizeMb * MB,
  });
  if (typeof group === "string") return group;
  await using _group = group;
  const env = { AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(sizeMb) };
  const starts: StartFigures[] = [];
  for (let run = 0; run < runs; run++) starts.push(await measureStart(path, env, group));
  const adaptive = await measureInvocations(path, invocations, "fast", env, group);
  const ends = await measureInvocations(path, invocations, "fast", { ...env, ENV_FLUSH_PLAN: "end" }, group);
  const hold = ({ holdMs }: { readonly holdMs: readonly number[] }): string =>
    `${median(holdMs).toFixed(1)} / ${quantile(holdMs, 0.99).toFixed(1)}`;
  return [
    ["exec to register, ms", spread(starts, (one) => one.registerMs)],
    ["exec to first next, ms", spread(starts, (one) => one.nextMs)],
    ["CPU to first next, ms", spread(starts, (one) => one.cpuMs)],
    ["runtimeDone to next, adaptive plan, ms (median / p99)", hold(adaptive)],
    ["the same where each invocation sends", hold(ends)],
    ["CPU per invocation that sends, ms", ends.cpuMsPerInvocation.toFixed(2)],
    [
      "RSS (RssAnon) at start, MB",
      `${median(starts.map(({ memory }) => memory.rssMb)).toFixed(1)} (${
        median(starts.map(({ memory }) => memory.anonMb)).toFixed(1)
      })`,
    ],
    [
      `RSS (RssAnon) after ${invocations} that send, MB`,
      `${ends.after.rssMb.toFixed(1)} (${ends.after.anonMb.toFixed(1)})`,
    ],
    ["killed for want of memory", String(group.kills())],
  ];
}
