import { assertEquals } from "@std/assert";
import type { Figure } from "../../../src/lambda/metric_fields.ts";
import { createUsageMeter, type SystemCalls } from "../../../src/lambda/usage/usage_meter.ts";
import { SYSTEM_CALLS } from "../../../src/lambda/usage/system_calls.ts";

interface Machine extends SystemCalls {
  userMs: number;
  sysMs: number;
  calls: number;
}

/** Two cores that share what is set. */
function machine(): Machine {
  const made: Machine = {
    userMs: 1000,
    sysMs: 100,
    calls: 0,
    cpus: () => {
      made.calls++;
      const times = { user: made.userMs / 2, nice: 0, sys: made.sysMs / 2, irq: 0 };
      return [{ times }, { times }];
    },
    memory: () => ({ total: 256 * 1024 * 1024, available: 156 * 1024 * 1024 }),
    disk: () => ({ bsize: 4096, blocks: 1000, bavail: 900 }),
  };
  return made;
}

const LEVELS: readonly Figure[] = [
  ["sandbox_memory_used_mb", 100],
  ["sandbox_memory_total_mb", 256],
  ["tmp_used_bytes", 409_600],
  ["tmp_free_bytes", 3_686_400],
];

const cpu = (user: number, system: number, percent?: number): Figure[] => [
  ["cpu_user_ms", user],
  ["cpu_system_ms", system],
  ["cpu_total_ms", user + system],
  ...percent === undefined ? [] : [["cpu_utilization_pct", percent] as const],
];

Deno.test("a usage meter tells CPU time and utilisation, by one sample an invocation but the first", () => {
  const system = machine();
  const meter = createUsageMeter(system);
  meter.begin("a");
  system.userMs += 80;
  system.sysMs += 20;
  assertEquals(meter.end("a", 200), [...cpu(80, 20, 25), ...LEVELS]);
  meter.begin("b");
  system.userMs += 30;
  assertEquals(meter.end("b", 100), cpu(30, 0, 15));
  assertEquals(system.calls, 3);
});

Deno.test("what is used between invocations counts with the next one, so that sums are whole", () => {
  const system = machine();
  const meter = createUsageMeter(system);
  meter.begin("a");
  meter.end("a", 10);
  system.userMs += 5;
  meter.begin("b");
  system.userMs += 7;
  assertEquals(meter.end("b", undefined), cpu(12, 0));
});

Deno.test("memory and space are told every ten seconds at most", () => {
  const system = machine();
  let nowMs = 0;
  const meter = createUsageMeter(system, () => nowMs);
  const told: number[] = [];
  for (nowMs of [0, 1, 9_999, 10_000, 10_001, 30_000]) {
    meter.begin("a");
    if (meter.end("a", undefined).some(([name]) => name === "tmp_used_bytes")) told.push(nowMs);
  }
  assertEquals(told, [0, 10_000, 30_000]);
});

Deno.test("an end that is told during the next invocation has what was used until that began", () => {
  const system = machine();
  const meter = createUsageMeter(system);
  meter.begin("a");
  system.userMs += 80;
  meter.begin("b");
  system.userMs += 500;
  assertEquals(meter.end("a", 80), [...cpu(80, 0, 50), ...LEVELS]);
  assertEquals(meter.end("b", 250), cpu(500, 0, 100));
  assertEquals(system.calls, 3);
});

Deno.test("a retry of a request under its id is measured on its own", () => {
  const system = machine();
  const meter = createUsageMeter(system);
  meter.begin("a");
  system.userMs += 10;
  meter.end("a", undefined);
  meter.begin("a");
  system.userMs += 20;
  assertEquals(meter.end("a", undefined), cpu(20, 0));
});

Deno.test("a usage meter leaves out what cannot be read, or went back as after a snapshot", () => {
  const system = machine();
  const meter = createUsageMeter(system);
  meter.begin("a");
  system.userMs = 0;
  assertEquals(meter.end("a", 10), LEVELS);
  const refused = (): never => {
    throw new Deno.errors.NotCapable("sys");
  };
  const blind = createUsageMeter({ cpus: refused, memory: refused, disk: refused });
  blind.begin("a");
  assertEquals(blind.end("a", 10), []);
});

Deno.test("a usage meter tells nothing of what never began, and remembers few ends that never came", () => {
  const system = machine();
  const meter = createUsageMeter(system);
  assertEquals(meter.end("a", 10), []);
  for (let i = 0; i < 20; i++) meter.begin(`r${i}`);
  assertEquals([meter.end("r0", 1), meter.end("r18", 1).length > 0], [[], true]);
});

Deno.test({
  name: "this system's counters are those of /proc/stat, and of df",
  ignore: Deno.build.os !== "linux" || Deno.permissions.querySync({ name: "run" }).state !== "granted",
  fn: async () => {
    const sum = (): number =>
      SYSTEM_CALLS.cpus().reduce((total, { times }) => total + times.user + times.nice + times.sys, 0);
    const run = async (command: string, ...args: string[]): Promise<string> =>
      new TextDecoder().decode((await new Deno.Command(command, { args }).output()).stdout);
    const before = sum();
    const stat = await run("sed", "-n", "/^cpu[0-9]/p", "/proc/stat");
    const ticks = stat.trim().split("\n").map((line) => line.split(/\s+/).slice(1, 4).map(Number)).flat();
    const told = ticks.reduce((total, each) => total + each, 0) * 10;
    assertEquals(before <= told && told <= sum(), true, `${before} ${told}`);
    const [, size = ""] = (await run("df", "-B1", "--output=size,avail", "/tmp")).trim().split("\n");
    const { bsize, blocks } = SYSTEM_CALLS.disk();
    assertEquals(bsize * blocks, Number(size.trim().split(/\s+/)[0]));
  },
});
