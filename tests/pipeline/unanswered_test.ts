/** A flush ends with its time; its uploads go on until they are answered, and nothing is sent twice for want of time. */
import { assert, assertEquals } from "@std/assert";
import { createLogger } from "@std/log";
import { type CircuitBreaker, createCircuitBreaker } from "../../src/pipeline/circuit_breaker.ts";
import type { Exporter, ExportResult } from "../../src/pipeline/exporter.ts";
import { createFlusher, type Flusher } from "../../src/pipeline/flusher.ts";
import { isStoreLease } from "../../src/pipeline/store.ts";
import { createUploads, type Uploads } from "../../src/pipeline/uploads.ts";
import type { Category } from "../../src/point/point.ts";
import { messagesOf, pointsOf, put, testPoint } from "../support/points.ts";
import { createFakeDisk, type FakeDisk } from "./fake_files.ts";
import { type SpoolLife, startLife } from "./spool_life.ts";

interface Rig {
  readonly life: SpoolLife;
  readonly disk: FakeDisk;
  readonly flusher: Flusher;
  readonly uploads: Uploads;
  readonly breaker: CircuitBreaker;
  /** Uploads that were begun, and what answers each. */
  readonly begun: { readonly names: unknown[]; readonly answer: (result: ExportResult) => void }[];
}

const SUCCESS: ExportResult = { status: "success" };
const RETRYABLE: ExportResult = { status: "retryable", error: "no answer" };

function newRig(): Rig {
  const disk = createFakeDisk();
  const life = startLife(disk);
  const log = createLogger({ write: () => {} });
  const breaker = createCircuitBreaker({ now: () => life.now });
  const begun: Rig["begun"] = [];
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
  const uploads = createUploads({ exporter, retry: (attempt) => attempt(), log, now: () => life.now });
  const flusher = createFlusher({
    store: life.store,
    spool: life.spool,
    exporter,
    uploads,
    breaker,
    collect: () => {},
    log,
    now: () => life.now,
  });
  return { life, disk, flusher, uploads, breaker, begun };
}

function add({ life }: Rig, category: Category, name: string): void {
  put(life.store, "otlp", [testPoint(name, category)]);
}

/** Flushes for a moment. */
async function flush({ flusher }: Rig): Promise<void> {
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), 5);
  await flusher.flush(over.signal);
  clearTimeout(timer);
}

function answer({ begun }: Rig, result: ExportResult, index = 0): Promise<void> {
  begun[index]?.answer(result);
  return settle();
}

function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("an upload that outlives its flush is neither cut nor sent again, and is settled when it is answered", async () => {
  const rig = newRig();
  add(rig, "logging", "a");
  await flush(rig);
  assertEquals([rig.flusher.busy, rig.flusher.stuck, rig.uploads.count], [false, true, 1]);
  await flush(rig);
  assertEquals(rig.begun.length, 1);
  await answer(rig, SUCCESS);
  assertEquals([rig.life.store.held(), rig.breaker.state(), rig.flusher.stuck], [0, "closed", false]);
  assert(rig.flusher.lastFlushAt > 0);
});

Deno.test("while an upload is not answered no flush waits for another, but one beside the function", async () => {
  const rig = newRig();
  add(rig, "logging", "a");
  await flush(rig);
  add(rig, "logging", "b");
  add(rig, "tracing", "t");
  const startedAt = performance.now();
  await rig.flusher.flush(new AbortController().signal);
  assert(performance.now() - startedAt < 1000);
  assertEquals(rig.begun.map(({ names }) => names), [["a"], ["t"]]);
  const beside = rig.flusher.flush(new AbortController().signal, { beside: true });
  await settle();
  await answer(rig, SUCCESS, 0);
  await answer(rig, SUCCESS, 1);
  assertEquals(rig.begun.map(({ names }) => names), [["a"], ["t"], ["b"]]);
  await answer(rig, SUCCESS, 2);
  await beside;
  rig.life.checkAccount();
});

Deno.test("an upload that fails after its flush is one failure for the breaker, and its data are held", async () => {
  const rig = newRig();
  for (const state of ["closed", "open"] as const) {
    add(rig, "logging", "a");
    add(rig, "tracing", "t");
    await flush(rig);
    const first = rig.begun.length - 2;
    await answer(rig, RETRYABLE, first);
    await answer(rig, RETRYABLE, first + 1);
    assertEquals(rig.breaker.state(), state);
  }
  assertEquals(rig.life.store.held(), 4);
});

Deno.test("flusher.last() sends beside what is not answered, and in the end cuts and puts back everything", async () => {
  const rig = newRig();
  add(rig, "logging", "a");
  add(rig, "tracing", "t");
  await flush(rig);
  add(rig, "metric", "m");
  const last = rig.flusher.last(200);
  await settle();
  assertEquals(rig.begun.length, 3);
  await answer(rig, SUCCESS, 1);
  await last;
  // After a part of the time earlier uploads are cut, and what they carried is sent anew.
  assertEquals(rig.begun.slice(3).map(({ names }) => names), [["a"]]);
  assertEquals([rig.uploads.count, rig.life.store.held()], [0, 2]);
  rig.life.checkAccount();
});

Deno.test("flusher.last() ends a flush that is being made, but not its upload", async () => {
  const rig = newRig();
  add(rig, "logging", "a");
  const beside = rig.flusher.flush(new AbortController().signal, { beside: true });
  await settle();
  const last = rig.flusher.last(500);
  await beside;
  await answer(rig, SUCCESS);
  await last;
  assertEquals([rig.begun.length, rig.life.store.held()], [1, 0]);
});

Deno.test("an unanswered upload is in a file too while the sandbox may be killed, and in none once it is settled", async () => {
  for (const result of [SUCCESS, RETRYABLE]) {
    const rig = newRig();
    add(rig, "logging", "a");
    await flush(rig);
    rig.uploads.replaceLeases((lease) => isStoreLease(lease) ? rig.life.spool.secure(lease) ?? lease : lease);
    assertEquals([rig.disk.contents.size, rig.life.store.held(), rig.life.spool.held()], [1, 1, 0]);
    rig.life.checkAccount();
    assertEquals(rig.life.spool.take(), undefined, "it is on its way");
    assertEquals(startLife(copyOf(rig.disk)).replay(), ["a"]);
    await answer(rig, result);
    const isHeld = result === RETRYABLE;
    assertEquals(
      [rig.disk.contents.size, rig.life.store.held(), rig.life.spool.held()],
      isHeld ? [1, 0, 1] : [0, 0, 0],
    );
    rig.life.checkAccount();
    assertEquals(rig.life.replay(), isHeld ? ["a"] : []);
  }
});

/** What a next life of the sandbox finds after a kill. */
function copyOf(disk: FakeDisk): FakeDisk {
  const copy = createFakeDisk();
  for (const [name, bytes] of disk.contents) copy.contents.set(name, bytes);
  return copy;
}
