import { assertEquals } from "@std/assert";
import type { Exporter, ExportResult } from "../../src/pipeline/exporter.ts";
import { withRetry } from "../../src/pipeline/retry.ts";
import { batchOfPoints, testPoint } from "../support/points.ts";

const BATCH = batchOfPoints([testPoint("a")]);
const RETRYABLE: ExportResult = { status: "retryable", error: "503" };
const SUCCESS: ExportResult = { status: "success" };
const never = new AbortController().signal;

/** An exporter that gives `results` one after another, each after `tookMs` of a clock of its own. */
function scripted(
  results: ExportResult[],
  tookMs = 0,
): { exporter: Exporter; now: () => number; calls: () => number } {
  let calls = 0;
  let now = 0;
  const exporter: Exporter = {
    name: "scripted",
    maxBatchBytes: 1000,
    pointOverheadBytes: () => 0,
    export: () => {
      now += tookMs;
      return Promise.resolve(results[calls++] ?? SUCCESS);
    },
  };
  return { exporter, now: () => now, calls: () => calls };
}

Deno.test("withRetry() tries once more after a hiccup", async () => {
  const { exporter, now, calls } = scripted([RETRYABLE, SUCCESS]);
  assertEquals(await withRetry(exporter, { now, waitMs: 1 }).export(BATCH, never), SUCCESS);
  assertEquals(calls(), 2);
});

Deno.test("withRetry() tries no third time", async () => {
  const { exporter, now, calls } = scripted([RETRYABLE, RETRYABLE, SUCCESS]);
  assertEquals(await withRetry(exporter, { now, waitMs: 1 }).export(BATCH, never), RETRYABLE);
  assertEquals(calls(), 2);
});

Deno.test("withRetry() repeats neither success, nor refusal, nor what Dataway asks to wait for", async () => {
  const finals: ExportResult[] = [
    SUCCESS,
    { status: "failure", error: "400", reason: "rejected" },
    { status: "too_large", error: "413" },
    { ...RETRYABLE, retryAfterMs: 1000 },
  ];
  for (const result of finals) {
    const { exporter, now, calls } = scripted([result]);
    assertEquals(await withRetry(exporter, { now, waitMs: 1 }).export(BATCH, never), result);
    assertEquals(calls(), 1);
  }
});

Deno.test("withRetry() does not repeat what took long", async () => {
  const { exporter, now, calls } = scripted([RETRYABLE], 251);
  await withRetry(exporter, { now, waitMs: 1 }).export(BATCH, never);
  assertEquals(calls(), 1);
});

Deno.test("withRetry() gives up waiting when the flush's time is over", async () => {
  const { exporter, now, calls } = scripted([RETRYABLE]);
  const abort = new AbortController();
  const sent = withRetry(exporter, { now, waitMs: 60_000 }).export(BATCH, abort.signal);
  await Promise.resolve();
  abort.abort();
  assertEquals(await sent, RETRYABLE);
  assertEquals(calls(), 1);
});
