/**
 * Whether all points are accounted for: received, dropped and held are the extension's word, exported is what Dataway
 * counted. That they add up is looked at, not arranged, at the moment of each word. What arrives after it was held at
 * that moment, or has been received since.
 */
import { countUpTo } from "./format.ts";
import type { Model } from "./model.ts";

export interface Account {
  /** The moment of the extension's last word, at which it was checked. */
  readonly t: number;
  readonly received: number;
  readonly exported: number;
  readonly held: number;
  readonly dropped: number;
  /** Points that are nowhere, or twice. */
  readonly off: number;
  readonly sources: readonly SourceAccount[];
}

/** By the extension's word alone. */
export interface SourceAccount {
  readonly name: string;
  readonly received: number;
  readonly exported: number;
  readonly held: number;
  readonly dropped: number;
}

/** What is known at `t`; `undefined` as long as the extension tells no ledger, and before its first word. */
export function accountAt(model: Model, t: number): Account | undefined {
  if (model.head.ledger === "none") return undefined;
  const held = model.heldTold[countUpTo(model.heldTold, t, (row) => row.t) - 1];
  if (held === undefined) return undefined;
  const sources = new Map<number, { received: number; exported: number; dropped: number }>();
  for (const { source, received, exported, dropped } of model.sums.toldAt(held.t)) {
    const sum = sources.get(source) ?? { received: 0, exported: 0, dropped: 0 };
    sources.set(source, {
      received: sum.received + received,
      exported: sum.exported + exported,
      dropped: sum.dropped + dropped,
    });
  }
  const all = [...sources.values()];
  const received = all.reduce((sum, source) => sum + source.received, 0);
  const dropped = all.reduce((sum, source) => sum + source.dropped, 0);
  const arrivedAt = (moment: number): number =>
    model.sums.arrivedAt(moment).reduce((sum, points) => sum + points, 0);
  const exported = arrivedAt(held.t);
  const since = arrivedAt(t) - exported;
  const left = Math.max(0, held.points - since);
  // What Dataway has seen in vain is held for it, whether or not the extension has come to say so.
  const seen = model.heldSeen[countUpTo(model.heldSeen, t, (row) => row.t) - 1]?.points ?? 0;
  const more = model.head.ledger === "written" ? Math.max(0, seen - left) : 0;
  return {
    t: held.t,
    received: received + Math.max(0, since - held.points) + more,
    exported: exported + since,
    held: left + more,
    dropped,
    off: received - exported - held.points - dropped,
    sources: [...sources].toSorted(([a], [b]) => a - b).map(([source, sum]) => ({
      name: model.head.sources[source] ?? "?",
      ...sum,
      held: sum.received - sum.exported - sum.dropped,
    })),
  };
}

/** What of a category was given to the extension; `undefined` where that cannot be known. */
export interface CategoryAccount {
  readonly arrived: number;
  readonly received: number | undefined;
  readonly dropped: number;
  readonly held: number;
}

/** By category: what arrived until now, of what the extension was given. */
export function categoriesNow(model: Model): readonly CategoryAccount[] {
  const now = model.now();
  const arrived = model.sums.arrivedAt(now);
  const told = model.sums.toldAt(now);
  const account = accountAt(model, now);
  // Its last word names sources only: when nothing is held and nothing missing, the rest follows from what arrived.
  const isOver = account !== undefined && account.off === 0 && account.held === 0;
  const isWhole = told.every(({ cat }) => cat >= 0);
  return [0, 1, 2].map((category) => {
    const own = told.filter(({ cat }) => cat === category);
    const dropped = own.reduce((sum, row) => sum + row.dropped, 0);
    const taken = arrived[category] ?? 0;
    const known = own.reduce((sum, row) => sum + row.received, 0);
    // What was given and sent since the last word is known to have been given, too.
    const received = account === undefined || (!isWhole && !isOver)
      ? undefined
      : isWhole
      ? Math.max(known, taken + dropped)
      : taken + dropped;
    return {
      arrived: taken,
      received,
      dropped,
      held: received === undefined ? 0 : received - taken - dropped,
    };
  });
}
