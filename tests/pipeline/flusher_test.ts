import { assert, assertEquals } from "@std/assert";
import { createLogger } from "@std/log";
import { type CircuitBreaker, createCircuitBreaker } from "../../src/pipeline/circuit_breaker.ts";
import type { Batch, Exporter, ExportResult } from "../../src/pipeline/exporter.ts";
import { createFlusher, type Flusher, type FlushReport } from "../../src/pipeline/flusher.ts";
import { createLedger, type Ledger } from "../../src/pipeline/ledger.ts";
import { createPointStore, type PointStore } from "../../src/pipeline/store.ts";
import { createUploads } from "../../src/pipeline/uploads.ts";
import type { Category } from "../../src/point/point.ts";
import { messagesOf, pointsOf, put, testPoint } from "../support/points.ts";

type Answer = ExportResult | ((batch: Batch, signal: AbortSignal) => Promise<ExportResult>);

interface Harness {
  readonly flusher: Flusher;
  readonly store: PointStore;
  readonly ledger: Ledger;
  readonly sent: unknown[][];
  readonly lines: string[];
  readonly breaker: CircuitBreaker;
  /** What came of each flush that tried to send something. */
  readonly reports: FlushReport[];
  answer: Answer;
  now: number;
  collect: () => Promise<void> | void;
}

const SUCCESS: ExportResult = { status: "success" };
const RETRYABLE: ExportResult = { status: "retryable", error: "503" };

function newHarness(maxBatchBytes = 300): Harness {
  const ledger = createLedger();
  const store = createPointStore({ maxBytes: 1e6, ledger });
  const lines: string[] = [];
  const log = createLogger({ write: (line) => lines.push(line) });
  const breaker = createCircuitBreaker({ now: () => harness.now });
  const harness: Omit<Harness, "flusher"> = {
    store,
    ledger,
    sent: [],
    lines,
    breaker,
    reports: [],
    answer: SUCCESS,
    now: 0,
    collect: () => {},
  };
  const exporter: Exporter = {
    name: "test",
    maxBatchBytes,
    pointOverheadBytes: () => 0,
    export: async (batch, signal) => {
      harness.sent.push(messagesOf(pointsOf(batch)));
      return typeof harness.answer === "function" ? await harness.answer(batch, signal) : harness.answer;
    },
  };
  const flusher = createFlusher({
    store,
    exporter,
    uploads: createUploads({ exporter, retry: (attempt) => attempt(), log, now: () => harness.now }),
    breaker,
    collect: () => harness.collect(),
    onFlushed: (report) => harness.reports.push(report),
    log,
    now: () => harness.now,
  });
  return Object.assign(harness, { flusher });
}

/** Flushes and waits for what came of it. */
async function flush(
  harness: Harness,
  signal = never,
): Promise<Pick<FlushReport, "exported" | "restored" | "dropped">> {
  const before = harness.reports.length;
  await harness.flusher.flush(signal);
  return harness.reports.length > before ? harness.reports.at(-1) ?? NOTHING : NOTHING;
}

/** Lets Dataway take what it is sent only once the gate is open. */
function gate(harness: Harness): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  harness.answer = async () => {
    await promise;
    return SUCCESS;
  };
  return resolve;
}

function add(harness: Harness, category: Category, ...names: string[]): void {
  put(harness.store, "otlp", names.map((name) => testPoint(name, category)), 100);
}

const NOTHING = { exported: 0, restored: 0, dropped: 0 };
const never = new AbortController().signal;

Deno.test("flusher.flush() sends all that is held, batch after batch", async () => {
  const harness = newHarness(200);
  add(harness, "logging", "a", "b", "c");
  const report = await flush(harness);
  assertEquals(harness.sent, [["a", "b"], ["c"]]);
  assertEquals([report.exported, harness.store.held()], [3, 0]);
});

Deno.test("flusher.flush() sends what receivers collect at that moment", async () => {
  const harness = newHarness();
  harness.collect = () => add(harness, "logging", "aggregate");
  await harness.flusher.flush(never);
  assertEquals(harness.sent, [["aggregate"]]);
});

Deno.test("flusher.flush() goes on when collecting fails, and says so", async () => {
  const harness = newHarness();
  add(harness, "logging", "a");
  harness.collect = () => {
    throw new TypeError("bad aggregate");
  };
  assertEquals((await flush(harness)).exported, 1);
  assert(harness.lines.some((line) => line.includes("bad aggregate")));
});

Deno.test("flusher.flush() puts back what Dataway did not take and ends", async () => {
  const harness = newHarness(100);
  add(harness, "logging", "a", "b");
  harness.answer = RETRYABLE;
  const report = await flush(harness);
  assertEquals([report.restored, harness.sent.length, harness.store.held()], [1, 1, 2]);
  harness.answer = SUCCESS;
  await harness.flusher.flush(never);
  assertEquals(harness.sent.slice(1), [["a"], ["b"]]);
});

Deno.test("flusher.flush() drops and counts what Dataway refuses for good, and goes on", async () => {
  const harness = newHarness(100);
  add(harness, "logging", "bad", "good");
  harness.answer = (batch) =>
    Promise.resolve(
      messagesOf(pointsOf(batch))[0] === "bad"
        ? { status: "failure", error: "400", reason: "rejected" }
        : SUCCESS,
    );
  const report = await flush(harness);
  assertEquals([report.dropped, report.exported], [1, 1]);
  assertEquals([...harness.ledger.totalDropped()], [["rejected", 1]]);
});

Deno.test("flusher.flush() halves a batch that is too large until single points remain", async () => {
  const harness = newHarness(400);
  add(harness, "logging", "a", "b", "huge", "d");
  harness.answer = (batch) =>
    Promise.resolve(
      messagesOf(pointsOf(batch)).includes("huge") ? { status: "too_large", error: "413" } : SUCCESS,
    );
  const report = await flush(harness);
  assertEquals([report.exported, report.dropped], [3, 1]);
  assertEquals([...harness.ledger.totalDropped()], [["too_large", 1]]);
});

Deno.test("flusher.flush() does not put together again what was too large once", async () => {
  const harness = newHarness(400);
  harness.answer = (batch) =>
    Promise.resolve(batch.count > 2 ? { status: "too_large", error: "413" } : SUCCESS);
  add(harness, "logging", "a", "b", "c", "d");
  await harness.flusher.flush(never);
  add(harness, "logging", "e", "f", "g", "h");
  await harness.flusher.flush(never);
  assertEquals(harness.sent, [["a", "b", "c", "d"], ["a", "b"], ["c", "d"], ["e", "f"], ["g", "h"]]);
});

Deno.test("flusher.flush() loses no half when Dataway goes away between two halves", async () => {
  const harness = newHarness(400);
  add(harness, "logging", "a", "b", "c", "d");
  harness.answer = (batch) =>
    Promise.resolve(batch.count > 2 ? { status: "too_large", error: "413" } : RETRYABLE);
  await harness.flusher.flush(never);
  harness.answer = SUCCESS;
  await harness.flusher.flush(never);
  assertEquals(harness.sent.slice(-2), [["a", "b"], ["c", "d"]]);
});

Deno.test("flusher.flush() keeps a batch whose exporter throws", async () => {
  const harness = newHarness();
  add(harness, "logging", "a");
  harness.answer = () => Promise.reject(new Error("bug"));
  assertEquals((await flush(harness)).restored, 1);
  assertEquals(harness.store.held(), 1);
});

Deno.test("flusher.flush() tries nothing while the breaker is open, and one small probe after that", async () => {
  const harness = newHarness();
  harness.answer = RETRYABLE;
  add(harness, "logging", "a");
  await harness.flusher.flush(never);
  await harness.flusher.flush(never);
  assertEquals(harness.sent.length, 2);
  await harness.flusher.flush(never);
  assertEquals(harness.sent.length, 2);
  harness.now = 5000;
  await harness.flusher.flush(never);
  assertEquals(harness.sent.length, 3);
  await harness.flusher.flush(never);
  assertEquals(harness.sent.length, 3);
});

Deno.test("flusher.flush() sends everything once a probe succeeds", async () => {
  const harness = newHarness(20_000);
  harness.answer = RETRYABLE;
  add(harness, "logging", "a");
  add(harness, "tracing", "b");
  await harness.flusher.flush(never);
  await harness.flusher.flush(never);
  assertEquals(harness.store.held(), 2);
  harness.now = 5000;
  harness.answer = SUCCESS;
  await harness.flusher.flush(never);
  assertEquals(harness.store.held(), 0);
});

Deno.test("flusher.last() tries although the breaker is open", async () => {
  const harness = newHarness();
  harness.answer = RETRYABLE;
  add(harness, "logging", "a");
  await harness.flusher.flush(never);
  await harness.flusher.flush(never);
  harness.answer = SUCCESS;
  await harness.flusher.last(1000);
  assertEquals(harness.reports.at(-1)?.exported, 1);
});

Deno.test("flusher.last() takes along what comes in any category while it sends", async () => {
  const harness = newHarness();
  add(harness, "logging", "a");
  harness.answer = () => {
    if (harness.sent.length === 1) add(harness, "metric", "the last report");
    return Promise.resolve(SUCCESS);
  };
  await harness.flusher.last(1000);
  assertEquals(harness.reports.at(-1)?.exported, 2);
});

Deno.test("flusher.flush() waits for a flush that is being made, which takes along what came meanwhile", async () => {
  const harness = newHarness();
  const open = gate(harness);
  add(harness, "logging", "a");
  const first = harness.flusher.flush(never);
  while (harness.sent.length === 0) await Promise.resolve();
  add(harness, "logging", "b");
  const second = harness.flusher.flush(never);
  open();
  await first;
  await second;
  assertEquals(harness.sent, [["a"], ["b"]]);
  assertEquals(harness.reports.map(({ exported }) => exported), [2]);
});

Deno.test("flusher.flush() ends with its signal while it waits for another", async () => {
  const harness = newHarness();
  const open = gate(harness);
  add(harness, "logging", "a");
  const first = harness.flusher.flush(never);
  const impatient = new AbortController();
  const second = harness.flusher.flush(impatient.signal);
  impatient.abort();
  await second;
  open();
  await first;
  assertEquals(harness.reports.map(({ exported }) => exported), [1]);
});

Deno.test("flusher.flush() does not wait for aggregates beyond its signal", async () => {
  const harness = newHarness();
  harness.collect = () => new Promise(() => {});
  const abort = new AbortController();
  const flushing = harness.flusher.flush(abort.signal);
  abort.abort();
  await flushing;
  assertEquals(harness.reports, []);
});

Deno.test("flusher.flush() sends what is there when aggregates never come, and waits for them only once", async () => {
  const harness = newHarness();
  let collections = 0;
  harness.collect = () => {
    collections++;
    return new Promise(() => {});
  };
  add(harness, "logging", "a");
  await harness.flusher.flush(never);
  add(harness, "logging", "b");
  await harness.flusher.flush(never);
  assertEquals([harness.sent, collections], [[["a"], ["b"]], 1]);
});

Deno.test("flusher.flush() counts categories that fail side by side as one failure", async () => {
  const harness = newHarness();
  harness.answer = RETRYABLE;
  add(harness, "logging", "a");
  add(harness, "tracing", "b");
  add(harness, "keyevent", "c");
  await harness.flusher.flush(never);
  assertEquals(harness.breaker.state(), "closed");
  await harness.flusher.flush(never);
  assertEquals(harness.breaker.state(), "open");
  harness.now = 5000;
  assertEquals(harness.breaker.state(), "half_open");
});

Deno.test("flusher.flush() makes no probe once its signal has fired", async () => {
  const harness = newHarness();
  harness.answer = RETRYABLE;
  add(harness, "logging", "a");
  await harness.flusher.flush(never);
  await harness.flusher.flush(never);
  harness.now = 5000;
  await harness.flusher.flush(AbortSignal.abort());
  assertEquals([harness.sent.length, harness.breaker.state()], [2, "half_open"]);
});
