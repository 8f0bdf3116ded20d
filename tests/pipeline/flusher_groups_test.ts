/** Points of different groups never share an upload, and each group is settled for itself. */
import { assertEquals } from "@std/assert";
import { createLogger } from "@std/log";
import { createCircuitBreaker } from "../../src/pipeline/circuit_breaker.ts";
import type { Exporter, ExportResult } from "../../src/pipeline/exporter.ts";
import { createFlusher } from "../../src/pipeline/flusher.ts";
import { createLedger, type Ledger } from "../../src/pipeline/ledger.ts";
import { createPointStore, type PointStore } from "../../src/pipeline/store.ts";
import { createUploads } from "../../src/pipeline/uploads.ts";
import { decodeRanges } from "../../src/point/point_range.ts";
import { messagesOf, pointsOf, put, testPoint } from "../support/points.ts";

const MESSAGES = ["a1", "b1", "a2", "c1", "c2", "a3"];
/** Of so many points the groups are found in slices. */
const MANY = 300;

interface Harness {
  readonly store: PointStore;
  readonly ledger: Ledger;
  /** Whether the group of a point cannot be found. */
  readonly names: { failing: boolean };
  /** The messages of each upload that a flush made. */
  flush(): Promise<string[]>;
}

/** A flusher that groups points by the first letter of their message. */
function harness(...answers: readonly ExportResult["status"][]): Harness {
  const names = { failing: false };
  const ledger = createLedger();
  const store = createPointStore({ maxBytes: 1e6, ledger });
  const sent: string[] = [];
  const left = [...answers];
  const log = createLogger({ write: () => {} });
  const exporter: Exporter = {
    name: "test",
    maxBatchBytes: 100_000,
    pointOverheadBytes: () => 0,
    export: (batch) => {
      sent.push(messagesOf(pointsOf(batch)).join());
      const status = left.shift() ?? "success";
      if (status === "failure") return Promise.resolve({ status, error: "400", reason: "rejected" });
      return Promise.resolve(status === "success" ? { status } : { status, error: status });
    },
  };
  const uploads = createUploads({
    exporter,
    groupOf: (category, range, index) => {
      if (names.failing) throw new Error("no group");
      const [message] = messagesOf(decodeRanges(category, [{ ...range, from: index, to: index + 1 }]));
      return String(message).slice(0, 1);
    },
    retry: (attempt) => attempt(),
    log,
    now: () => 0,
  });
  const flusher = createFlusher({
    store,
    exporter,
    uploads,
    breaker: createCircuitBreaker({ now: () => 0 }),
    collect: () => {},
    log,
    now: () => 0,
  });
  put(store, "otlp", MESSAGES.map((name) => testPoint(name)));
  const flush = async (): Promise<string[]> => {
    sent.length = 0;
    await flusher.flush(new AbortController().signal);
    return [...sent];
  };
  return { flush, store, ledger, names };
}

Deno.test("flusher sends each group of a batch for itself, in order", async () => {
  const { flush, store } = harness();
  assertEquals(await flush(), ["a1,a2,a3", "b1", "c1,c2"]);
  assertEquals(store.held(), 0);
});

Deno.test("flusher sends again only the groups that Dataway did not take, which lie in their old order", async () => {
  const { flush, store, ledger } = harness("success", "retryable");
  assertEquals(await flush(), ["a1,a2,a3", "b1"]);
  assertEquals(store.held(), 3);
  const lease = store.take("logging", { maxBytes: 1e6 });
  assertEquals(lease && messagesOf(pointsOf(lease)), ["b1", "c1", "c2"]);
  lease?.putBack();
  assertEquals(await flush(), ["b1", "c1,c2"]);
  assertEquals(ledger.entries().map(({ received, exported }) => [received, exported]), [[6, 6]]);
});

Deno.test("flusher drops the group that Dataway refuses for good, and halves one that is too large", async () => {
  const { flush, store, ledger } = harness("failure", "success", "too_large");
  assertEquals(await flush(), ["a1,a2,a3", "b1", "c1,c2", "c1", "c2"]);
  assertEquals(store.held(), 0);
  assertEquals(ledger.totalDropped(), new Map([["rejected", 3]]));
});

for (const more of [0, MANY]) {
  Deno.test(`flusher holds a batch of ${MESSAGES.length + more} points whose groups cannot be found`, async () => {
    const { flush, store, ledger, names } = harness();
    put(store, "otlp", Array.from({ length: more }, () => testPoint("d")));
    names.failing = true;
    assertEquals(await flush(), []);
    assertEquals(store.held(), MESSAGES.length + more);
    names.failing = false;
    assertEquals((await flush()).slice(0, 3), ["a1,a2,a3", "b1", "c1,c2"]);
    assertEquals(store.held(), 0);
    assertEquals(ledger.totalDropped(), new Map());
  });
}
