/** What the extension tells of itself in its own points, which reach Dataway like any others. */
import { OWN_MEASUREMENT, type WatchedUpload } from "./watch_dataway.ts";
import type { LedgerWord } from "./watch_ledger.ts";

/** Its counts since its start, summed up: each of these points tells what has changed since the one before. */
export interface OwnWord {
  readonly word: LedgerWord;
  /** When it was written, in epoch ms. */
  readonly at: number;
}

/** From the points in `uploads` that have arrived; `undefined` if there are none. */
export function readOwnWord(uploads: readonly WatchedUpload[]): OwnWord | undefined {
  const sources = new Map<string, { received: number; exported: number; dropped: Record<string, number> }>();
  let at = 0;
  let held = { points: 0, bytes: 0 };
  for (const { point, arrived } of new Set(uploads.flatMap(({ points }) => points))) {
    if (!arrived || point.measurement !== OWN_MEASUREMENT) continue;
    const source = point.tags.get("source");
    const figure = (field: string): number => Number(point.fields.get(field) ?? 0);
    // What is below the millisecond tells sandboxes apart, not times.
    const writtenAt = Number(point.timeNs / 1_000_000n);
    if (source === undefined) {
      if (writtenAt < at) continue;
      at = writtenAt;
      held = {
        points: figure("held_points") + figure("spooled_points"),
        bytes: figure("held_bytes") + figure("spooled_bytes"),
      };
      continue;
    }
    const entry = sources.get(source) ?? { received: 0, exported: 0, dropped: {} };
    sources.set(source, entry);
    entry.received += figure("received");
    entry.exported += figure("exported");
    for (const field of point.fields.keys()) {
      const reason = /^dropped_(.+)$/.exec(field)?.[1];
      if (reason !== undefined) entry.dropped[reason] = (entry.dropped[reason] ?? 0) + figure(field);
    }
  }
  if (at === 0) return undefined;
  const entries = [...sources].map(([source, entry]) => ({ source, ...entry }));
  return { word: { entries, held }, at };
}
