import { assertEquals, assertLess } from "@std/assert";
import { joinStores, withAside } from "../../src/pipeline/joint_store.ts";
import { createLedger } from "../../src/pipeline/ledger.ts";
import { createPointStore, type PointStore } from "../../src/pipeline/store.ts";

function createStore(): PointStore {
  return createPointStore({ maxBytes: 100_000, ledger: createLedger() });
}

/** Adds points of 1000 bytes each. */
function fill(store: PointStore, points: number): void {
  for (let n = 0; n < points; n++) store.append("otlp", "tracing", new Uint8Array(1000), 1000, 0);
}

Deno.test("stores that are short of memory together each give the same part", () => {
  const [a, b] = [createStore(), createStore()];
  fill(a, 60);
  fill(b, 20);
  const joint = joinStores([a, b]);
  const before = joint.heldBytes;
  joint.shed(before * 2, "memory_pressure");
  assertEquals(joint.heldBytes, before);
  joint.shed(before / 2, "memory_pressure");
  assertLess(joint.heldBytes, before / 2 + 1);
  assertEquals([a.held(), b.held()], [30, 10]);
});

Deno.test("what is held aside goes before anything of the store", () => {
  const store = createStore();
  fill(store, 10);
  const ofStore = store.heldBytes;
  const aside = {
    held: 1,
    heldBytes: 5000,
    shed: (maxBytes: number): void => void (aside.heldBytes = Math.min(aside.heldBytes, maxBytes)),
  };
  const both = withAside(store, aside);
  assertEquals(both.heldBytes, ofStore + 5000);
  both.shed(ofStore + 2000, "memory_pressure");
  assertEquals([store.heldBytes, aside.heldBytes], [ofStore, 2000]);
  both.shed(ofStore / 2, "memory_pressure");
  assertEquals([store.held(), aside.heldBytes], [5, 0]);
});

Deno.test("a store with nothing aside is that store", () => {
  const store = createStore();
  assertEquals(withAside(store, undefined) === store, true);
});
