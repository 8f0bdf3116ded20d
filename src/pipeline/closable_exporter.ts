import type { Exporter, ExportResult } from "./exporter.ts";
import { takeOut } from "./few.ts";

/**
 * `exporter` with an end: disposing of it aborts `closing`, which its uploads listen to, and waits until none is under
 * way. Nothing is begun for a signal that has fired already, or after the end.
 */
export function makeClosable(exporter: Exporter, closing: AbortController): Exporter & AsyncDisposable {
  const underway: Promise<ExportResult>[] = [];
  return {
    ...exporter,
    async export(batch, signal, patienceMs): Promise<ExportResult> {
      if (signal.aborted || closing.signal.aborted) {
        return { status: "retryable", error: "No time left to upload" };
      }
      const result = exporter.export(batch, signal, patienceMs);
      underway.push(result);
      try {
        return await result;
      } finally {
        takeOut(underway, result);
      }
    },
    async [Symbol.asyncDispose](): Promise<void> {
      closing.abort(new DOMException("The exporter was closed", "AbortError"));
      await Promise.all(underway);
    },
  };
}
