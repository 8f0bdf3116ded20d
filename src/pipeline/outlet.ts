/** The one way out for points: breaker, retry, spool, flusher, own figures and memory, over one store and one exporter. */
import type { Logger } from "@std/log";
import type { ConnectionCounts } from "../net/connection_pool.ts";
import { type BreakerState, type CircuitBreaker, createCircuitBreaker } from "./circuit_breaker.ts";
import type { Exporter } from "./exporter.ts";
import { createFlusher, type Flusher, type FlushReport } from "./flusher.ts";
import { createLeftovers } from "./leftovers.ts";
import type { Ledger } from "./ledger.ts";
import { createMemoryGuard, type MemoryGuardOptions } from "./memory_guard.ts";
import type { Intake } from "./receiver.ts";
import { withRetry } from "./retry.ts";
import { createSelfMetrics } from "./self_metrics.ts";
import { createSpool, type Spool } from "./spool.ts";
import type { SpoolFiles } from "./spool_folder.ts";
import type { GroupOf, PointStore } from "./store.ts";

export interface OutletOptions {
  readonly store: PointStore;
  /** Bound of the store's memory, in bytes. */
  readonly storeMaxBytes: number;
  readonly ledger: Ledger;
  readonly exporter: Exporter;
  /** See the flusher's own. */
  readonly groupOf?: GroupOf | undefined;
  /** The way in for our own figures. */
  readonly own: Pick<Intake, "consume">;
  /** Hands on the receivers' aggregates; what fails there costs only itself. */
  readonly collect: () => Promise<void> | void;
  /** Files for what could not be sent; without them it waits in memory. */
  readonly spool?: { readonly files: SpoolFiles; readonly maxBytes: number } | undefined;
  /** What is known of the process's memory; without it nothing is shed for lack of it. */
  readonly memory?: Pick<MemoryGuardOptions, "limitBytes" | "usedBytes" | "collectGarbage"> | undefined;
  /** @default a new one */
  readonly breaker?: CircuitBreaker;
  /** What became of local clients' connections, for our own figures. */
  readonly connections?: ConnectionCounts;
  /** Counters of other parts by their fields' names, for our own figures. */
  readonly counters?: () => Readonly<Record<string, number>>;
  readonly onFlushed?: (report: FlushReport) => void;
  readonly log: Logger;
  /** Unix time in ms. */
  readonly now: () => number;
}

export interface Outlet {
  readonly flusher: Flusher;
  readonly breakerState: () => BreakerState;
  readonly spool: Spool | undefined;
  /** The time from the runtime's end to our `next`, in ms, for our own figures. */
  readonly billed: (ms: number) => void;
  /** Puts away what a flush left in memory, in about `maxMs`; `last`: nothing will be sent any more. */
  readonly spill: (maxMs: number, last: boolean) => void;
  /** Our own figures for the last time. */
  readonly lastFigures: () => void;
  /** After a snapshot: what was learnt of Dataway was learnt elsewhere. */
  readonly reset: () => void;
  /** Points not sent, in memory and in files. */
  readonly held: () => { readonly held: number; readonly spooled: number };
}

/** Own figures are sent at most this often, in ms. */
const SELF_METRICS_INTERVAL_MS = 60_000;
/** More than the own figures of all sources take in the store. In bytes. */
const FIGURES_BYTES = 16_384;

/** Puts the way out together. */
export function createOutlet(options: OutletOptions): Outlet {
  const { store, storeMaxBytes, ledger, exporter, own, log, now } = options;
  const breaker = options.breaker ?? createCircuitBreaker({ now });
  const spool = options.spool === undefined ? undefined : createSpool({
    ...options.spool,
    maxBatchBytes: exporter.maxBatchBytes,
    pointOverheadBytes: exporter.pointOverheadBytes,
    store,
    ledger,
    log,
    now,
  });
  const withSpool = spool === undefined ? {} : { spool };
  const self = createSelfMetrics({
    ledger,
    store,
    ...withSpool,
    ...(options.connections === undefined ? {} : { connections: options.connections }),
    ...(options.counters === undefined ? {} : { counters: options.counters }),
    intervalMs: SELF_METRICS_INTERVAL_MS,
    now,
  });
  const flusher = createFlusher({
    store,
    ...withSpool,
    exporter: withRetry(exporter, { now }),
    groupOf: options.groupOf,
    breaker,
    collect: async () => {
      await options.collect();
      own.consume(self.collect());
    },
    onFlushed: (report) => {
      self.flushed(report.durationMs, report.restored);
      options.onFlushed?.(report);
    },
    log,
    now,
  });
  const memory = options.memory === undefined
    ? undefined
    : createMemoryGuard({ ...options.memory, store, log, now });

  return {
    flusher,
    breakerState: breaker.state,
    spool,
    billed: self.held,
    spill: createLeftovers({ flusher, breaker: breaker.state, spool, memory, log }),
    lastFigures: () => {
      // A full store would drop, for the last figures, points that these no longer count.
      store.shed(Math.max(storeMaxBytes / 2, storeMaxBytes - FIGURES_BYTES), "store_full");
      own.consume(self.collect(true));
    },
    reset: breaker.reset,
    held: () => {
      const spooled = spool?.held() ?? 0;
      return { held: store.held() + spooled, spooled };
    },
  };
}
