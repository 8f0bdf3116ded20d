/** Rows are sent as arrays: what goes in has to come out, however many cells were left out. */
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { keyOf, packRow, type RowTypes, unpackRow } from "./state.ts";

const figure = fc.nat({ max: 1_000_000 });
const counts = fc.tuple(fc.nat(9), fc.nat(9), fc.nat(9));

Deno.test("unpackRow() gives back every invocation that packRow() has packed", () => {
  const invocation: fc.Arbitrary<RowTypes["invocation"]> = fc.record({
    n: fc.integer({ min: 1 }),
    id: fc.uuid(),
    t: figure,
    run: figure,
    hold: figure,
    init: figure,
    inside: fc.constantFrom(0, 1),
    billed: figure,
    mem: figure,
    status: fc.constantFrom("running", "ok", "error", "timeout", "crash", "oom"),
    ev: fc.string(),
    pts: counts,
    wait: counts,
    lost: counts,
    err: fc.string(),
  });
  fc.assert(fc.property(invocation, (row) => {
    assertEquals(unpackRow("invocation", JSON.parse(JSON.stringify(packRow("invocation", row)))), row);
  }));
});

Deno.test("packRow() leaves out trailing defaults, and none before a value that is told", () => {
  const upload: RowTypes["upload"] = {
    ...{ n: 1, t: 2, d: 3, cat: 0, pts: 4, own: 0, raw: 5, wire: 6, status: 200, inv: 7, tries: 0 },
  };
  assertEquals(packRow("upload", upload), [1, 2, 3, 0, 4, 5, 6, 200, 7]);
  assertEquals(packRow("upload", { ...upload, own: 2 }), [1, 2, 3, 0, 4, 5, 6, 200, 7, 0, 2]);
});

Deno.test("keyOf() tells which rows replace each other", () => {
  assertEquals(keyOf("phase", { k: "frozen", life: 1, t: 12.5, d: -1, why: "" }), "frozen 12.5");
  assertEquals(keyOf("held", { t: 1, points: 2, bytes: 3, seen: 0 }), undefined);
  assertEquals(keyOf("dataway", { t: 1, mode: "ok" }), undefined);
});
