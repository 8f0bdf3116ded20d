import { assertEquals } from "@std/assert";
import { createSandboxProbe } from "../../src/recorder/sandbox_probe.ts";

const MIB = 1024 * 1024;

/** What is seen between two samples of idle time of each core, so much time apart. */
function usage(from: readonly number[], to: readonly number[], passedMs: number): unknown {
  let [idle, elapsedMs] = [from, 0];
  const probe = createSandboxProbe({
    cpus: () => idle.map((each) => ({ times: { idle: each } })),
    memory: () => ({ total: 200 * MIB, available: 80 * MIB }),
    elapsedMs: () => elapsedMs,
  });
  probe.begin();
  [idle, elapsedMs] = [to, passedMs];
  return probe.end();
}

Deno.test("a probe tells how busy the sandbox was, in percent of one core", () => {
  assertEquals(usage([500, 500], [1_500, 1_500], 1_000), { cpuPct: 0, memoryUsedMb: 120 });
  assertEquals(usage([500, 500], [500, 1_500], 1_000), { cpuPct: 100, memoryUsedMb: 120 });
  assertEquals(usage([500, 500], [500, 500], 1_000), { cpuPct: 200, memoryUsedMb: 120 });
  assertEquals(usage([0], [1_010], 1_000), { cpuPct: 0, memoryUsedMb: 120 });
});

Deno.test("counters that went back, are others, or are refused tell nothing", () => {
  assertEquals(usage([900], [100], 1_000), { memoryUsedMb: 120 });
  assertEquals(usage([900], [900, 900], 1_000), { memoryUsedMb: 120 });
  assertEquals(usage([], [], 1_000), { memoryUsedMb: 120 });
  assertEquals(usage([900], [950], 0), { memoryUsedMb: 120 });
  const refused = (): never => {
    throw new Deno.errors.NotCapable("sys");
  };
  const probe = createSandboxProbe({ cpus: refused, memory: refused, elapsedMs: () => 0 });
  probe.begin();
  assertEquals(probe.end(), {});
});
