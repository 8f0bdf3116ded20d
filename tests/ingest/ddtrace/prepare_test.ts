/** The first calls of the lifecycle API, which a function waits for, and what is ready before them. */
import { assertEquals } from "@std/assert";
import { sleep } from "../../emulator/waiters.ts";
import { type Harness, harness } from "./support.ts";

/** Span ids that were drawn by `work` and after it, until there is one or time is over: reading a start draws some. */
async function idsDrawn(work: () => unknown, patienceMs = 10_000): Promise<number> {
  const { getRandomValues } = crypto;
  let drawn = 0;
  crypto.getRandomValues = <T extends ArrayBufferView>(array: T): T => {
    if (array instanceof BigUint64Array) drawn++;
    getRandomValues.call(crypto, array);
    return array;
  };
  try {
    await work();
    for (let waitedMs = 0; drawn === 0 && waitedMs < patienceMs; waitedMs += 10) await sleep(10);
    // What would come twice has come by then.
    await sleep(50);
  } finally {
    crypto.getRandomValues = getRandomValues;
  }
  return drawn;
}

function told({ points, refused, invocationSpans }: Harness): unknown[] {
  return [points, refused, invocationSpans];
}

const NOTHING = [[], new Map(), []];

Deno.test("hello has what a first start needs run once, however often it is said, and tells nothing by it", async () => {
  const h = harness();
  const drawn = await idsDrawn(async () => {
    for (let n = 0; n < 3; n++) assertEquals((await h.call("/lambda/hello")).status, 200);
  });
  assertEquals(drawn, 1);
  h.traces.collect?.();
  assertEquals(told(h), NOTHING);
});

Deno.test("a library that is expected finds the same ready once the extension has asked for next", async () => {
  const h = harness({}, { isExpected: true });
  assertEquals(await idsDrawn(() => h.lifecycle.prepare?.()), 1);
  assertEquals(told(h), NOTHING);
});

Deno.test("a function without a library of Datadog's has nothing loaded for one", async () => {
  const h = harness();
  assertEquals(await idsDrawn(() => h.lifecycle.prepare?.(), 300), 0);
});
