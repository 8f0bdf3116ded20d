/**
 * Running sums of what the extension told and of what arrived, for any moment. Every 256th sum is kept and the rest
 * is added up anew, which for 10,000 invocations needs 1 MB and not 60.
 */
import type { LedgerRow } from "../state.ts";
import { countUpTo } from "./format.ts";

export interface SourceSums {
  received: number;
  exported: number;
  dropped: number;
}

export interface LedgerSums {
  told(row: LedgerRow): void;
  /** `cat` is -1 for what is of no known category. */
  arrived(t: number, cat: number, points: number): void;
  /** By the extension's word up to `t`, by source and category (-1: not told). */
  toldAt(t: number): readonly (SourceSums & { readonly source: number; readonly cat: number })[];
  /** Points that Dataway had taken at `t`, by category, the last of no known one. */
  arrivedAt(t: number): readonly [number, number, number, number];
  /** Why points had been dropped at `t`. */
  reasonsAt(t: number): ReadonlyMap<string, number>;
  /** The extension has told something. */
  readonly hasTold: boolean;
}

const STRIDE = 256;
/** Of {@link CATEGORIES}, and one more for none of them. */
const CATEGORY_SLOTS = 4;

/** Sums of nothing. */
export function createLedgerSums(): LedgerSums {
  const ledger = createPrefixSums<LedgerRow>(
    (row) => row.t,
    (row, add) => {
      const slot = 3 * (row.source * CATEGORY_SLOTS + (row.cat < 0 ? 3 : row.cat));
      add(slot, row.received);
      add(slot + 1, row.exported);
      add(slot + 2, row.dropped);
    },
  );
  const arrivals = createPrefixSums<{ readonly t: number; readonly cat: number; readonly points: number }>(
    (row) => row.t,
    (row, add) => add(row.cat < 0 ? 3 : row.cat, row.points),
  );
  const drops: LedgerRow[] = [];
  return {
    told: (row) => {
      ledger.add(row);
      if (row.dropped !== 0) drops.push(row);
    },
    arrived: (t, cat, points) => arrivals.add({ t, cat, points }),
    toldAt: (t) => {
      const sums = ledger.at(t);
      const found: (SourceSums & { readonly source: number; readonly cat: number })[] = [];
      for (let slot = 0; slot < sums.length; slot += 3) {
        const [received = 0, exported = 0, dropped = 0] = sums.slice(slot, slot + 3);
        if (received === 0 && exported === 0 && dropped === 0) continue;
        const place = slot / 3 % CATEGORY_SLOTS;
        const source = Math.floor(slot / 3 / CATEGORY_SLOTS);
        found.push({ source, cat: place === 3 ? -1 : place, received, exported, dropped });
      }
      return found;
    },
    arrivedAt: (t) => {
      const [metric = 0, logging = 0, tracing = 0, other = 0] = arrivals.at(t);
      return [metric, logging, tracing, other];
    },
    reasonsAt: (t) => {
      const reasons = new Map<string, number>();
      for (const row of drops) {
        if (row.t <= t) reasons.set(row.reason, (reasons.get(row.reason) ?? 0) + row.dropped);
      }
      return reasons;
    },
    get hasTold(): boolean {
      return ledger.length > 0;
    },
  };
}

interface PrefixSums<R> {
  readonly length: number;
  /** In order of time. */
  add(row: R): void;
  at(t: number): readonly number[];
}

function createPrefixSums<R>(
  timeOf: (row: R) => number,
  addTo: (row: R, add: (slot: number, by: number) => void) => void,
): PrefixSums<R> {
  const rows: R[] = [];
  const kept: (readonly number[])[] = [];
  const running: number[] = [];

  function adder(sums: number[]): (slot: number, by: number) => void {
    return (slot, by) => {
      while (sums.length <= slot) sums.push(0);
      sums[slot] = (sums[slot] ?? 0) + by;
    };
  }

  const addRunning = adder(running);
  return {
    get length(): number {
      return rows.length;
    },
    add: (row) => {
      if (rows.length % STRIDE === 0) kept.push([...running]);
      rows.push(row);
      addTo(row, addRunning);
    },
    at: (t) => {
      const count = countUpTo(rows, t, timeOf);
      if (count === rows.length) return [...running];
      const stride = Math.floor(count / STRIDE);
      const sums = [...kept[stride] ?? []];
      const add = adder(sums);
      for (let i = stride * STRIDE; i < count; i++) {
        const row = rows[i];
        if (row !== undefined) addTo(row, add);
      }
      return sums;
    },
  };
}
