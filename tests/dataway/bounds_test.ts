import { assertEquals, assertFalse } from "@std/assert";
import { boundSignal } from "../../src/dataway/bounds.ts";

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
