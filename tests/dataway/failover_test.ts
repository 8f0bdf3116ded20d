import { assertEquals } from "@std/assert";
import { createFailover, type Failover } from "../../src/dataway/failover.ts";
import type { ExportResult } from "../../src/pipeline/exporter.ts";

const SUCCESS: ExportResult = { status: "success" };
const OUT_OF_ORDER: ExportResult = { status: "retryable", error: "503" };

function endpoints(...names: string[]): {
  readonly clock: { nowMs: number };
  readonly failover: Failover<string>;
  /** Tries whom there is to try; who was asked, in order. */
  readonly round: (...outOfOrder: string[]) => Promise<string[]>;
} {
  const clock = { nowMs: 10_000_000 };
  const failover = createFailover(names, () => clock.nowMs);
  const round = async (...outOfOrder: string[]): Promise<string[]> => {
    const asked: string[] = [];
    await failover((name) => {
      asked.push(name);
      return Promise.resolve(outOfOrder.includes(name) ? OUT_OF_ORDER : SUCCESS);
    }, { isOver: () => false, patienceMs: 5, timeoutMs: 30 });
    return asked;
  };
  return { clock, failover, round };
}

Deno.test("createFailover() puts endpoints that failed behind the others for a minute", async () => {
  const { clock, round } = endpoints("a", "b", "c");
  assertEquals(await round("a"), ["a", "b"]);
  clock.nowMs += 59_999;
  assertEquals(await round(), ["b"]);
  clock.nowMs += 1;
  assertEquals(await round(), ["a"]);
});

Deno.test("createFailover() asks all when all failed, the longest-failed first", async () => {
  const { round } = endpoints("a", "b", "c");
  assertEquals(await round("a", "b", "c"), ["a", "b", "c"]);
  assertEquals(await round("a", "b"), ["a", "b", "c"]);
  assertEquals(await round("a", "b", "c"), ["c", "a", "b"]);
});

Deno.test("createFailover() asks an endpoint in its turn again as soon as it works", async () => {
  const { round } = endpoints("a", "b");
  assertEquals(await round("a"), ["a", "b"]);
  assertEquals(await round("b"), ["b", "a"]);
  assertEquals(await round(), ["a"]);
});

Deno.test("createFailover() forgets a failure when the clock was set back", async () => {
  const { clock, round } = endpoints("a", "b");
  assertEquals(await round("a"), ["a", "b"]);
  clock.nowMs = 0;
  assertEquals(await round(), ["a"]);
});

Deno.test("createFailover() gives the last endpoint its whole time, and the others what is left to wait for them", async () => {
  const { failover } = endpoints("a", "b");
  const limits: number[] = [];
  await failover((_, timeLimitMs) => {
    limits.push(timeLimitMs);
    return Promise.resolve(OUT_OF_ORDER);
  }, { isOver: () => false, patienceMs: 5, timeoutMs: 30 });
  assertEquals(limits, [5, 30]);
});
