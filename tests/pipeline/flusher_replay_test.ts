/** The flusher with a spool: when it sends files, and what becomes of them. */
import { assertEquals } from "@std/assert";
import { createLogger } from "@std/log";
import { type CircuitBreaker, createCircuitBreaker } from "../../src/pipeline/circuit_breaker.ts";
import type { Exporter, ExportResult } from "../../src/pipeline/exporter.ts";
import { createFlusher, type Flusher, type FlushReport } from "../../src/pipeline/flusher.ts";
import { createUploads } from "../../src/pipeline/uploads.ts";
import { messagesOf, pointsOf } from "../support/points.ts";
import { createFakeDisk, type FakeDisk } from "./fake_files.ts";
import { type SpoolProcess, startSpoolProcess } from "./spool_process.ts";

interface Harness {
  readonly disk: FakeDisk;
  readonly run: SpoolProcess;
  readonly flusher: Flusher;
  readonly breaker: CircuitBreaker;
  readonly sent: unknown[][];
  readonly reports: FlushReport[];
  answer: (messages: unknown[]) => ExportResult;
}

const SUCCESS: ExportResult = { status: "success" };
const RETRYABLE: ExportResult = { status: "retryable", error: "503" };
const TOO_LARGE: ExportResult = { status: "too_large", error: "413" };

/** Starts with `spooled` in files, one file for each inner list. */
function newHarness(...spooled: readonly string[][]): Harness {
  const disk = createFakeDisk();
  for (const names of spooled) {
    const before = startSpoolProcess(disk);
    before.add(...names);
    before.spool.spill(100);
  }
  const run = startSpoolProcess(disk);
  const breaker = createCircuitBreaker({ now: () => run.now });
  const sent: unknown[][] = [];
  const harness: Omit<Harness, "flusher"> = { disk, run, breaker, sent, reports: [], answer: () => SUCCESS };
  const log = createLogger({ write: () => {} });
  const exporter: Exporter = {
    name: "test",
    maxBatchBytes: 10_000,
    pointOverheadBytes: () => 0,
    export: (batch) => {
      sent.push(messagesOf(pointsOf(batch)));
      return Promise.resolve(harness.answer(messagesOf(pointsOf(batch))));
    },
  };
  const flusher = createFlusher({
    store: run.store,
    spool: run.spool,
    exporter,
    uploads: createUploads({ exporter, retry: (attempt) => attempt(), log, now: () => run.now }),
    breaker,
    collect: () => {},
    onFlushed: (report) => harness.reports.push(report),
    log,
    now: () => run.now,
  });
  return Object.assign(harness, { flusher });
}

const never = new AbortController().signal;

Deno.test("flusher.flush() sends memory first, then the files, oldest first", async () => {
  const { run, flusher, sent, disk, reports } = newHarness(["a", "b"], ["c"]);
  run.add("new");
  await flusher.flush(never);
  assertEquals(sent, [["new"], ["a", "b"], ["c"]]);
  assertEquals([reports[0]?.exported, disk.contents.size, flusher.stuck], [4, 0, false]);
  run.checkAccount();
});

Deno.test("flusher.flush() leaves files alone when Dataway does not take what memory holds", async () => {
  const harness = newHarness(["a"]);
  harness.answer = () => RETRYABLE;
  harness.run.add("new");
  await harness.flusher.flush(never);
  assertEquals(harness.sent, [["new"]]);
  assertEquals([harness.disk.contents.size, harness.flusher.stuck], [1, true]);
});

Deno.test("flusher.flush() keeps a file that Dataway does not take, and goes no further", async () => {
  const harness = newHarness(["a"], ["b"]);
  harness.answer = () => RETRYABLE;
  await harness.flusher.flush(never);
  assertEquals(harness.reports.at(-1)?.restored, 1);
  assertEquals(harness.sent, [["a"]]);
  harness.answer = () => SUCCESS;
  await harness.flusher.flush(never);
  assertEquals(harness.sent, [["a"], ["a"], ["b"]]);
  harness.run.checkAccount();
});

Deno.test("flusher.flush() halves a file that is too large, and keeps the half that was not taken", async () => {
  const harness = newHarness(["a", "b", "c", "d"]);
  harness.answer = (messages) => messages.length > 2 ? TOO_LARGE : messages[0] === "a" ? SUCCESS : RETRYABLE;
  await harness.flusher.flush(never);
  assertEquals(harness.sent, [["a", "b", "c", "d"], ["a", "b"], ["c", "d"]]);
  harness.run.checkAccount();
  assertEquals(startSpoolProcess(harness.disk).replay(), ["c", "d"]);
});

Deno.test("flusher.flush() halves the next files without asking whether they are too large as well", async () => {
  const harness = newHarness(["a", "b", "c", "d"], ["e", "f", "g", "h"]);
  harness.answer = (messages) => messages.length > 2 ? TOO_LARGE : SUCCESS;
  await harness.flusher.flush(never);
  assertEquals(harness.sent, [["a", "b", "c", "d"], ["a", "b"], ["c", "d"], ["e", "f"], ["g", "h"]]);
  assertEquals([harness.disk.contents.size, harness.reports.at(-1)?.exported], [0, 8]);
});

Deno.test("flusher.flush() counts a file that Dataway refuses for good", async () => {
  const harness = newHarness(["a", "b"]);
  harness.answer = () => ({ status: "failure", error: "403", reason: "forbidden" });
  await harness.flusher.flush(never);
  assertEquals(harness.reports.at(-1)?.dropped, 2);
  assertEquals(harness.run.ledger.totalDropped(), new Map([["forbidden", 2]]));
  assertEquals(harness.disk.contents.size, 0);
});

Deno.test("flusher.flush() probes with a file when memory is empty, and not while the breaker is open", async () => {
  const harness = newHarness(["a"], ["b"]);
  harness.breaker.failed(1000);
  await harness.flusher.flush(never);
  assertEquals([harness.sent, harness.flusher.stuck], [[], true]);
  harness.run.now += 1000;
  await harness.flusher.flush(never);
  assertEquals(harness.sent, [["a"], ["b"]]);
});

Deno.test("flusher.flush() begins no further file once its time is over", async () => {
  const harness = newHarness(["a"], ["b"]);
  const over = new AbortController();
  harness.answer = () => {
    over.abort();
    return SUCCESS;
  };
  await harness.flusher.flush(over.signal);
  assertEquals(harness.sent, [["a"]]);
  assertEquals([harness.disk.contents.size, harness.flusher.stuck], [1, true]);
});

Deno.test("flusher.last() sends what comes while it replays files", async () => {
  const harness = newHarness(["a"]);
  harness.answer = ([message]) => {
    if (message === "a") harness.run.add("the last report");
    return SUCCESS;
  };
  await harness.flusher.last(1000);
  assertEquals(harness.sent, [["a"], ["the last report"]]);
});
