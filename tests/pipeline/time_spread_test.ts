import { assertEquals, assertNotEquals } from "@std/assert";
import { createTimeSpread } from "../../src/pipeline/time_spread.ts";
import { testPoint } from "../support/points.ts";

const MS = 1_700_000_000_123_000_000n;
const timesOf = (points: readonly { timeNs: bigint }[]): bigint[] => points.map((point) => point.timeNs);

Deno.test("time spread moves metrics of a whole millisecond by the sandbox's own nanoseconds", () => {
  const spread = createTimeSpread(() => 0.5);
  assertEquals(timesOf(spread.apply([testPoint("m", "metric", MS)])), [MS + 500_000n]);
});

Deno.test("time spread leaves logs, and times finer than a millisecond, as they are", () => {
  const points = [testPoint("l", "logging", MS), testPoint("m", "metric", MS + 1n)];
  assertEquals(createTimeSpread(() => 0.5).apply(points), points);
});

Deno.test("time spread gives no two metrics of one millisecond the same time, and stays within it", () => {
  const spread = createTimeSpread(() => 0.999999);
  const times = timesOf(spread.apply([1, 2, 3].map(() => testPoint("m", "metric", MS))));
  assertEquals(times, [MS + 999_999n, MS, MS + 1n]);
});

Deno.test("time spread gives no two metrics the same time when their milliseconds take turns", () => {
  const spread = createTimeSpread(() => 0.5);
  const turns = [0n, 1n, 0n, 0n, 2n, 1n, 0n].map((ms) => testPoint("m", "metric", MS + ms * 1_000_000n));
  // Handed in one by one too: as events of several batches are.
  const times = [
    ...timesOf(spread.apply(turns)),
    ...turns.flatMap((point) => timesOf(spread.apply([point]))),
  ];
  assertEquals(new Set(times).size, times.length);
  assertEquals(
    times.map((time) => time / 1_000_000n),
    [...turns, ...turns].map((point) => point.timeNs / 1_000_000n),
  );
});

Deno.test("time spread draws a new number after a snapshot", () => {
  const numbers = [0.1, 0.2];
  const spread = createTimeSpread(() => numbers.shift() ?? 0);
  const before = timesOf(spread.apply([testPoint("m", "metric", MS)]));
  spread.redraw();
  assertNotEquals(timesOf(spread.apply([testPoint("m", "metric", MS)])), before);
});
