import { assertEquals, assertExists, assertThrows } from "@std/assert";
import fc from "fast-check";
import { createLedger, type Ledger } from "../../src/pipeline/ledger.ts";
import { createPointStore, type PointStore } from "../../src/pipeline/store.ts";
import type { StoreLease } from "../../src/pipeline/store.ts";
import { messagesOf, pointsOf, put, testPoint } from "../support/points.ts";

/** Each test point is 100 bytes encoded, and 109 held. */
function newStore(maxBytes = 1_000_000, exportOn = true): { store: PointStore; ledger: Ledger } {
  const ledger = createLedger();
  return { ledger, store: createPointStore({ maxBytes, ledger, exportOn }) };
}

function add(store: PointStore, ...names: string[]): void {
  put(store, "otlp", names.map((name) => testPoint(name)), 100);
}

function take(store: PointStore, maxBytes = 1000, newestFirst = false): StoreLease {
  const lease = store.take("logging", { maxBytes, newestFirst });
  assertExists(lease);
  return lease;
}

Deno.test("store.take() lends points oldest first and stops before the batch would be too large", () => {
  const { store } = newStore();
  add(store, "a", "b", "c");
  assertEquals(messagesOf(pointsOf(take(store, 250))), ["a", "b"]);
  assertEquals(messagesOf(pointsOf(take(store, 250))), ["c"]);
  assertEquals(store.take("logging", { maxBytes: 250 }), undefined);
});

Deno.test("store.take() lends a single point alone although it is larger than the batch", () => {
  const { store } = newStore();
  add(store, "big", "next");
  assertEquals(messagesOf(pointsOf(take(store, 10))), ["big"]);
});

Deno.test("store.take() lends the newest points, in order, when asked for newest first", () => {
  const { store } = newStore();
  add(store, "a", "b", "c");
  assertEquals(messagesOf(pointsOf(take(store, 200, true))), ["b", "c"]);
});

Deno.test("store.take() counts what each point grows by on its way out", () => {
  const { store } = newStore();
  add(store, "a", "b", "c");
  const lease = store.take("logging", { maxBytes: 300, pointOverheadBytes: 50 });
  assertEquals(messagesOf(lease === undefined ? [] : pointsOf(lease)), ["a", "b"]);
});

Deno.test("a store's lease put back restores the order of arrival, also of halves and newest-first batches", () => {
  const { store } = newStore();
  add(store, "a", "b", "c", "d", "e");
  const newest = take(store, 100, true);
  const [first, second] = take(store, 400).split();
  add(store, "f");
  first.putBack();
  newest.putBack();
  second.putBack();
  assertEquals(messagesOf(pointsOf(take(store))), ["a", "b", "c", "d", "e", "f"]);
});

Deno.test("a store's lease put back restores the order also when one was taken from around another", () => {
  const { store } = newStore();
  add(store, "a", "b", "c", "d");
  const newest = take(store, 100, true);
  const first = take(store, 100);
  const middle = take(store, 200);
  newest.putBack();
  first.putBack();
  const around = take(store, 200);
  middle.putBack();
  around.putBack();
  assertEquals(messagesOf(pointsOf(take(store))), ["a", "b", "c", "d"]);
});

Deno.test("store drops the oldest when full and counts them by reason", () => {
  const { store, ledger } = newStore(3 * 109);
  add(store, "a", "b", "c", "d");
  assertEquals(messagesOf(pointsOf(take(store))), ["b", "c", "d"]);
  assertEquals([...ledger.totalDropped()], [["store_full", 1]]);
});

Deno.test("store makes the category that holds most pay first", () => {
  const { store, ledger } = newStore(4 * 109);
  put(store, "telemetry", [testPoint("m", "metric")], 100);
  add(store, "a", "b", "c", "d", "e");
  assertEquals(store.held("telemetry"), 1);
  assertEquals(ledger.entries().find((e) => e.category === "logging")?.dropped.get("store_full"), 2);
});

Deno.test("store counts lent points against its bound, and drops the oldest of the others", () => {
  const { store, ledger } = newStore(3 * 109);
  add(store, "a", "b", "c");
  const lease = take(store, 100);
  add(store, "d");
  lease.putBack();
  assertEquals(messagesOf(pointsOf(take(store))), ["a", "c", "d"]);
  assertEquals(ledger.totalDropped().get("store_full"), 1);
});

Deno.test("store refuses to settle one lease twice", () => {
  const { store } = newStore();
  add(store, "a");
  const lease = take(store);
  lease.exported();
  assertThrows(() => lease.putBack(), Error, "settled before");
});

Deno.test("store tells once each time that half of its bound is reached", () => {
  let told = 0;
  const store = createPointStore({
    maxBytes: 4 * 109,
    ledger: createLedger(),
    onPressure: () => void told++,
  });
  add(store, "a");
  assertEquals(told, 0);
  add(store, "b");
  add(store, "c");
  assertEquals(told, 1);
  take(store).exported();
  add(store, "d", "e");
  assertEquals(told, 2);
});

Deno.test("store counts everything as dropped when nothing can ever be sent", () => {
  const { store, ledger } = newStore(3 * 109, false);
  add(store, "a", "b");
  assertEquals(store.held(), 0);
  assertEquals(ledger.totalDropped().get("export_off"), 2);
});

Deno.test("store keeps received = exported + held + dropped through any sequence of actions", () => {
  const action = fc.constantFrom("add", "take", "takeNewest", "export", "putBack", "drop", "split", "shed");
  fc.assert(
    fc.property(
      fc.array(action, { maxLength: 200 }),
      fc.integer({ min: 109, max: 4000 }),
      (actions, max) => {
        const { store, ledger } = newStore(max);
        const lent: StoreLease[] = [];
        let n = 0;
        for (const each of actions) {
          const lease = each === "add" || each.startsWith("take") || each === "shed"
            ? undefined
            : lent.shift();
          if (each === "add") add(store, `${n++}`, `${n++}`, `${n++}`);
          else if (each === "shed") store.shed(max / 2, "memory_pressure");
          else if (each === "take" || each === "takeNewest") {
            const taken = store.take("logging", { maxBytes: 400, newestFirst: each === "takeNewest" });
            if (taken !== undefined) lent.push(taken);
          } else if (lease === undefined) continue;
          else if (each === "export") lease.exported();
          else if (each === "putBack") lease.putBack();
          else if (each === "drop") lease.drop("rejected");
          else if (lease.batch.count > 1) lent.push(...lease.split());
          else lease.putBack();

          const [entry] = ledger.entries();
          const dropped = [...ledger.totalDropped().values()].reduce((sum, count) => sum + count, 0);
          assertEquals(entry?.received ?? 0, (entry?.exported ?? 0) + dropped + store.held());
        }
        for (const lease of lent) lease.putBack();
        const order = [...iterate(store)].map(Number);
        assertEquals(order, [...order].sort((a, b) => a - b));
        assertEquals(store.heldBytes, order.length * 109);
      },
    ),
  );
});

function* iterate(store: PointStore): Generator<unknown> {
  const lease = store.take("logging", { maxBytes: Infinity });
  if (lease === undefined) return;
  yield* messagesOf(pointsOf(lease));
}
