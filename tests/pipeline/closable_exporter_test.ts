import { assertEquals } from "@std/assert";
import { makeClosable } from "../../src/pipeline/closable_exporter.ts";
import { type Batch, batchOf, type Exporter, type ExportResult } from "../../src/pipeline/exporter.ts";

const BATCH: Batch = batchOf("metric", []);
const TOO_LATE: ExportResult = { status: "retryable", error: "No time left to upload" };

function exporterOf(send: Exporter["export"]): Exporter {
  return { name: "test", maxBatchBytes: 1, pointOverheadBytes: () => 0, export: send };
}

Deno.test("makeClosable() ends uploads under way at the end, waits for them, and begins none after it", async () => {
  const closing = new AbortController();
  let begun = 0;
  let ended = 0;
  const exporter = makeClosable(
    exporterOf(async () => {
      begun++;
      await new Promise((resolve) => closing.signal.addEventListener("abort", resolve, { once: true }));
      await Promise.resolve();
      ended++;
      return { status: "success" };
    }),
    closing,
  );
  const upload = exporter.export(BATCH, new AbortController().signal);
  await exporter[Symbol.asyncDispose]();
  assertEquals([begun, ended], [1, 1]);
  assertEquals(await upload, { status: "success" });
  assertEquals(await exporter.export(BATCH, new AbortController().signal), TOO_LATE);
  assertEquals(begun, 1);
});

Deno.test("makeClosable() begins nothing for a signal that has fired, and hands on how long to wait", async () => {
  const patience: (number | undefined)[] = [];
  await using exporter = makeClosable(
    exporterOf((_batch, _signal, patienceMs) => {
      patience.push(patienceMs);
      return Promise.resolve({ status: "success" });
    }),
    new AbortController(),
  );
  assertEquals(await exporter.export(BATCH, AbortSignal.abort()), TOO_LATE);
  await exporter.export(BATCH, new AbortController().signal, 70);
  await exporter.export(BATCH, new AbortController().signal);
  assertEquals(patience, [70, undefined]);
});
