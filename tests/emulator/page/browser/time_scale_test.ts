import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { createTimeScale, type Sleep } from "./time_scale.ts";

const sleeps: fc.Arbitrary<readonly Sleep[]> = fc.array(
  fc.record({ gap: fc.nat(5000), d: fc.nat(600_000) }),
  { maxLength: 20 },
).map((list) => {
  let t = 0;
  return list.map(({ gap, d }) => {
    const sleep = { t: t + gap, d };
    t += gap + d;
    return sleep;
  });
});

Deno.test("createTimeScale() finds the time of each place again, and keeps the order of times", () => {
  fc.assert(fc.property(sleeps, fc.array(fc.double({ min: 0, max: 1, noNaN: true })), (list, parts) => {
    const scale = createTimeScale();
    scale.width = 1000;
    const last = list.at(-1);
    const end = Math.max(500, (last?.t ?? 0) + (last?.d ?? 0) + 100);
    scale.update(list, end);
    const times = parts.map((part) => part * end).toSorted((a, b) => a - b);
    const places = times.map((ms) => scale.x(ms));
    assertEquals(places, places.toSorted((a, b) => a - b));
    for (const [i, ms] of times.entries()) {
      assertAlmostEquals(scale.ms(places[i] ?? NaN), ms, Math.max(1e-6, end * 1e-9));
    }
  }));
});

Deno.test("createTimeScale() folds a long sleep, and none when it is told none", () => {
  const scale = createTimeScale();
  scale.width = 1000;
  scale.update([{ t: 1000, d: 12_000 }], 14_000);
  const folded = scale.x(13_000) - scale.x(1000);
  assert(folded < 250, `${folded} px`);
  scale.update([], 14_000);
  scale.showAll();
  assert(scale.x(13_000) - scale.x(1000) > 800);
});

Deno.test("createTimeScale() follows the end until it was zoomed, and again when all is shown", () => {
  const scale = createTimeScale();
  scale.width = 1000;
  scale.update([], 1000);
  scale.update([], 2000);
  assert(scale.x(2000) <= 1000);
  const at = scale.ms(500);
  scale.zoom(0.5, 500);
  assertAlmostEquals(scale.ms(500), at, 1e-6);
  const before = scale.x(500);
  scale.update([], 4000);
  assertAlmostEquals(scale.x(500), before, 1e-6);
  scale.showAll();
  assert(scale.x(4000) <= 1000 && scale.followsEnd);
});
