import { describeError, type Logger } from "@std/log";
import type { Category } from "../point/point.ts";
import type { CircuitBreaker } from "./circuit_breaker.ts";
import { settledBefore } from "./deadline.ts";
import type { Exporter, ExportResult } from "./exporter.ts";
import type { HeldBatch, PointStore } from "./store.ts";

/** What one flush did, in points. */
export interface FlushReport {
  readonly exported: number;
  /** Put back for later. */
  readonly restored: number;
  /** Refused for good, or too large: counted in the ledger. */
  readonly dropped: number;
  readonly durationMs: number;
}

export interface FlushOptions {
  /** Newest first: for the last flush, where not everything may fit. */
  readonly newestFirst?: boolean;
  /** Tries although the circuit breaker is open: for the last flush. */
  readonly force?: boolean;
}

/** Empties the store into the exporter. */
export interface Flusher {
  /**
   * Collects aggregates and sends what is held until nothing is left, Dataway refuses, or `signal` fires. Joins a
   * flush in flight first. Never throws; what could not be sent is back in the store.
   */
  flush(signal: AbortSignal, options?: FlushOptions): Promise<FlushReport>;
  /** Whether a flush is in flight. */
  readonly busy: boolean;
  /** When the last flush that sent something ended, Unix ms; 0 before. */
  readonly lastFlushAt: number;
}

export interface FlusherOptions {
  readonly store: PointStore;
  readonly exporter: Exporter;
  readonly breaker: CircuitBreaker;
  /** Hands on aggregates (StatsD, own figures). A failure costs only that aggregate. */
  readonly collect: () => Promise<void> | void;
  /** Told of each flush that tried to send something. */
  readonly onFlushed?: (report: FlushReport) => void;
  readonly log: Logger;
  /** Unix time in ms. */
  readonly now: () => number;
}

/** A probe of a Dataway that was down carries little: it is likely to be sent in vain. In bytes. */
const PROBE_BYTES = 16_384;

interface Tally {
  exported: number;
  restored: number;
  dropped: number;
  /** Ends the flush: Dataway did not take a batch. */
  stopped: boolean;
}

/** A flusher over one store and one exporter. */
export function createFlusher(options: FlusherOptions): Flusher {
  const { store, exporter, breaker, collect, log, now } = options;
  let inFlight: Promise<FlushReport> | undefined;
  let lastFlushAt = 0;

  async function flush(signal: AbortSignal, flushOptions: FlushOptions = {}): Promise<FlushReport> {
    while (inFlight !== undefined) {
      if (!await settledBefore(inFlight, signal)) {
        return { exported: 0, restored: 0, dropped: 0, durationMs: 0 };
      }
    }
    inFlight = run(signal, flushOptions);
    try {
      return await inFlight;
    } finally {
      inFlight = undefined;
    }
  }

  async function run(signal: AbortSignal, flushOptions: FlushOptions): Promise<FlushReport> {
    const startedAt = now();
    const tally: Tally = { exported: 0, restored: 0, dropped: 0, stopped: false };
    try {
      await collect();
    } catch (error) {
      log.error("Aggregates were lost as collecting them failed", { error: describeError(error) });
    }
    const state = flushOptions.force ? "closed" : breaker.state();
    if (state === "half_open") await probe(tally, signal);
    else if (state === "open") tally.stopped = true;
    if (!tally.stopped) {
      await Promise.all(store.categories().map((category) => drain(category, tally, signal, flushOptions)));
    }
    if (tally.exported > 0) lastFlushAt = now();
    const { exported, restored, dropped } = tally;
    const report = { exported, restored, dropped, durationMs: Math.max(0, now() - startedAt) };
    if (exported + restored + dropped > 0) options.onFlushed?.(report);
    return report;
  }

  async function probe(tally: Tally, signal: AbortSignal): Promise<void> {
    const [category] = store.categories();
    const batch = category === undefined ? undefined : store.take(category, { maxBytes: PROBE_BYTES });
    if (batch !== undefined) await send(batch, tally, signal);
  }

  /** Sends one category, batch after batch. The categories go side by side: their round trips overlap. */
  async function drain(
    category: Category,
    tally: Tally,
    signal: AbortSignal,
    o: FlushOptions,
  ): Promise<void> {
    while (!tally.stopped && !signal.aborted) {
      const batch = store.take(category, {
        maxBytes: exporter.maxBatchBytes,
        pointOverheadBytes: exporter.pointOverheadBytes(),
        newestFirst: o.newestFirst ?? false,
      });
      if (batch === undefined) return;
      await send(batch, tally, signal);
    }
  }

  async function send(batch: HeldBatch, tally: Tally, signal: AbortSignal): Promise<void> {
    const result = await exported(batch, signal);
    const count = batch.points.length;
    switch (result.status) {
      case "success":
        breaker.succeeded();
        store.exported(batch);
        tally.exported += count;
        return;
      case "retryable":
        breaker.failed(result.retryAfterMs);
        store.putBack(batch);
        tally.restored += count;
        tally.stopped = true;
        log.warn("Data is held as Dataway did not take it", { error: result.error });
        return;
      case "too_large":
        breaker.succeeded();
        if (count > 1) return await sendHalves(batch, tally, signal);
        store.drop(batch, "too_large");
        break;
      case "failure":
        breaker.succeeded();
        store.drop(batch, result.reason);
        break;
      default:
        result satisfies never;
    }
    tally.dropped += count;
    log.error("Data was dropped as Dataway refused it", {
      points: count,
      category: batch.category,
      error: result.error,
    });
  }

  /** Exporters do not throw; if one does all the same, its batch must not be lost. */
  async function exported(batch: HeldBatch, signal: AbortSignal): Promise<ExportResult> {
    try {
      return await exporter.export(batch, signal);
    } catch (error) {
      return { status: "retryable", error: describeError(error) };
    }
  }

  async function sendHalves(batch: HeldBatch, tally: Tally, signal: AbortSignal): Promise<void> {
    const halves = store.split(batch);
    for (const [index, half] of halves.entries()) {
      if (index > 0 && (tally.stopped || signal.aborted)) {
        store.putBack(half);
        tally.restored += half.points.length;
      } else await send(half, tally, signal);
    }
  }

  return {
    flush,
    get busy() {
      return inFlight !== undefined;
    },
    get lastFlushAt() {
      return lastFlushAt;
    },
  };
}
