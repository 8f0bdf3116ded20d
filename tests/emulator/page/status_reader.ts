/** Reads the ledger from what our extension answers to `GET /status`. */
import type { LedgerEntry, LedgerWord } from "./watch_ledger.ts";

/** It is asked between the hold and the freeze, which must not wait for it, in ms. */
const LIMIT_MS = 100;
/** The extension's own points are left out everywhere: of those it tells when it is asked for nothing else. */
const OWN_SOURCE = "self";

/** Resolves to `undefined` when there is no such route, no answer in time, or none that says these things. */
export function createStatusReader(url: string): () => Promise<LedgerWord | undefined> {
  return async () => {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(LIMIT_MS) });
      const status: unknown = await response.json();
      return response.ok ? parseStatus(status) : undefined;
    } catch {
      return undefined;
    }
  };
}

/** The part of a status that is the ledger. */
export function parseStatus(status: unknown): LedgerWord | undefined {
  const entries = list(member(status, "ledger")).flatMap(parseEntry);
  const own = entries.filter(({ source }) => source === OWN_SOURCE);
  const others = entries.filter(({ source }) => source !== OWN_SOURCE);
  const held = member(status, "held");
  if (typeof held !== "object" || held === null) return undefined;
  const ownHeld = own.reduce(
    (sum, { received, exported, dropped }) =>
      sum + received - exported - Object.values(dropped).reduce((total, count) => total + count, 0),
    0,
  );
  return {
    entries: others,
    held: { points: figure(held, "points") - ownHeld, bytes: figure(held, "bytes") },
    refused: countBy(list(member(status, "refused"))),
  };
}

function parseEntry(entry: unknown): readonly LedgerEntry[] {
  const source = member(entry, "source");
  const category = member(entry, "category");
  if (typeof source !== "string" || typeof category !== "string") return [];
  const dropped = member(entry, "dropped");
  const reasons = typeof dropped === "object" && dropped !== null ? Object.entries(dropped) : [];
  return [{
    source,
    category,
    received: figure(entry, "received"),
    exported: figure(entry, "exported"),
    dropped: Object.fromEntries(reasons.map(([reason, count]) => [reason, Number(count)])),
  }];
}

function countBy(refused: readonly unknown[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const entry of refused) {
    const reason = member(entry, "reason");
    if (typeof reason === "string") counts[reason] = (counts[reason] ?? 0) + figure(entry, "count");
  }
  return counts;
}

function member(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
}

function figure(value: unknown, key: string): number {
  const found = Number(member(value, key) ?? 0);
  return Number.isFinite(found) ? found : 0;
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
