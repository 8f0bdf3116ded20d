import { assertEquals } from "@std/assert";
import { createLogger } from "@std/log";
import { createLedger, type Ledger } from "../../src/pipeline/ledger.ts";
import type { Lease } from "../../src/pipeline/lease.ts";
import { createSpool, type Spool } from "../../src/pipeline/spool.ts";
import { createPointStore, type PointStore } from "../../src/pipeline/store.ts";
import type { Category, Source } from "../../src/point/point.ts";
import { messagesOf, pointsOf, put } from "../support/points.ts";
import type { FakeDisk } from "./fake_files.ts";

/** One process with a store and a spool over a disk that outlives it. */
export interface SpoolProcess {
  readonly store: PointStore;
  readonly spool: Spool;
  readonly ledger: Ledger;
  readonly lines: string[];
  now: number;
  add(...names: string[]): void;
  addFrom(source: Source, category: Category, ...names: string[]): void;
  /** Takes and acknowledges every file; returns the messages in order. */
  replay(): unknown[];
  /** received = exported + held + dropped, over all sources. */
  checkAccount(): void;
}

export interface SpoolProcessOptions {
  readonly maxBytes?: number;
  readonly maxBatchBytes?: number;
  /** Unix time in ms at which the process starts. */
  readonly now?: number;
}

/** Starts one. Points count 100 bytes each; `now` stands still unless it is set. */
export function startSpoolProcess(disk: FakeDisk, options: SpoolProcessOptions = {}): SpoolProcess {
  const { maxBytes = 1e6, maxBatchBytes = 1e6 } = options;
  const ledger = createLedger();
  const store = createPointStore({ maxBytes: 1e7, ledger });
  const lines: string[] = [];
  const log = createLogger({ write: (line) => lines.push(line), now: () => run.now });
  const spool = createSpool({
    files: disk,
    maxBytes,
    maxBatchBytes,
    pointOverheadBytes: () => 10,
    store,
    ledger,
    log,
    now: () => run.now,
  });
  const run: SpoolProcess = {
    store,
    spool,
    ledger,
    lines,
    now: options.now ?? 1_700_000_000_000,
    add: (...names) => run.addFrom("otlp", "logging", ...names),
    addFrom: (source, category, ...names) =>
      put(
        store,
        source,
        names.map((name) => ({
          category,
          measurement: "test",
          tags: new Map([["of", source]]),
          fields: new Map([["message", name]]),
          timeNs: 1n,
        })),
        100,
      ),
    replay: () => {
      const sent: unknown[] = [];
      for (let batch: Lease | undefined; (batch = spool.take()) !== undefined;) {
        sent.push(...messagesOf(pointsOf(batch)));
        batch.exported();
      }
      return sent;
    },
    checkAccount: () => {
      let balance = store.held() + spool.held();
      for (const { received, exported, dropped } of ledger.entries()) {
        balance += exported - received;
        for (const count of dropped.values()) balance += count;
      }
      assertEquals(balance, 0);
    },
  };
  return run;
}
