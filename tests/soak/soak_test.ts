/**
 * `deno task test:soak`. By default as many invocations as fit into about 6 minutes of two cores;
 * `SOAK_INVOCATIONS=100000 deno task test:soak` for the whole.
 */
import { assert, assertEquals, assertLess } from "@std/assert";
import { buildBinary } from "../../build.ts";
import { scenario } from "../support/scenario.ts";
import { meanRssMb, mostDescriptors, ROUND_MS, soak } from "./soak.ts";

const DEFAULT_INVOCATIONS = 60_000;
/**
 * Growth between two rounds of faults, as a share, and the most that it may be. Whole rounds, as memory follows the faults:
 * after a refused upload more is held, after one without an answer less.
 */
const MEMORY_GROWTH = 0.05;
const MOST_RSS_MB = 90;
/** Until what is done for the first time is done, as a share of the whole. */
const WARM_UP = 0.1;
/** Connections come and go with Dataway's faults. */
const MORE_DESCRIPTORS = 4;

scenario("the compiled executable keeps memory, descriptors and its account over a soak", async () => {
  const invocations = Number(Deno.env.get("SOAK_INVOCATIONS") ?? DEFAULT_INVOCATIONS);
  const report = await soak({ path: await buildBinary(), invocations, print });
  const { samples } = report;
  const lastToMs = report.healthyFromMs;
  const lastFromMs = lastToMs - ROUND_MS;
  const firstFromMs = report.tookMs * WARM_UP;
  const firstToMs = firstFromMs + ROUND_MS;
  const firstMb = meanRssMb(samples, firstFromMs, firstToMs);
  const lastMb = meanRssMb(samples, lastFromMs, lastToMs);
  const tenthMs = report.tookMs / 10;
  const tenthsMb = Array.from({ length: 10 }, (_, n) => meanRssMb(samples, n * tenthMs, (n + 1) * tenthMs));
  const firstDescriptors = mostDescriptors(samples, firstFromMs, firstToMs);
  const lastDescriptors = mostDescriptors(samples, lastFromMs, lastToMs);
  print(
    `Run: ${invocations} invocations in ${(report.tookMs / 1000).toFixed(0)} s, ${report.uploads} uploads, ` +
      `${report.refused} of them refused`,
  );
  print(`RSS by tenths: ${tenthsMb.map((mb) => mb.toFixed(1)).join(" ")} MB`);
  print(`A round of faults and the last one: RSS ${firstMb.toFixed(1)} and ${lastMb.toFixed(1)} MB`);
  print(`Descriptors in them: ${firstDescriptors} and ${lastDescriptors}`);
  print(`Lines: ${report.linesSent} sent, ${report.linesArrived} arrived, ${report.linesTwice} twice`);
  print(`Points: ${report.received} received, ${report.dropped} dropped, ${report.pointsArrived} arrived`);
  print(`Dropped: ${JSON.stringify(Object.fromEntries(report.droppedFor))}`);
  for (const [mode, holds] of report.holdMs) {
    const at = (share: number): string => (holds[Math.floor((holds.length - 1) * share)] ?? NaN).toFixed(1);
    print(`Hold while Dataway is ${mode}: median ${at(0.5)}, 99 % ${at(0.99)}, most ${at(1)} ms`);
  }

  assertEquals(report.exitCode, 0);
  assertEquals(report.violations, []);
  assertEquals(report.received, report.pointsArrived + report.dropped, "received = arrived + dropped");
  assertEquals(report.linesTwice, 0);
  assert(report.linesSent - report.linesArrived <= report.dropped, "lines are missing that nobody counted");
  assertEquals([...report.droppedFor.keys()].filter((name) => name !== "dropped_store_full"), []);
  assert(firstToMs <= lastFromMs, "too few invocations for two rounds of faults");
  assertLess(lastMb, firstMb * (1 + MEMORY_GROWTH), "memory grows");
  assertLess(lastMb, MOST_RSS_MB, "much memory is used");
  assert(lastDescriptors <= firstDescriptors + MORE_DESCRIPTORS, "descriptors grow");
});

function print(line: string): void {
  // deno-lint-ignore no-console
  console.log(line);
}
