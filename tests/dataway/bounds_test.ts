import { assertEquals, assertFalse, assertStrictEquals } from "@std/assert";
import { boundSignal, createSharedBounds } from "../../src/dataway/bounds.ts";
import { installFakeTime } from "../support/fake_time.ts";

Deno.test("boundSignal() fires with the reason of whichever signal fires first", () => {
  const first = new AbortController();
  const second = new AbortController();
  using bound = boundSignal([first.signal, second.signal], 60_000);
  assertFalse(bound.signal.aborted);
  second.abort("second");
  first.abort("first");
  assertEquals(bound.signal.reason, "second");
});

Deno.test("boundSignal() has fired already when one of its signals has", () => {
  using bound = boundSignal([AbortSignal.abort("gone")], 60_000);
  assertEquals(bound.signal.reason, "gone");
});

Deno.test("boundSignal() fires after its time", async () => {
  using bound = boundSignal([], 1);
  await new Promise((resolve) => bound.signal.addEventListener("abort", resolve));
  assertEquals(bound.signal.reason.name, "TimeoutError");
});

Deno.test("boundSignal() leaves a moment for an answer that came in a freeze", async () => {
  let now = 0;
  using bound = boundSignal([], 5, () => now);
  now = 60_000;
  await new Promise((resolve) => setTimeout(resolve, 40));
  assertFalse(bound.signal.aborted);
});

Deno.test("boundSignal() lets go when disposed", () => {
  const controller = new AbortController();
  const bound = boundSignal([controller.signal], 60_000);
  bound[Symbol.dispose]();
  controller.abort();
  assertFalse(bound.signal.aborted);
});

Deno.test("createSharedBounds() gives uploads that begin together one signal, others their own", () => {
  let now = 1_000_000;
  const [flush, other, closing] = [new AbortController(), new AbortController(), new AbortController()];
  const bounds = createSharedBounds(closing.signal, () => now);
  using first = bounds(flush.signal, 60_000);
  now += 5;
  using together = bounds(flush.signal, 60_000);
  assertStrictEquals(together.signal, first.signal);
  using shorter = bounds(flush.signal, 50_000);
  using ofOther = bounds(other.signal, 50_000);
  now += 6;
  using later = bounds(other.signal, 50_000);
  // After a freeze, and with a clock that was set back.
  now += 3_600_000;
  using thawed = bounds(other.signal, 50_000);
  now -= 7_200_000;
  using back = bounds(other.signal, 50_000);
  const signals = [first, shorter, ofOther, later, thawed, back].map(({ signal }) => signal);
  assertEquals(new Set(signals).size, 6);
  flush.abort("over");
  assertEquals(signals.map(({ aborted }) => aborted), [true, true, false, false, false, false]);
  closing.abort("closed");
  assertEquals(signals.map(({ reason }) => reason), ["over", "over", "closed", "closed", "closed", "closed"]);
});

Deno.test("createSharedBounds() lets go with the last upload, and not before", () => {
  const [flush, closing] = [new AbortController(), new AbortController()];
  const bounds = createSharedBounds(closing.signal, () => 0);
  const [first, second] = [bounds(flush.signal, 60_000), bounds(flush.signal, 60_000)];
  first[Symbol.dispose]();
  {
    using third = bounds(flush.signal, 60_000);
    assertStrictEquals(third.signal, second.signal);
  }
  flush.abort("over");
  assertEquals(second.signal.reason, "over");
  second[Symbol.dispose]();
});

Deno.test("createSharedBounds() has a new signal once all uploads are over", () => {
  const [flush, closing] = [new AbortController(), new AbortController()];
  const bounds = createSharedBounds(closing.signal, () => 0);
  const first = bounds(flush.signal, 60_000);
  first[Symbol.dispose]();
  using second = bounds(flush.signal, 60_000);
  assertFalse(second.signal === first.signal);
  closing.abort();
  assertEquals([first.signal.aborted, second.signal.aborted], [false, true]);
});

Deno.test("createSharedBounds() cuts no upload before its own time", async () => {
  using time = installFakeTime();
  const [flush, closing] = [new AbortController(), new AbortController()];
  const bounds = createSharedBounds(closing.signal, () => time.now());
  using first = bounds(flush.signal, 100);
  time.outside(5, () => {});
  await time.step();
  using second = bounds(flush.signal, 100);
  assertStrictEquals(second.signal, first.signal);
  while (!second.signal.aborted && await time.step());
  assertEquals(time.elapsedMs, 105);
  assertEquals(String(second.signal.reason), "TimeoutError: No answer within 100 ms");
});
