import { assertEquals } from "@std/assert";
import { createLedgerSums } from "./ledger_sums.ts";

Deno.test("createLedgerSums() knows each moment, also between the sums it keeps", () => {
  const sums = createLedgerSums();
  const count = 1000;
  for (let i = 1; i <= count; i++) {
    sums.told({
      t: i,
      source: i % 3,
      cat: i % 3 === 0 ? -1 : 1,
      received: 2,
      exported: 1,
      dropped: 0,
      reason: "",
    });
    sums.arrived(i + 0.5, i % 2, 1);
  }
  for (const t of [0, 1, 255, 256, 257, 511.5, 512, 999, 1000, 5000]) {
    const until = Math.min(count, Math.floor(t));
    const told = sums.toldAt(t).reduce((sum, row) => sum + row.received, 0);
    assertEquals(told, 2 * until, `told at ${t}`);
    const arrived = sums.arrivedAt(t + 0.5).reduce((sum, points) => sum + points, 0);
    assertEquals(arrived, Math.min(count, Math.floor(t)), `arrived at ${t}`);
  }
  assertEquals(sums.toldAt(3), [
    { source: 0, cat: -1, received: 2, exported: 1, dropped: 0 },
    { source: 1, cat: 1, received: 2, exported: 1, dropped: 0 },
    { source: 2, cat: 1, received: 2, exported: 1, dropped: 0 },
  ]);
});
