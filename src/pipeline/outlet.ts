/** The one way out for points: breaker, retry, spool, flusher, own figures and memory, over one store and one exporter. */
import type { Logger } from "@std/log";
import type { ConnectionCounts } from "../net/connection_pool.ts";
import { type BreakerState, type CircuitBreaker, createCircuitBreaker } from "./circuit_breaker.ts";
import type { Exporter } from "./exporter.ts";
import { createFlusher, type Flusher, type FlushReport } from "./flusher.ts";
import { type HeldAside, withAside } from "./joint_store.ts";
import type { GroupOf } from "./lease.ts";
import type { Ledger } from "./ledger.ts";
import { createMemoryGuard, type MemoryGuardOptions } from "./memory_guard.ts";
import { createRetry } from "./retry.ts";
import { createSelfMetrics, type UntoldFigures } from "./self_metrics.ts";
import { createSpill } from "./spill.ts";
import { createSpool, type Spool } from "./spool.ts";
import type { SpoolFiles } from "./spool_folder.ts";
import type { PointStore } from "./store.ts";
import { createUploads } from "./uploads.ts";

export interface OutletOptions {
  readonly store: PointStore;
  readonly ledger: Ledger;
  readonly exporter: Exporter;
  /** @default all points are of one group */
  readonly groupOf?: GroupOf | undefined;
  /** `false`: nothing can ever be sent, our own figures neither. */
  readonly exportOn?: boolean;
  /** Hands on the receivers' aggregates; what fails there costs only itself. */
  readonly collect: () => Promise<void> | void;
  /** Files for what could not be sent; without them it waits in memory. */
  readonly spool?: { readonly files: SpoolFiles; readonly maxBytes: number } | undefined;
  /** Held aside from the store, and given up before anything in it. */
  readonly aside?: HeldAside | undefined;
  /** What is known of the process's memory; without it nothing is shed for lack of it. */
  readonly memory?: Omit<MemoryGuardOptions, "log" | "now"> | undefined;
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
  /** Uploads that wait for their answers, and the longest of these waits in ms. */
  readonly underway: () => Underway;
  readonly spool: Spool | undefined;
  /** The time from the runtime's end to our `next`, in ms, for our own figures. */
  readonly billed: (ms: number) => void;
  /** Puts away what a flush left in memory, in about `maxMs`; `last`: nothing will be sent any more. */
  readonly spill: ReturnType<typeof createSpill>;
  /** After a snapshot: what was learnt of Dataway was learnt elsewhere. */
  readonly reset: () => void;
  /** Points not sent, in memory and in files, and what no figures have told that arrived. */
  readonly left: () => Leftovers;
}

export interface Underway {
  readonly uploads: number;
  readonly longestMs: number;
}

/** What is left when nothing will be sent any more. */
export interface Leftovers {
  /** Points, in memory and in files. */
  readonly held: number;
  /** Those of them that are in files. */
  readonly spooled: number;
  /** Files of earlier processes whose points are not known, and not among them. */
  readonly unreadFiles: number;
  readonly untold: UntoldFigures;
}

/** Own figures are sent at most this often, in ms. */
const SELF_METRICS_INTERVAL_MS = 60_000;

/** Puts the way out together. */
export function createOutlet(options: OutletOptions): Outlet {
  const { store, ledger, exporter, exportOn = true, log, now } = options;
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
    ...(options.aside === undefined ? {} : { aside: options.aside }),
    ...(options.connections === undefined ? {} : { connections: options.connections }),
    ...(options.counters === undefined ? {} : { counters: options.counters }),
    intervalMs: SELF_METRICS_INTERVAL_MS,
    now,
  });
  const uploads = createUploads({
    exporter,
    groupOf: options.groupOf,
    retry: createRetry({ now }),
    log,
    now,
  });
  const flusher = createFlusher({
    store,
    ...withSpool,
    ...(exportOn ? { figures: self } : {}),
    exporter,
    uploads,
    breaker,
    collect: options.collect,
    onFlushed: (report) => {
      self.flushed(report.durationMs, report.restored);
      options.onFlushed?.(report);
    },
    log,
    now,
  });
  const memory = options.memory === undefined ? undefined : createMemoryGuard({
    ...options.memory,
    store: withAside(options.memory.store, options.aside),
    log,
    now,
  });

  return {
    flusher,
    breakerState: breaker.state,
    underway: () => ({ uploads: uploads.count, longestMs: uploads.longestMs }),
    spool,
    billed: self.held,
    spill: createSpill({ flusher, uploads, breaker: breaker.state, spool, memory, log }),
    reset: breaker.reset,
    left: () => {
      const spooled = spool?.held() ?? 0;
      return {
        held: store.held() + spooled + (options.aside?.held ?? 0),
        spooled,
        unreadFiles: spool?.unread ?? 0,
        untold: exportOn ? self.untold() : {},
      };
    },
  };
}
