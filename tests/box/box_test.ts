/**
 * The function's memory is a box that the extension shares with it. Whatever local clients send, nobody is killed for
 * want of memory, `next` does not wait for them, and what was taken is given back.
 */
import { assertEquals } from "@std/assert";
import { buildBinary } from "../../build.ts";
import { createControlGroup } from "../support/control_group.ts";
import { scenario } from "../support/scenario.ts";
import { type Box, type BoxFigures, openBox } from "./box.ts";
import { LOADS } from "./loads.ts";

/**
 * The function's memory, and the most that the extension may take of it, pages of its file (44 MiB, which the kernel
 * takes back) included. In MiB. From 512 MB on it is a quarter.
 */
const SIZES = [
  { memoryMb: 128, mostMb: 100 },
  { memoryMb: 256, mostMb: 110 },
  { memoryMb: 512, mostMb: 128 },
] as const;
/** After a load, and beyond what the extension has without any: a heap's room to grow, and what the next load reuses. */
const MOST_KEPT_MB = 20;
const MOST_HOLD_MS = 250;
/** A busy machine makes a hold longer and never shorter: of so many runs of a load the best counts. */
const TRIES = 3;

for (const { memoryMb, mostMb } of SIZES) {
  scenario(
    `in a box of ${memoryMb} MB no load kills, takes more than ${mostMb} MiB, keeps it or holds an invocation`,
    async () => {
      const path = await buildBinary();
      const made = await createControlGroup({ memoryBytes: memoryMb * 1_048_576 });
      await using group = typeof made === "string" ? undefined : made;
      if (typeof made === "string") say(`=== ONLY RSS AND HOLDS ARE MEASURED, NOBODY CAN BE KILLED: ${made}`);
      await using box = await openBox(path, memoryMb, group);
      say(`${memoryMb} MB, before any load: ${box.idleMb.toFixed(0)} MiB`);
      const bad: string[] = [];
      for (const { name } of LOADS) {
        const runs = await load(box, name);
        const problems = findProblems(box, runs, mostMb);
        say(`${memoryMb} MB, ${name}: ${runs.map(describe).join("; ")}`);
        bad.push(...problems.map((problem) => `${name}: ${problem}`));
        if (box.kills() > 0) break;
      }
      assertEquals(bad, []);
    },
  );
}

async function load(box: Box, name: string): Promise<BoxFigures[]> {
  const runs: BoxFigures[] = [];
  do runs.push(await box.run(name, box.idleMb + MOST_KEPT_MB)); while (
    runs.length < TRIES && box.kills() === 0 && bestHold(runs) > MOST_HOLD_MS
  );
  return runs;
}

function findProblems(box: Box, runs: readonly BoxFigures[], mostMb: number): string[] {
  const problems: string[] = [];
  if (box.kills() > 0) problems.push("a program was killed");
  // `!` and `<=`, as a figure that is missing is no good one.
  if (!runs.every(({ peakMb }) => peakMb <= mostMb)) problems.push(`more than ${mostMb} MiB`);
  if (!runs.every(({ afterMb }) => afterMb <= box.idleMb + MOST_KEPT_MB)) problems.push("memory was kept");
  if (!(bestHold(runs) <= MOST_HOLD_MS)) problems.push(`an invocation was held ${bestHold(runs)} ms`);
  return problems;
}

/** The shortest of the longest holds, without what a program that does nothing was late at the same time. */
function bestHold(runs: readonly BoxFigures[]): number {
  return Math.min(...runs.map(({ longestHoldMs, idleLongestMs }) => longestHoldMs - idleLongestMs));
}

function describe({ peakMb, afterMb, longestHoldMs, idleLongestMs, statuses }: BoxFigures): string {
  const memory = `peak ${peakMb.toFixed(0)} MiB, then ${afterMb.toFixed(0)}`;
  const hold = `hold ${longestHoldMs.toFixed(0)} ms (the machine's ${idleLongestMs.toFixed(0)})`;
  return `${memory}, ${hold}, ${answers(statuses)}`;
}

function answers(statuses: readonly number[]): string {
  const counts = new Map<number, number>();
  for (const status of statuses) counts.set(status, (counts.get(status) ?? 0) + 1);
  return Array.from(counts, ([status, count]) => `${count} x ${status}`).join(", ") || "no answer wanted";
}

function say(line: string): void {
  // deno-lint-ignore no-console
  console.log(line);
}
