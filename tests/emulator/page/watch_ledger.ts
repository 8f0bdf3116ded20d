/**
 * Turns the extension's own word (its ledger: received, exported, dropped, held) into rows. That it agrees with what
 * Dataway counted is for the page to check: nothing here is worked out from the other side's figures, but for what
 * became of an extension's points after its last word.
 */
import type { RunLog } from "./run_log.ts";
import { CATEGORIES, type LedgerRow } from "./state.ts";

/** What an extension says of the points it was given, since its start. */
export interface LedgerWord {
  readonly entries: readonly LedgerEntry[];
  readonly held: { readonly points: number; readonly bytes: number };
  /** What never became a point, by reason; `undefined` when it does not say. */
  readonly refused?: Readonly<Record<string, number>>;
}

export interface LedgerEntry {
  readonly source: string;
  /** One of {@link CATEGORIES}, or none when it does not say. */
  readonly category?: string;
  readonly received: number;
  readonly exported: number;
  readonly dropped: Readonly<Record<string, number>>;
}

export interface LedgerWatch {
  /** An extension has started: its counters begin anew. */
  started(): void;
  /** It was asked at `t`. `undefined`: it tells no ledger. */
  said(word: LedgerWord | undefined, t: number): void;
  /** It wrote of itself to Dataway, at `t`: by source only. */
  wrote(word: LedgerWord, t: number): void;
  /** It is gone. */
  ended(after: AfterLastWord): void;
  /** Points that were lost with an extension have arrived after all. */
  found(points: number): void;
  /** When it was heard last, in this life; `undefined` if it was not. */
  readonly heardAt: number | undefined;
}

/** What Dataway saw after the extension's last word, in points. */
export interface AfterLastWord {
  readonly arrived: number;
  /** In the millisecond of that word: after it, if it told of them as held. */
  readonly perhaps: number;
  /** Sent, and not arrived until the end. */
  readonly inVain: number;
}

/** Reason of points that went down with their extension, which could not tell any more. */
const GONE = "gone_with_it";
/** Source of points of which their extension had not told yet. */
const UNTOLD = "untold";

/** Begins with nothing. */
export function createLedgerWatch(log: RunLog): LedgerWatch {
  /** What it has told since its start, by source, category and column. */
  let told = new Map<string, number>();
  let heard: { readonly t: number; readonly held: number } | undefined;
  let refusedBefore: Readonly<Record<string, number>> = {};
  let refused: Readonly<Record<string, number>> = {};

  function growth(key: string, value: number): number {
    const grown = value - (told.get(key) ?? 0);
    told.set(key, value);
    return grown;
  }

  function sourceIndex(name: string): number {
    const { sources } = log.head;
    const known = sources.indexOf(name);
    if (known >= 0) return known;
    log.patch({ sources: [...sources, name] });
    return sources.length;
  }

  function add({ source, category, received, exported, dropped }: LedgerEntry, t: number): void {
    const base = { t, source: sourceIndex(source), cat: CATEGORIES.findIndex((name) => name === category) };
    const key = `${source} ${category ?? ""}`;
    const rows: LedgerRow[] = [{
      ...base,
      received: growth(`${key} received`, received),
      exported: growth(`${key} exported`, exported),
      dropped: 0,
      reason: "",
    }];
    for (const [reason, count] of Object.entries(dropped)) {
      const grown = growth(`${key} dropped ${reason}`, count);
      if (grown !== 0) rows.push({ ...base, received: 0, exported: 0, dropped: grown, reason });
    }
    for (const row of rows) {
      if (row.received !== 0 || row.exported !== 0 || row.dropped !== 0) log.put("ledger", row);
    }
  }

  function hear(word: LedgerWord, t: number): void {
    for (const entry of word.entries) add(entry, t);
    heard = { t, held: word.held.points };
    log.put("held", { t, ...word.held, seen: 0 });
    if (word.refused === undefined) return;
    const total = sum(refusedBefore, word.refused);
    if (JSON.stringify(total) === JSON.stringify(refused)) return;
    refused = total;
    log.patch({ refused });
  }

  /** All that its sources had waiting has arrived. */
  function settle(): void {
    for (const key of [...told.keys()].filter((known) => known.endsWith(" received"))) {
      const name = key.slice(0, -" received".length);
      const [source = "", category = ""] = name.split(" ");
      const dropped: Record<string, number> = {};
      for (const [column, count] of told) {
        if (column.startsWith(`${name} dropped `)) dropped[column.slice(`${name} dropped `.length)] = count;
      }
      const received = told.get(key) ?? 0;
      const exported = received - Object.values(dropped).reduce((total, count) => total + count, 0);
      add({ source, ...(category === "" ? {} : { category }), received, exported, dropped }, log.now());
    }
  }

  /** What became known in another way than by its word. */
  function close(received: number, exported: number, dropped: number): void {
    const t = log.now();
    const row = { t, source: sourceIndex(UNTOLD), cat: -1, received, exported, dropped };
    if (received !== 0 || exported !== 0 || dropped !== 0) {
      log.put("ledger", { ...row, reason: dropped === 0 ? "" : GONE });
    }
    log.put("held", { t, points: 0, bytes: 0, seen: 0 });
  }

  return {
    get heardAt(): number | undefined {
      return heard?.t;
    },
    started: () => {
      told = new Map();
      heard = undefined;
      refusedBefore = refused;
    },
    said: (word, t) => {
      if (word !== undefined) {
        if (log.head.ledger !== "asked") log.patch({ ledger: "asked" });
        hear(word, t);
      }
    },
    wrote: (word, t) => {
      if (log.head.ledger === "none") log.patch({ ledger: "written" });
      // An older word says nothing new.
      if (heard !== undefined && t <= heard.t) return;
      hear(log.head.ledger === "asked" ? withoutTold(word, told) : word, t);
    },
    ended: ({ arrived: clearlyArrived, perhaps, inVain }) => {
      // What arrived after its last word it had held then, or received since; what it held and is nowhere is lost.
      const held = heard?.held ?? 0;
      const arrived = clearlyArrived + Math.min(perhaps, Math.max(0, held - clearlyArrived));
      const missing = Math.max(0, held - arrived);
      const gone = Math.max(missing, inVain);
      const arrivedSince = Math.max(0, arrived - held);
      if (gone === 0) settle();
      close(arrivedSince + gone - missing, arrivedSince + (gone === 0 ? 0 : arrived - arrivedSince), gone);
    },
    found: (points) => close(-points, 0, -points),
  };
}

/** What it writes of itself knows sources only, what it says knows categories, too: what is new of it has none. */
function withoutTold(word: LedgerWord, told: ReadonlyMap<string, number>): LedgerWord {
  const before = (source: string, column: string): number =>
    CATEGORIES.reduce((total, category) => total + (told.get(`${source} ${category} ${column}`) ?? 0), 0);
  const entries = word.entries.map((entry) => ({
    source: entry.source,
    received: entry.received - before(entry.source, "received"),
    exported: entry.exported - before(entry.source, "exported"),
    dropped: Object.fromEntries(
      Object.entries(entry.dropped).map(([reason, count]) => [
        reason,
        count - before(entry.source, `dropped ${reason}`),
      ]),
    ),
  }));
  return { ...word, entries };
}

function sum(
  a: Readonly<Record<string, number>>,
  b: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const total: Record<string, number> = { ...a };
  for (const [key, count] of Object.entries(b)) total[key] = (total[key] ?? 0) + count;
  return total;
}
