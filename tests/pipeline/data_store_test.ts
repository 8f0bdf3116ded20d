/** A store of entries that count for several data each. */
import { assertEquals } from "@std/assert";
import { createLedger, type Ledger } from "../../src/pipeline/ledger.ts";
import { createPointStore, type PointStore } from "../../src/pipeline/store.ts";

function open(): { store: PointStore; ledger: Ledger; put: (bytes: number, data: number) => void } {
  const ledger = createLedger();
  const store = createPointStore({ maxBytes: 100_000, ledger, masksCount: true });
  return {
    store,
    ledger,
    put: (bytes, data) => store.append("otlp", "tracing", new Uint8Array(bytes), bytes, data),
  };
}

function account({ store, ledger }: { store: PointStore; ledger: Ledger }): unknown {
  const [entry] = ledger.entries();
  return [entry?.received, entry?.exported, Object.fromEntries(entry?.dropped ?? []), store.held()];
}

Deno.test("an entry counts for as many data as it says, held, sent, refused in part and dropped", () => {
  const harness = open();
  harness.put(10, 7);
  harness.put(10, 5);
  assertEquals(account(harness), [12, 0, {}, 12]);
  const lease = harness.store.take("tracing", { maxBytes: 1000 });
  assertEquals([lease?.batch.count, lease?.batch.data], [2, 12]);
  lease?.putBack();
  const [first, second] = harness.store.take("tracing", { maxBytes: 1000 })?.split() ?? [];
  first?.exported(3);
  assertEquals(account(harness), [12, 4, { rejected: 3 }, 5]);
  second?.drop("rejected");
  assertEquals(account(harness), [12, 4, { rejected: 8 }, 0]);
});

Deno.test("more refused than was sent is no more than was sent", () => {
  const harness = open();
  harness.put(10, 2);
  harness.store.take("tracing", { maxBytes: 1000 })?.exported(50);
  assertEquals(account(harness), [2, 0, { rejected: 2 }, 0]);
});

Deno.test("a full store drops its oldest entries, with all their data", () => {
  const harness = open();
  for (let n = 0; n < 4; n++) harness.put(30_000, 10);
  assertEquals(account(harness), [40, 0, { store_full: 10 }, 30]);
});
