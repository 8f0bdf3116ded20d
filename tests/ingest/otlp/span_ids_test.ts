import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { createSpanIds, SPAN_ID_BYTES } from "../../../src/ingest/otlp/span_ids.ts";
import { cpuMs } from "../../support/cpu_time.ts";

/** An id whose halves are these. */
function id(first: number, second: number): Uint8Array {
  const bytes = new Uint8Array(SPAN_ID_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, first);
  view.setUint32(4, second);
  return bytes;
}

Deno.test("span ids have what was added, and nothing else", () => {
  const halves = fc.constantFrom(0, 1, 2, 0x7fffffff, 0x80000000, 0xffffffff);
  const pairs = fc.array(fc.tuple(fc.oneof(halves, fc.nat()), fc.oneof(halves, fc.nat())), {
    maxLength: 2000,
  });
  fc.assert(
    fc.property(pairs, pairs, (added, asked) => {
      const ids = createSpanIds();
      for (const [first, second] of added) ids.add(id(first, second), 0);
      const known = new Set(added.map(String));
      known.delete("0,0");
      for (const pair of [...added, ...asked]) {
        assertEquals(ids.has(id(...pair), 0), known.has(String(pair)), String(pair));
      }
    }),
  );
});

Deno.test("span ids are read where they lie", () => {
  const ids = createSpanIds();
  const bytes = new Uint8Array([9, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  ids.add(bytes, 2);
  assertEquals([ids.has(bytes, 2), ids.has(bytes, 3), ids.has(bytes.slice(2), 0)], [true, false, true]);
});

Deno.test("span ids that count up, in either half, are found as fast as any", () => {
  for (const make of [(i: number) => id(i, 0), (i: number) => id(0, i), (i: number) => id(i << 16, i)]) {
    const ids = createSpanIds();
    const began = cpuMs();
    for (let i = 1; i <= 200_000; i++) ids.add(make(i), 0);
    for (let i = 1; i <= 200_000; i++) assertEquals(ids.has(make(i), 0), true);
    const ms = cpuMs() - began;
    // All in one chain would be 20 billion steps.
    assertEquals(ms < 5000, true, `took ${ms} ms`);
  }
});
