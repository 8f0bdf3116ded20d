/**
 * `deno task test:soak`. By default as many invocations as fit into about 6 minutes of two cores;
 * `SOAK_INVOCATIONS=100000 deno task test:soak` for the whole.
 */
import { assert, assertEquals, assertLess } from "@std/assert";
import { buildBinary } from "../../build.ts";
import { scenario } from "../support/scenario.ts";
import { meanRssMb, mostDescriptors, soak } from "./soak.ts";

const DEFAULT_INVOCATIONS = 60_000;
/**
 * Growth of the last tenth over the second to the sixth, as a share, and the most that it may be. RSS goes up and down by
 * 5 % from tenth to tenth: with the faults, and with when V8 collects.
 */
const MEMORY_GROWTH = 0.12;
const MOST_RSS_MB = 95;
/** Connections come and go with Dataway's faults. */
const MORE_DESCRIPTORS = 4;

scenario("the compiled executable keeps memory, descriptors and its account over a soak", async () => {
  const invocations = Number(Deno.env.get("SOAK_INVOCATIONS") ?? DEFAULT_INVOCATIONS);
  const report = await soak({ path: await buildBinary(), invocations, print });
  const { samples } = report;
  const rssMb = Array.from({ length: 10 }, (_, index) => meanRssMb(samples, index + 1));
  print(
    `Run: ${invocations} invocations in ${(report.tookMs / 1000).toFixed(0)} s, ${report.uploads} uploads, ` +
      `${report.refused} of them refused`,
  );
  print(`RSS by tenths: ${rssMb.map((mb) => mb.toFixed(1)).join(" ")} MB`);
  print(
    `Descriptors: ${mostDescriptors(samples, 2)} in the second tenth, ${
      mostDescriptors(samples, 10)
    } in the last`,
  );
  print(`Lines: ${report.linesSent} sent, ${report.linesArrived} arrived, ${report.linesTwice} twice`);
  print(`Points: ${report.received} received, ${report.dropped} dropped, ${report.pointsArrived} arrived`);
  for (const [mode, holds] of report.holdMs) {
    const at = (share: number): string => (holds[Math.floor((holds.length - 1) * share)] ?? NaN).toFixed(1);
    print(`Hold while Dataway is ${mode}: median ${at(0.5)}, 99 % ${at(0.99)}, most ${at(1)} ms`);
  }

  assertEquals(report.exitCode, 0);
  assertEquals(report.violations, []);
  assertEquals(report.received, report.pointsArrived + report.dropped, "received = arrived + dropped");
  assertEquals(report.linesTwice, 0);
  assert(report.linesSent - report.linesArrived <= report.dropped, "lines are missing that nobody counted");
  const [lastMb = NaN] = rssMb.slice(9);
  const beforeMb = rssMb.slice(1, 6).reduce((sum, mb) => sum + mb, 0) / 5;
  assertLess(lastMb, beforeMb * (1 + MEMORY_GROWTH), "memory grows");
  assertLess(lastMb, MOST_RSS_MB, "much memory is used");
  assert(mostDescriptors(samples, 10) <= mostDescriptors(samples, 2) + MORE_DESCRIPTORS, "descriptors grow");
});

function print(line: string): void {
  // deno-lint-ignore no-console
  console.log(line);
}
