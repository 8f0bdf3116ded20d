/** A flush ends with its time; its uploads go on until they are answered, and nothing is sent twice for want of time. */
import { assert, assertEquals } from "@std/assert";
import { createLogger } from "@std/log";
import { type CircuitBreaker, createCircuitBreaker } from "../../src/pipeline/circuit_breaker.ts";
import type { Exporter, ExportResult } from "../../src/pipeline/exporter.ts";
import { createFlusher, type Flusher, type FlushOptions } from "../../src/pipeline/flusher.ts";
import { isStoreLease } from "../../src/pipeline/store.ts";
import { createUploads, type Uploads } from "../../src/pipeline/uploads.ts";
import type { Category } from "../../src/point/point.ts";
import { messagesOf, pointsOf, put, testPoint } from "../support/points.ts";
import { createFakeDisk, type FakeDisk } from "./fake_files.ts";
import { type SpoolProcess, startSpoolProcess } from "./spool_process.ts";

interface Harness {
  readonly run: SpoolProcess;
  readonly disk: FakeDisk;
  readonly flusher: Flusher;
  readonly uploads: Uploads;
  readonly breaker: CircuitBreaker;
  /** Uploads that were begun, and what answers each. */
  readonly begun: { readonly names: unknown[]; readonly answer: (result: ExportResult) => void }[];
}

const SUCCESS: ExportResult = { status: "success" };
const RETRYABLE: ExportResult = { status: "retryable", error: "no answer" };

function newHarness(): Harness {
  const disk = createFakeDisk();
  const run = startSpoolProcess(disk);
  const log = createLogger({ write: () => {} });
  const breaker = createCircuitBreaker({ now: () => run.now });
  const begun: Harness["begun"] = [];
  const exporter: Exporter = {
    name: "test",
    maxBatchBytes: 100_000,
    pointOverheadBytes: () => 0,
    export: (batch, signal) =>
      new Promise((resolve) => {
        begun.push({ names: messagesOf(pointsOf(batch)), answer: resolve });
        signal.addEventListener("abort", () => resolve({ status: "retryable", error: "cut" }));
      }),
  };
  const uploads = createUploads({ exporter, retry: (attempt) => attempt(), log, now: () => run.now });
  const flusher = createFlusher({
    store: run.store,
    spool: run.spool,
    exporter,
    uploads,
    breaker,
    collect: () => {},
    log,
    now: () => run.now,
  });
  return { run, disk, flusher, uploads, breaker, begun };
}

function add({ run }: Harness, category: Category, name: string): void {
  put(run.store, "otlp", [testPoint(name, category)]);
}

/** Flushes for a moment. */
async function flush({ flusher }: Harness, options?: FlushOptions): Promise<void> {
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), 5);
  await flusher.flush(over.signal, options);
  clearTimeout(timer);
}

function answer({ begun }: Harness, result: ExportResult, index = 0): Promise<void> {
  begun[index]?.answer(result);
  return settle();
}

function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("an upload that outlives its flush is neither cut nor sent again, and is settled when it is answered", async () => {
  const harness = newHarness();
  add(harness, "logging", "a");
  await flush(harness);
  assertEquals([harness.flusher.busy, harness.flusher.stuck, harness.uploads.count], [false, true, 1]);
  await flush(harness);
  assertEquals(harness.begun.length, 1);
  await answer(harness, SUCCESS);
  assertEquals([harness.run.store.held(), harness.breaker.state(), harness.flusher.stuck], [
    0,
    "closed",
    false,
  ]);
  assert(harness.flusher.lastFlushAt > 0);
});

Deno.test("while an upload is not answered no flush waits for another, but one beside the function", async () => {
  const harness = newHarness();
  add(harness, "logging", "a");
  await flush(harness);
  add(harness, "logging", "b");
  add(harness, "tracing", "t");
  const startedAt = performance.now();
  await harness.flusher.flush(new AbortController().signal);
  assert(performance.now() - startedAt < 1000);
  assertEquals(harness.begun.map(({ names }) => names), [["a"], ["t"]]);
  const beside = harness.flusher.flush(new AbortController().signal, { beside: true });
  await settle();
  await answer(harness, SUCCESS, 0);
  await answer(harness, SUCCESS, 1);
  assertEquals(harness.begun.map(({ names }) => names), [["a"], ["t"], ["b"]]);
  await answer(harness, SUCCESS, 2);
  await beside;
  harness.run.checkAccount();
});

Deno.test("a flush at the end waits for the young upload that a flush beside left, and goes on", async () => {
  const harness = newHarness();
  add(harness, "logging", "a");
  await flush(harness, { beside: true });
  add(harness, "logging", "b");
  const atEnd = harness.flusher.flush(new AbortController().signal);
  await settle();
  await answer(harness, SUCCESS, 0);
  await answer(harness, SUCCESS, 1);
  await atEnd;
  assertEquals([harness.begun.length, harness.uploads.count, harness.run.store.held()], [2, 0, 0]);
});

Deno.test("a flush at the end that has nothing to send waits for the young upload that a flush beside left", async () => {
  const harness = newHarness();
  add(harness, "logging", "a");
  await flush(harness, { beside: true });
  let isOver = false;
  const atEnd = harness.flusher.flush(new AbortController().signal).then(() => isOver = true);
  await settle();
  assertEquals(isOver, false);
  await answer(harness, SUCCESS);
  await atEnd;
  assertEquals([harness.uploads.count, harness.run.store.held()], [0, 0]);
});

Deno.test("a flush at the end waits for no old upload that a flush beside left", async () => {
  const harness = newHarness();
  add(harness, "logging", "a");
  await flush(harness, { beside: true });
  harness.run.now += 1000;
  add(harness, "logging", "b");
  await harness.flusher.flush(new AbortController().signal);
  assertEquals([harness.begun.length, harness.uploads.count], [1, 1]);
  await answer(harness, SUCCESS);
});

Deno.test("after a late answer data only waits for its plan, after a late failure for Dataway", async () => {
  for (const result of [SUCCESS, RETRYABLE]) {
    const harness = newHarness();
    add(harness, "logging", "a");
    await flush(harness);
    assertEquals(harness.flusher.stuck, true);
    await answer(harness, result);
    assertEquals(harness.flusher.stuck, result === RETRYABLE);
  }
});

Deno.test("a late failure is known also when a flush since then found nothing that it could send", async () => {
  const harness = newHarness();
  add(harness, "logging", "a");
  await flush(harness);
  await flush(harness);
  await answer(harness, RETRYABLE);
  assertEquals([harness.flusher.stuck, harness.run.store.held()], [true, 1]);
});

Deno.test("a late answer tells nothing of what Dataway refused in a flush since then", async () => {
  const harness = newHarness();
  add(harness, "logging", "a");
  await flush(harness);
  add(harness, "tracing", "t");
  await flush(harness);
  await answer(harness, RETRYABLE, 1);
  await answer(harness, SUCCESS, 0);
  assertEquals([harness.flusher.stuck, harness.run.store.held()], [true, 1]);
});

Deno.test("an upload that fails after its flush is one failure for the breaker, and its data are held", async () => {
  const harness = newHarness();
  for (const state of ["closed", "open"] as const) {
    add(harness, "logging", "a");
    add(harness, "tracing", "t");
    await flush(harness);
    const first = harness.begun.length - 2;
    await answer(harness, RETRYABLE, first);
    await answer(harness, RETRYABLE, first + 1);
    assertEquals(harness.breaker.state(), state);
  }
  assertEquals(harness.run.store.held(), 4);
});

Deno.test("flusher.last() sends beside what is not answered, and in the end cuts and puts back everything", async () => {
  const harness = newHarness();
  add(harness, "logging", "a");
  add(harness, "tracing", "t");
  await flush(harness);
  add(harness, "metric", "m");
  const last = harness.flusher.last(200);
  await settle();
  assertEquals(harness.begun.length, 3);
  await answer(harness, SUCCESS, 1);
  await last;
  // After a part of the time earlier uploads are cut, and what they carried is sent anew.
  assertEquals(harness.begun.slice(3).map(({ names }) => names), [["a"]]);
  assertEquals([harness.uploads.count, harness.run.store.held()], [0, 2]);
  harness.run.checkAccount();
});

Deno.test("flusher.last() ends a flush that is being made, but not its upload", async () => {
  const harness = newHarness();
  add(harness, "logging", "a");
  const beside = harness.flusher.flush(new AbortController().signal, { beside: true });
  await settle();
  const last = harness.flusher.last(500);
  await beside;
  await answer(harness, SUCCESS);
  await last;
  assertEquals([harness.begun.length, harness.run.store.held()], [1, 0]);
});

Deno.test("an unanswered upload is in a file too while the sandbox may be killed, and in none once it is settled", async () => {
  for (const result of [SUCCESS, RETRYABLE]) {
    const harness = newHarness();
    add(harness, "logging", "a");
    await flush(harness);
    harness.uploads.replaceLeases((lease) =>
      isStoreLease(lease) ? harness.run.spool.secure(lease) ?? lease : lease
    );
    assertEquals([harness.disk.contents.size, harness.run.store.held(), harness.run.spool.held()], [
      1,
      1,
      0,
    ]);
    harness.run.checkAccount();
    assertEquals(harness.run.spool.take(), undefined, "it is on its way");
    assertEquals(startSpoolProcess(copyOf(harness.disk)).replay(), ["a"]);
    await answer(harness, result);
    const isHeld = result === RETRYABLE;
    assertEquals(
      [harness.disk.contents.size, harness.run.store.held(), harness.run.spool.held()],
      isHeld ? [1, 0, 1] : [0, 0, 0],
    );
    harness.run.checkAccount();
    assertEquals(harness.run.replay(), isHeld ? ["a"] : []);
  }
});

/** What a next run of the sandbox finds after a kill. */
function copyOf(disk: FakeDisk): FakeDisk {
  const copy = createFakeDisk();
  for (const [name, bytes] of disk.contents) copy.contents.set(name, bytes);
  return copy;
}

/** Writes one file for each category. */
function spool(harness: Harness, ...categories: Category[]): void {
  for (const category of categories) {
    add(harness, category, `spooled ${category}`);
    harness.run.spool.spill(100);
  }
}

/** Lets time go by until so many uploads were begun. */
async function begun(harness: Harness, count: number): Promise<readonly unknown[]> {
  for (let tries = 0; tries < 100 && harness.begun.length < count; tries++) {
    harness.run.now += 5;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return harness.begun.flatMap(({ names }) => names);
}

Deno.test("a Dataway slower than each flush is sent the files as well, one in a lane", async () => {
  const harness = newHarness();
  spool(harness, "tracing", "security");
  add(harness, "logging", "a");
  const over = new AbortController();
  const flushing = harness.flusher.flush(over.signal);
  assertEquals(await begun(harness, 2), ["a", "spooled tracing"]);
  over.abort();
  await flushing;
  await answer(harness, SUCCESS, 1);
  // The store's upload still hangs: nothing is waited for, but the next file goes.
  await harness.flusher.flush(new AbortController().signal);
  assertEquals(await begun(harness, 3), ["a", "spooled tracing", "spooled security"]);
  await answer(harness, SUCCESS, 0);
  await answer(harness, SUCCESS, 2);
  assertEquals([harness.run.store.held(), harness.disk.contents.size], [0, 0]);
  harness.run.checkAccount();
});

Deno.test("flusher.last() sends files side by side, beside what memory holds", async () => {
  const harness = newHarness();
  spool(harness, "tracing", "security", "logging");
  add(harness, "network", "new");
  const ending = harness.flusher.last(2000);
  const names = await begun(harness, 4);
  for (let index = 0; index < 4; index++) await answer(harness, SUCCESS, index);
  await ending;
  // None of them waited for another's answer.
  assertEquals(names, ["new", "spooled tracing", "spooled security", "spooled logging"]);
  assertEquals([harness.run.spool.held(), harness.disk.contents.size], [0, 0]);
  harness.run.checkAccount();
});
