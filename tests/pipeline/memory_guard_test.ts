import { assert, assertEquals, assertLess } from "@std/assert";
import { createLogger } from "@std/log";
import { createLedger, type Ledger } from "../../src/pipeline/ledger.ts";
import { createMemoryGuard, type MemoryGuard } from "../../src/pipeline/memory_guard.ts";
import { createPointStore, type PointStore } from "../../src/pipeline/store.ts";
import { put, testPoint } from "../support/points.ts";

interface Setup {
  readonly guard: MemoryGuard;
  readonly store: PointStore;
  readonly ledger: Ledger;
  readonly lines: string[];
  usedBytes: number;
  /** What a garbage collection gives back. */
  garbageBytes: number;
  collections: number;
  now: number;
}

/** Each point is held as some 100,000 bytes; the limit is 100 MB. */
function setUp(points: number): Setup {
  const ledger = createLedger();
  const store = createPointStore({ maxBytes: 1e9, ledger });
  const lines: string[] = [];
  const setup: Omit<Setup, "guard"> = {
    store,
    ledger,
    lines,
    usedBytes: 0,
    garbageBytes: 0,
    collections: 0,
    now: 0,
  };
  const guard = createMemoryGuard({
    limitBytes: 100_000_000,
    usedBytes: () => setup.usedBytes,
    reclaimer: {
      // Only now is less memory used.
      collect: () => {
        setup.collections++;
        setup.usedBytes -= setup.garbageBytes;
        setup.garbageBytes = 0;
      },
    },
    store,
    log: createLogger({ write: (line) => lines.push(line) }),
    now: () => setup.now,
  });
  put(store, "otlp", Array.from({ length: points }, () => testPoint("p".repeat(100_000))));
  return Object.assign(setup, { guard });
}

Deno.test("memory guard leaves data alone while the process is within its limit", () => {
  const setup = setUp(10);
  setup.usedBytes = 100_000_000;
  setup.guard.relieve();
  assertEquals([setup.guard.short, setup.store.held(), setup.lines, setup.collections], [false, 10, [], 0]);
});

Deno.test("memory guard drops nothing where a garbage collection is enough", () => {
  const setup = setUp(10);
  setup.usedBytes = 300_000_000;
  setup.garbageBytes = 210_000_000;
  setup.guard.relieve();
  assertEquals([setup.store.held(), setup.lines, setup.collections], [10, [], 1]);
});

Deno.test("memory guard drops the oldest by what is used too much, counted, with one line", () => {
  const setup = setUp(20);
  setup.usedBytes = 100_250_000;
  assert(setup.guard.short);
  setup.guard.relieve();
  assertEquals(setup.store.held(), 17);
  assertEquals(setup.ledger.totalDropped(), new Map([["memory_pressure", 3]]));
  assertEquals(setup.lines.length, 1);
});

Deno.test("memory guard drops a quarter at a time, and collects garbage once in ten seconds", () => {
  const setup = setUp(100);
  const other = 490_000_000;
  const relieve = (): void => {
    setup.usedBytes = other + setup.store.heldBytes;
    setup.guard.relieve();
  };
  relieve();
  assertEquals([setup.store.held(), setup.collections], [75, 1]);
  relieve();
  assertEquals(setup.collections, 1);
  setup.now = 10_000;
  relieve();
  assertEquals(setup.collections, 2);
  assertLess(setup.store.held(), 75 * 0.6);
});

Deno.test("memory guard drops no more where a drop gave no memory back, until much more is used", () => {
  const setup = setUp(100);
  setup.usedBytes = 500_000_000;
  for (let i = 0; i < 5; i++) setup.guard.relieve();
  assertEquals(setup.store.held(), 75);
  setup.usedBytes = 510_000_000;
  for (let i = 0; i < 5; i++) setup.guard.relieve();
  assertEquals(setup.store.held(), 56);
});

Deno.test("memory guard keeps the newest 256 KiB whatever is used: dropping them would not help", () => {
  const setup = setUp(10);
  for (let i = 0; i < 50; i++) {
    setup.usedBytes = 500_000_000 + setup.store.heldBytes;
    setup.guard.relieve();
  }
  assertEquals(setup.store.held(), 2);
});
