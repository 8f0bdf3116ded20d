import { assertEquals, assertNotEquals } from "@std/assert";
import { createIntakeHub } from "../../src/pipeline/intake.ts";
import { createLedger } from "../../src/pipeline/ledger.ts";
import { createPointStore } from "../../src/pipeline/store.ts";
import { createTimeSpread } from "../../src/pipeline/time_spread.ts";
import { CATEGORIES } from "../../src/point/point.ts";
import { pointsOf, testPoint } from "../support/points.ts";

const NS_PER_MS = 1_000_000n;
const MS = 1_700_000_000_123n * NS_PER_MS;

Deno.test("time spread moves a whole millisecond by the sandbox's own nanoseconds", () => {
  assertEquals(createTimeSpread(() => 0.5).move(MS), MS + 500_000n);
});

Deno.test("time spread leaves times finer than a millisecond as they are", () => {
  const spread = createTimeSpread(() => 0.5);
  assertEquals([MS + 1n, MS - 1n].map(spread.move), [MS + 1n, MS - 1n]);
});

Deno.test("time spread gives no two times of one millisecond the same, and stays within it", () => {
  assertEquals([MS, MS, MS].map(createTimeSpread(() => 0.999999).move), [MS + 999_999n, MS, MS + 1n]);
});

Deno.test("time spread gives no two times the same when their milliseconds take turns", () => {
  const turns = [0n, 1n, 0n, 0n, 2n, 1n, 0n].map((ms) => MS + ms * NS_PER_MS);
  const moved = turns.map(createTimeSpread(() => 0.5).move);
  assertEquals(new Set(moved).size, moved.length);
  assertEquals(moved.map((time) => time / NS_PER_MS), turns.map((time) => time / NS_PER_MS));
});

Deno.test("time spread draws a new number after a snapshot", () => {
  const numbers = [0.1, 0.2];
  const spread = createTimeSpread(() => numbers.shift() ?? 0);
  const before = spread.move(MS);
  spread.redraw();
  assertNotEquals(spread.move(MS), before + 1n);
});

Deno.test("the intake spreads metrics of the platform's times and our own, and nothing of a client's time", () => {
  const ledger = createLedger();
  const store = createPointStore({ maxBytes: 1e6, ledger });
  const hub = createIntakeHub({ store, ledger });
  for (const source of ["telemetry", "statsd", "otlp", "ddtrace", "datakit"] as const) {
    const { write } = hub.of(source);
    // Two, as one of a million draws moves one by nothing.
    for (const category of ["metric", "metric", "logging"] as const) write(testPoint("x", category, MS));
  }
  const moved = CATEGORIES.flatMap((category) => {
    const lease = store.take(category, { maxBytes: 1e6 });
    if (lease === undefined) return [];
    const sources = lease.sources();
    return pointsOf(lease).flatMap(({ timeNs }, at) =>
      timeNs === MS ? [] : [`${category} of ${sources[at]}`]
    );
  });
  assertEquals(new Set(moved), new Set(["metric of telemetry", "metric of statsd"]));
});
