import type { Category, Source } from "../point/point.ts";
import type { FailureReason } from "./exporter.ts";
import type { RefusalReason } from "./receiver.ts";

/** Why a point that was taken never reached Dataway. */
export type DropReason =
  | FailureReason
  /** The store was full; the oldest went. */
  | "store_full"
  /** One point alone is more than Dataway takes. */
  | "too_large"
  /** No usable `ENV_DATAWAY`. */
  | "export_off"
  /** The process was short of memory. */
  | "memory_pressure"
  /** The spool was full; the oldest file went. */
  | "spool_full"
  /** A spooled file was gone or unreadable when its turn came. */
  | "spool_lost";

/**
 * Counts of one source and category, in points. Always: received = exported + held + sum of dropped. Points that an
 * earlier life of the sandbox had spooled count as received when their file is read.
 */
export interface LedgerEntry {
  readonly source: Source;
  readonly category: Category;
  readonly received: number;
  readonly exported: number;
  readonly dropped: ReadonlyMap<DropReason, number>;
}

/** What arrived at a source and never became a point, in the protocol's own units (lines, spans, records). */
export interface RefusalEntry {
  readonly source: Source;
  readonly reason: RefusalReason;
  readonly count: number;
}

/** The loss ledger: every point taken in is accounted for by source and category. Counters only grow. */
export interface Ledger {
  received(source: Source, category: Category, count?: number): void;
  exported(source: Source, category: Category, count?: number): void;
  dropped(source: Source, category: Category, reason: DropReason, count?: number): void;
  refused(source: Source, reason: RefusalReason, count?: number): void;
  /** A copy, in order of first appearance. */
  entries(): readonly LedgerEntry[];
  refusals(): readonly RefusalEntry[];
  /** Points dropped since start, by reason. */
  totalDropped(): ReadonlyMap<DropReason, number>;
}

interface Row {
  readonly source: Source;
  readonly category: Category;
  received: number;
  exported: number;
  readonly dropped: Map<DropReason, number>;
}

/** A ledger with nothing in it. */
export function createLedger(): Ledger {
  const rows: Row[] = [];
  const bySource = new Map<Source, Map<Category, Row>>();
  const refusals = new Map<string, { source: Source; reason: RefusalReason; count: number }>();

  /** Asked for with each point: no key is put together. */
  function row(source: Source, category: Category): Row {
    return bySource.get(source)?.get(category) ?? addRow(source, category);
  }

  function addRow(source: Source, category: Category): Row {
    const made: Row = { source, category, received: 0, exported: 0, dropped: new Map() };
    rows.push(made);
    const ofSource = bySource.get(source);
    if (ofSource === undefined) bySource.set(source, new Map([[category, made]]));
    else ofSource.set(category, made);
    return made;
  }

  return {
    received: (source, category, count = 1) => void (row(source, category).received += count),
    exported: (source, category, count = 1) => void (row(source, category).exported += count),
    dropped: (source, category, reason, count = 1) => increase(row(source, category).dropped, reason, count),
    refused: (source, reason, count = 1) => {
      if (count <= 0) return;
      const key = `${source}/${reason}`;
      const found = refusals.get(key);
      if (found === undefined) refusals.set(key, { source, reason, count });
      else found.count += count;
    },
    entries: () => rows.map((r) => ({ ...r, dropped: new Map(r.dropped) })),
    refusals: () => [...refusals.values()].map((r) => ({ ...r })),
    totalDropped: () => {
      const total = new Map<DropReason, number>();
      for (const { dropped } of rows) {
        for (const [reason, count] of dropped) increase(total, reason, count);
      }
      return total;
    },
  };
}

function increase<K>(counts: Map<K, number>, key: K, by: number): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}
