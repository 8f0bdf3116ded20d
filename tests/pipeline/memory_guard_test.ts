import { assert, assertEquals } from "@std/assert";
import { createLogger } from "@std/log";
import { createLedger, type Ledger } from "../../src/pipeline/ledger.ts";
import { createMemoryGuard, type MemoryGuard } from "../../src/pipeline/memory_guard.ts";
import { createPointStore, type PointStore } from "../../src/pipeline/store.ts";
import { testPoint } from "../support/points.ts";

interface Rig {
  readonly guard: MemoryGuard;
  readonly store: PointStore;
  readonly ledger: Ledger;
  readonly lines: string[];
  usedBytes: number;
}

/** Each point is held as 100,500 bytes; the limit is 100 MB. */
function newRig(points: number): Rig {
  const ledger = createLedger();
  const store = createPointStore({ maxBytes: 1e9, sizeOf: () => 100_000, ledger });
  const lines: string[] = [];
  const rig: Omit<Rig, "guard"> = { store, ledger, lines, usedBytes: 0 };
  const guard = createMemoryGuard({
    limitBytes: 100_000_000,
    usedBytes: () => rig.usedBytes,
    store,
    log: createLogger({ write: (line) => lines.push(line) }),
  });
  store.consumer("otlp")(Array.from({ length: points }, (_, n) => testPoint(`p${n}`)));
  return Object.assign(rig, { guard });
}

Deno.test("memory guard leaves data alone while the process is within its limit", () => {
  const rig = newRig(10);
  rig.usedBytes = 100_000_000;
  rig.guard.relieve();
  assertEquals([rig.guard.short, rig.store.held(), rig.lines], [false, 10, []]);
});

Deno.test("memory guard drops the oldest by what is used too much, counted, with one line", () => {
  const rig = newRig(10);
  rig.usedBytes = 100_250_000;
  assert(rig.guard.short);
  rig.guard.relieve();
  assertEquals(rig.store.held(), 7);
  assertEquals(rig.ledger.totalDropped(), new Map([["memory_pressure", 3]]));
  assertEquals(rig.lines.length, 1);
  assert(rig.lines[0]?.includes('"droppedBytes":301500'), rig.lines[0]);
});

Deno.test("memory guard keeps the newest 256 KiB whatever is used: dropping them would not help", () => {
  const rig = newRig(10);
  rig.usedBytes = 500_000_000;
  rig.guard.relieve();
  rig.guard.relieve();
  assertEquals([rig.store.held(), rig.lines.length], [2, 1]);
});
