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

interface Rig {
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

function newRig(maxBatchBytes = 300): Rig {
  const ledger = createLedger();
  const store = createPointStore({ maxBytes: 1e6, ledger });
  const lines: string[] = [];
  const log = createLogger({ write: (line) => lines.push(line) });
  const breaker = createCircuitBreaker({ now: () => rig.now });
  const rig: Omit<Rig, "flusher"> = {
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
      rig.sent.push(messagesOf(pointsOf(batch)));
      return typeof rig.answer === "function" ? await rig.answer(batch, signal) : rig.answer;
    },
  };
  const flusher = createFlusher({
    store,
    exporter,
    uploads: createUploads({ exporter, retry: (attempt) => attempt(), log, now: () => rig.now }),
    breaker,
    collect: () => rig.collect(),
    onFlushed: (report) => rig.reports.push(report),
    log,
    now: () => rig.now,
  });
  return Object.assign(rig, { flusher });
}

/** Flushes and waits for what came of it. */
async function flush(
  rig: Rig,
  signal = never,
): Promise<Pick<FlushReport, "exported" | "restored" | "dropped">> {
  const before = rig.reports.length;
  await rig.flusher.flush(signal);
  return rig.reports.length > before ? rig.reports.at(-1) ?? NOTHING : NOTHING;
}

function add(rig: Rig, category: Category, ...names: string[]): void {
  put(rig.store, "otlp", names.map((name) => testPoint(name, category)), 100);
}

const NOTHING = { exported: 0, restored: 0, dropped: 0 };
const never = new AbortController().signal;

Deno.test("flusher.flush() sends all that is held, batch after batch", async () => {
  const rig = newRig(200);
  add(rig, "logging", "a", "b", "c");
  const report = await flush(rig);
  assertEquals(rig.sent, [["a", "b"], ["c"]]);
  assertEquals([report.exported, rig.store.held()], [3, 0]);
});

Deno.test("flusher.flush() sends what receivers collect at that moment", async () => {
  const rig = newRig();
  rig.collect = () => add(rig, "logging", "aggregate");
  await rig.flusher.flush(never);
  assertEquals(rig.sent, [["aggregate"]]);
});

Deno.test("flusher.flush() goes on when collecting fails, and says so", async () => {
  const rig = newRig();
  add(rig, "logging", "a");
  rig.collect = () => {
    throw new TypeError("bad aggregate");
  };
  assertEquals((await flush(rig)).exported, 1);
  assert(rig.lines.some((line) => line.includes("bad aggregate")));
});

Deno.test("flusher.flush() puts back what Dataway did not take and ends", async () => {
  const rig = newRig(100);
  add(rig, "logging", "a", "b");
  rig.answer = RETRYABLE;
  const report = await flush(rig);
  assertEquals([report.restored, rig.sent.length, rig.store.held()], [1, 1, 2]);
  rig.answer = SUCCESS;
  await rig.flusher.flush(never);
  assertEquals(rig.sent.slice(1), [["a"], ["b"]]);
});

Deno.test("flusher.flush() drops and counts what Dataway refuses for good, and goes on", async () => {
  const rig = newRig(100);
  add(rig, "logging", "bad", "good");
  rig.answer = (batch) =>
    Promise.resolve(
      messagesOf(pointsOf(batch))[0] === "bad"
        ? { status: "failure", error: "400", reason: "rejected" }
        : SUCCESS,
    );
  const report = await flush(rig);
  assertEquals([report.dropped, report.exported], [1, 1]);
  assertEquals([...rig.ledger.totalDropped()], [["rejected", 1]]);
});

Deno.test("flusher.flush() halves a batch that is too large until single points remain", async () => {
  const rig = newRig(400);
  add(rig, "logging", "a", "b", "huge", "d");
  rig.answer = (batch) =>
    Promise.resolve(
      messagesOf(pointsOf(batch)).includes("huge") ? { status: "too_large", error: "413" } : SUCCESS,
    );
  const report = await flush(rig);
  assertEquals([report.exported, report.dropped], [3, 1]);
  assertEquals([...rig.ledger.totalDropped()], [["too_large", 1]]);
});

Deno.test("flusher.flush() does not put together again what was too large once", async () => {
  const rig = newRig(400);
  rig.answer = (batch) => Promise.resolve(batch.count > 2 ? { status: "too_large", error: "413" } : SUCCESS);
  add(rig, "logging", "a", "b", "c", "d");
  await rig.flusher.flush(never);
  add(rig, "logging", "e", "f", "g", "h");
  await rig.flusher.flush(never);
  assertEquals(rig.sent, [["a", "b", "c", "d"], ["a", "b"], ["c", "d"], ["e", "f"], ["g", "h"]]);
});

Deno.test("flusher.flush() loses no half when Dataway goes away between two halves", async () => {
  const rig = newRig(400);
  add(rig, "logging", "a", "b", "c", "d");
  rig.answer = (batch) =>
    Promise.resolve(batch.count > 2 ? { status: "too_large", error: "413" } : RETRYABLE);
  await rig.flusher.flush(never);
  rig.answer = SUCCESS;
  await rig.flusher.flush(never);
  assertEquals(rig.sent.slice(-2), [["a", "b"], ["c", "d"]]);
});

Deno.test("flusher.flush() keeps a batch whose exporter throws", async () => {
  const rig = newRig();
  add(rig, "logging", "a");
  rig.answer = () => Promise.reject(new Error("bug"));
  assertEquals((await flush(rig)).restored, 1);
  assertEquals(rig.store.held(), 1);
});

Deno.test("flusher.flush() tries nothing while the breaker is open, and one small probe after that", async () => {
  const rig = newRig();
  rig.answer = RETRYABLE;
  add(rig, "logging", "a");
  await rig.flusher.flush(never);
  await rig.flusher.flush(never);
  assertEquals(rig.sent.length, 2);
  await rig.flusher.flush(never);
  assertEquals(rig.sent.length, 2);
  rig.now = 5000;
  await rig.flusher.flush(never);
  assertEquals(rig.sent.length, 3);
  await rig.flusher.flush(never);
  assertEquals(rig.sent.length, 3);
});

Deno.test("flusher.flush() sends everything once a probe succeeds", async () => {
  const rig = newRig(20_000);
  rig.answer = RETRYABLE;
  add(rig, "logging", "a");
  add(rig, "tracing", "b");
  await rig.flusher.flush(never);
  await rig.flusher.flush(never);
  assertEquals(rig.store.held(), 2);
  rig.now = 5000;
  rig.answer = SUCCESS;
  await rig.flusher.flush(never);
  assertEquals(rig.store.held(), 0);
});

Deno.test("flusher.last() tries although the breaker is open", async () => {
  const rig = newRig();
  rig.answer = RETRYABLE;
  add(rig, "logging", "a");
  await rig.flusher.flush(never);
  await rig.flusher.flush(never);
  rig.answer = SUCCESS;
  await rig.flusher.last(1000);
  assertEquals(rig.reports.at(-1)?.exported, 1);
});

Deno.test("flusher.last() takes along what comes in any category while it sends", async () => {
  const rig = newRig();
  add(rig, "logging", "a");
  rig.answer = () => {
    if (rig.sent.length === 1) add(rig, "metric", "the last report");
    return Promise.resolve(SUCCESS);
  };
  await rig.flusher.last(1000);
  assertEquals(rig.reports.at(-1)?.exported, 2);
});

Deno.test("flusher.flush() waits for a flush that is being made, which takes along what came meanwhile", async () => {
  const rig = newRig();
  const gate = Promise.withResolvers<void>();
  rig.answer = async () => {
    await gate.promise;
    return SUCCESS;
  };
  add(rig, "logging", "a");
  const first = rig.flusher.flush(never);
  while (rig.sent.length === 0) await Promise.resolve();
  add(rig, "logging", "b");
  const second = rig.flusher.flush(never);
  gate.resolve();
  await first;
  await second;
  assertEquals(rig.sent, [["a"], ["b"]]);
  assertEquals(rig.reports.map(({ exported }) => exported), [2]);
});

Deno.test("flusher.flush() ends with its signal while it waits for another", async () => {
  const rig = newRig();
  const gate = Promise.withResolvers<void>();
  rig.answer = async () => {
    await gate.promise;
    return SUCCESS;
  };
  add(rig, "logging", "a");
  const first = rig.flusher.flush(never);
  const impatient = new AbortController();
  const second = rig.flusher.flush(impatient.signal);
  impatient.abort();
  await second;
  gate.resolve();
  await first;
  assertEquals(rig.reports.map(({ exported }) => exported), [1]);
});

Deno.test("flusher.flush() does not wait for aggregates beyond its signal", async () => {
  const rig = newRig();
  rig.collect = () => new Promise(() => {});
  const abort = new AbortController();
  const flushing = rig.flusher.flush(abort.signal);
  abort.abort();
  await flushing;
  assertEquals(rig.reports, []);
});

Deno.test("flusher.flush() sends what is there when aggregates never come, and waits for them only once", async () => {
  const rig = newRig();
  let collections = 0;
  rig.collect = () => {
    collections++;
    return new Promise(() => {});
  };
  add(rig, "logging", "a");
  await rig.flusher.flush(never);
  add(rig, "logging", "b");
  await rig.flusher.flush(never);
  assertEquals([rig.sent, collections], [[["a"], ["b"]], 1]);
});

Deno.test("flusher.flush() counts categories that fail side by side as one failure", async () => {
  const rig = newRig();
  rig.answer = RETRYABLE;
  add(rig, "logging", "a");
  add(rig, "tracing", "b");
  add(rig, "keyevent", "c");
  await rig.flusher.flush(never);
  assertEquals(rig.breaker.state(), "closed");
  await rig.flusher.flush(never);
  assertEquals(rig.breaker.state(), "open");
  rig.now = 5000;
  assertEquals(rig.breaker.state(), "half_open");
});

Deno.test("flusher.flush() makes no probe once its signal has fired", async () => {
  const rig = newRig();
  rig.answer = RETRYABLE;
  add(rig, "logging", "a");
  await rig.flusher.flush(never);
  await rig.flusher.flush(never);
  rig.now = 5000;
  await rig.flusher.flush(AbortSignal.abort());
  assertEquals([rig.sent.length, rig.breaker.state()], [2, "half_open"]);
});
