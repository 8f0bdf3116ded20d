import { describeError, type Logger } from "@std/log";
import type { Category } from "../point/point.ts";
import type { CircuitBreaker } from "./circuit_breaker.ts";
import { createDeadline, settledBefore } from "./deadline.ts";
import type { Batch, Exporter, ExportResult } from "./exporter.ts";
import type { Spool, SpooledBatch } from "./spool.ts";
import type { GroupOf, HeldBatch, Lender, PointStore } from "./store.ts";

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
  /** Whether the last flush that ended left data behind: Dataway did not take it, or time was over. */
  readonly stuck: boolean;
  /** When the last flush that sent something ended, Unix ms; 0 before. */
  readonly lastFlushAt: number;
}

export interface FlusherOptions {
  readonly store: PointStore;
  /** What earlier flushes could not send; sent after all that the store holds. */
  readonly spool?: Pick<Spool, "take" | keyof Lender<SpooledBatch>>;
  readonly exporter: Exporter;
  /** Points of different groups never share an upload. @default all are of one group */
  readonly groupOf?: GroupOf | undefined;
  readonly breaker: CircuitBreaker;
  /**
   * Hands on aggregates (StatsD, own figures). A failure costs only that aggregate. What takes too long is not waited
   * for and goes with a later flush.
   */
  readonly collect: () => Promise<void> | void;
  /** Told of each flush that tried to send something. */
  readonly onFlushed?: (report: FlushReport) => void;
  readonly log: Logger;
  /** Unix time in ms. */
  readonly now: () => number;
}

/** A probe of a Dataway that was down carries little: it is likely to be sent in vain. In bytes. */
const PROBE_BYTES = 16_384;
/**
 * Bodies stay below this but at the end, where round trips count more: encoding and compressing one holds up the
 * telemetry listener and `next`, on a 128 MB function ten times as long as on a whole CPU. In bytes.
 */
const BATCH_BYTES = 512 * 1024;
/** Longest wait for aggregates, in ms: they are at hand, or something is wrong with them. */
const COLLECT_MS = 100;
/** An upload cut by its flush's end is Dataway's failure only if it took that much longer than the one before. */
const HANGING_FACTOR = 2;

interface Tally {
  exported: number;
  restored: number;
  dropped: number;
  /** Ends the flush: Dataway did not take a batch. */
  stopped: boolean;
  /** What the latest answer took, by category, in ms. */
  readonly answeredMs: Map<Category, number>;
  /** Dataway is not well. */
  failed: boolean;
  /** The longest wait that it asked for, in ms. */
  retryAfterMs: number | undefined;
}

/** A flusher over one store and one exporter. */
export function createFlusher(options: FlusherOptions): Flusher {
  const { store, spool, exporter, breaker, collect, log, now } = options;
  let inFlight: Promise<FlushReport> | undefined;
  let stuck = false;
  let lastFlushAt = 0;
  let collecting: Promise<void> | undefined;
  /** Half of what Dataway found too large: halving anew in each flush would use up its time. In bytes. */
  let learntBytes = Infinity;

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
    const tally: Tally = {
      exported: 0,
      restored: 0,
      dropped: 0,
      stopped: false,
      answeredMs: new Map(),
      failed: false,
      retryAfterMs: undefined,
    };
    await gather(signal);
    const state = flushOptions.force ? "closed" : breaker.state();
    if (state === "half_open") await probe(tally, signal);
    else if (state === "open") tally.stopped = true;
    if (!tally.stopped) {
      await sendAll(tally, signal, flushOptions);
    }
    stuck = tally.stopped || signal.aborted;
    // A flush is one verdict, however many uploads it made side by side.
    if (tally.failed) breaker.failed(tally.retryAfterMs);
    else if (tally.answeredMs.size > 0) breaker.succeeded();
    if (tally.exported > 0) lastFlushAt = now();
    const { exported, restored, dropped } = tally;
    const report = { exported, restored, dropped, durationMs: Math.max(0, now() - startedAt) };
    if (exported + restored + dropped > 0) options.onFlushed?.(report);
    return report;
  }

  /** Waits for the aggregates of now; one collection at a time. */
  async function gather(signal: AbortSignal): Promise<void> {
    if (collecting !== undefined) return;
    collecting = collectSafely().finally(() => collecting = undefined);
    using deadline = createDeadline(COLLECT_MS, now);
    await settledBefore(collecting, AbortSignal.any([signal, deadline.signal]));
  }

  async function collectSafely(): Promise<void> {
    try {
      await collect();
    } catch (error) {
      log.error("Aggregates were lost as collecting them failed", { error: describeError(error) });
    }
  }

  async function probe(tally: Tally, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const [category] = store.categories();
    if (category === undefined) return await replay(tally, signal);
    const batch = store.take(category, { maxBytes: Math.min(PROBE_BYTES, learntBytes) });
    if (batch !== undefined) await sendHeld(batch, 0, tally, signal);
  }

  /** Sends the spool, file after file: the newest data, which the store has, went first. */
  async function replay(tally: Tally, signal: AbortSignal): Promise<void> {
    while (spool !== undefined && !tally.stopped && !signal.aborted) {
      const batch = spool.take();
      if (batch === undefined) return;
      await sendGroups(batch, spool, tally, signal);
    }
  }

  async function sendAll(tally: Tally, signal: AbortSignal, o: FlushOptions): Promise<void> {
    for (;;) {
      const categories = store.categories();
      await Promise.all(categories.map((category) => drain(category, tally, signal, o)));
      await replay(tally, signal);
      // What came meanwhile has another flush to go with, unless this is the last.
      if (!o.force || store.categories().length === 0 || tally.stopped || signal.aborted) return;
    }
  }

  /** Sends one category, batch after batch. The categories go side by side: their round trips overlap. */
  async function drain(
    category: Category,
    tally: Tally,
    signal: AbortSignal,
    o: FlushOptions,
  ): Promise<void> {
    while (!tally.stopped && !signal.aborted) {
      const pointOverheadBytes = exporter.pointOverheadBytes();
      const batch = store.take(category, {
        maxBytes: Math.min(exporter.maxBatchBytes, learntBytes, o.force ? Infinity : BATCH_BYTES),
        pointOverheadBytes,
        newestFirst: o.newestFirst ?? false,
      });
      if (batch === undefined) return;
      await sendHeld(batch, pointOverheadBytes, tally, signal);
    }
  }

  /** Sends what the store lent; what is too large as a whole is not put together again. */
  async function sendHeld(
    batch: HeldBatch,
    pointOverheadBytes: number,
    tally: Tally,
    signal: AbortSignal,
  ): Promise<void> {
    if (!await sendGroups(batch, store, tally, signal)) return;
    learntBytes = Math.min(learntBytes, (batch.sizeBytes + batch.count * pointOverheadBytes) / 2);
  }

  /** Sends each group of a batch for itself. Resolves to whether the batch, being of one, had to be halved. */
  async function sendGroups<B extends Batch>(
    batch: B,
    lender: Lender<B>,
    tally: Tally,
    signal: AbortSignal,
  ): Promise<boolean> {
    const groups = options.groupOf === undefined ? [batch] : lender.divide(batch, options.groupOf);
    if (groups.length < 2) return await send(batch, lender, tally, signal);
    await sendParts(groups, lender, tally, signal);
    return false;
  }

  /** Resolves to whether it had to be halved. */
  async function send<B extends Batch>(
    batch: B,
    lender: Lender<B>,
    tally: Tally,
    signal: AbortSignal,
  ): Promise<boolean> {
    const startedAt = now();
    const result = await exported(batch, signal);
    judge(batch.category, result, now() - startedAt, tally, signal);
    const count = batch.count;
    switch (result.status) {
      case "success":
        lender.exported(batch);
        tally.exported += count;
        return false;
      case "retryable":
        lender.putBack(batch);
        tally.restored += count;
        tally.stopped = true;
        log.warn("Data is held as Dataway did not take it", { error: result.error });
        return false;
      case "too_large":
        if (count > 1) {
          await sendParts(lender.split(batch), lender, tally, signal);
          return true;
        }
        lender.drop(batch, "too_large");
        break;
      case "failure":
        lender.drop(batch, result.reason);
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
    return false;
  }

  /** Learns from an upload how Dataway is. */
  function judge(
    category: Category,
    result: ExportResult,
    tookMs: number,
    tally: Tally,
    signal: AbortSignal,
  ): void {
    if (result.status !== "retryable") {
      tally.answeredMs.set(category, tookMs);
      return;
    }
    // Time was over for what was under way: with much to send that is no fault of a Dataway that answers.
    if (signal.aborted && tookMs <= (tally.answeredMs.get(category) ?? -1) * HANGING_FACTOR) return;
    tally.failed = true;
    if (result.retryAfterMs === undefined) return;
    tally.retryAfterMs = Math.max(tally.retryAfterMs ?? 0, result.retryAfterMs);
  }

  /** Exporters do not throw; if one does all the same, its batch must not be lost. */
  async function exported(batch: Batch, signal: AbortSignal): Promise<ExportResult> {
    try {
      return await exporter.export(batch, signal);
    } catch (error) {
      return { status: "retryable", error: describeError(error) };
    }
  }

  /** One after the other; what is left when Dataway stops taking them goes back. */
  async function sendParts<B extends Batch>(
    parts: readonly B[],
    lender: Lender<B>,
    tally: Tally,
    signal: AbortSignal,
  ): Promise<void> {
    for (const [index, part] of parts.entries()) {
      if (index > 0 && (tally.stopped || signal.aborted)) {
        lender.putBack(part);
        tally.restored += part.count;
      } else await send(part, lender, tally, signal);
    }
  }

  return {
    flush,
    get busy() {
      return inFlight !== undefined;
    },
    get stuck() {
      return stuck;
    },
    get lastFlushAt() {
      return lastFlushAt;
    },
  };
}
