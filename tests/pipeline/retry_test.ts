import { assertEquals } from "@std/assert";
import type { ExportResult } from "../../src/pipeline/exporter.ts";
import { createRetry } from "../../src/pipeline/retry.ts";

const RETRYABLE: ExportResult = { status: "retryable", error: "503" };
const SUCCESS: ExportResult = { status: "success" };
const never = new AbortController().signal;

interface Tries {
  readonly result: Promise<ExportResult>;
  readonly count: () => number;
}

/** Tries that end with `results` one after another, each after `tookMs` of a clock of its own. */
function tryWith(
  results: readonly ExportResult[],
  { tookMs = 0, over = never }: { tookMs?: number; over?: AbortSignal } = {},
): Tries {
  let count = 0;
  let now = 0;
  const retry = createRetry({ now: () => now });
  const result = retry(() => {
    now += tookMs;
    return Promise.resolve(results[count++] ?? SUCCESS);
  }, over);
  return { result, count: () => count };
}

Deno.test("createRetry() tries once more after a hiccup", async () => {
  const { result, count } = tryWith([RETRYABLE, SUCCESS]);
  assertEquals([await result, count()], [SUCCESS, 2]);
});

Deno.test("createRetry() tries no third time", async () => {
  const { result, count } = tryWith([RETRYABLE, RETRYABLE, SUCCESS]);
  assertEquals([await result, count()], [RETRYABLE, 2]);
});

Deno.test("createRetry() repeats neither success, nor refusal, nor what Dataway asks to wait for", async () => {
  const finals: ExportResult[] = [
    SUCCESS,
    { status: "failure", error: "400", reason: "rejected" },
    { status: "too_large", error: "413" },
    { ...RETRYABLE, retryAfterMs: 1000 },
  ];
  for (const final of finals) {
    const { result, count } = tryWith([final]);
    assertEquals([await result, count()], [final, 1]);
  }
});

Deno.test("createRetry() does not repeat what took long", async () => {
  const { result, count } = tryWith([RETRYABLE], { tookMs: 251 });
  assertEquals([await result, count()], [RETRYABLE, 1]);
});

Deno.test("createRetry() gives up waiting when the flush is over", async () => {
  const abort = new AbortController();
  const { result, count } = tryWith([RETRYABLE], { over: abort.signal });
  await Promise.resolve();
  abort.abort();
  assertEquals([await result, count()], [RETRYABLE, 1]);
  const late = tryWith([RETRYABLE], { over: AbortSignal.abort() });
  assertEquals([await late.result, late.count()], [RETRYABLE, 1]);
});
