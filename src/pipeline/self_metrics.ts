import type { ConnectionCounts } from "../net/connection_pool.ts";
import type { FieldValue, Point, Source } from "../point/point.ts";
import { encodeRange } from "../point/point_range.ts";
import { batchOf } from "./exporter.ts";
import { type Lease, settlesOnce } from "./lease.ts";
import type { Ledger } from "./ledger.ts";
import type { Spool } from "./spool.ts";
import type { PointStore } from "./store.ts";

/** Measurement of the extension's own figures. */
export const SELF_MEASUREMENT = "awslambda-extension";

/** Differences of the account that no figures have told which arrived, by source and field. */
export type UntoldFigures = Readonly<Record<string, Readonly<Record<string, number>>>>;

/**
 * Keeps the extension's own figures and turns them into points: what it took, sent, lost and cost. All counters are
 * told as differences since the last that arrived: what did not arrive is a part of the next ones, so that the sums of
 * what arrived are exact. They are not held in the store, where they could be dropped with what they tell of.
 */
export interface SelfMetrics {
  /** A flush sent or tried something. In ms. */
  flushed(durationMs: number, restored: number): void;
  /** The time from the runtime's end to our `next`: billed, and ours. In ms. */
  held(billedMs: number): void;
  /**
   * Lends points with what has changed: those that were put back, as they were, so that one whose answer was lost takes
   * its own place; else new ones. None before `intervalMs` is over, unless `now` is asked for (the last flush), or
   * while some are lent.
   */
  take(now?: boolean): Lease | undefined;
  /** What is still to be told. */
  untold(): UntoldFigures;
}

export interface SelfMetricsOptions {
  readonly ledger: Ledger;
  readonly store: Pick<PointStore, "held" | "heldBytes">;
  /** Told apart from memory: `held_points` and `held_bytes` do not count what is in files. */
  readonly spool?: Pick<Spool, "held" | "bytes" | "recovered" | "torn" | "gone">;
  /** Points of the flight recorder: neither received nor refused yet. */
  readonly aside?: { readonly held: number };
  /** What became of local clients' connections. */
  readonly connections?: ConnectionCounts;
  /** Counters of other parts by their fields' names: what they have grown by is told if it is anything. */
  readonly counters?: () => Readonly<Record<string, number>>;
  /** At most one set of points in this time, in ms. */
  readonly intervalMs: number;
  /** Unix time in ms. */
  readonly now: () => number;
}

/** A point, and what is told when it has arrived: each counter's value, by name. */
interface Figure {
  readonly point: Point;
  readonly counters: ReadonlyMap<string, number>;
}

/** Of flushes; they only grow. */
interface Costs {
  flushes: number;
  flushMs: number;
  billedMs: number;
  retried: number;
}

const NS_PER_MS = 1_000_000;

/** Starts with nothing counted; the first interval begins now. */
export function createSelfMetrics(options: SelfMetricsOptions): SelfMetrics {
  const { ledger, store, spool, aside, connections, intervalMs } = options;
  const costs: Costs = { flushes: 0, flushMs: 0, billedMs: 0, retried: 0 };
  /** Values of counters as the figures that arrived tell them. */
  const told = new Map<string, number>();
  let takenAt = options.now();
  let pending: readonly Figure[] = [];
  let lent = 0;

  function growth(counter: string, value: number): bigint {
    return BigInt(Math.round(value) - (told.get(counter) ?? 0));
  }

  /** What has changed since it was last told: the account by source, zeros left out. */
  function accountGrowth(): ReadonlyMap<Source, ReadonlyMap<string, number>> {
    const bySource = new Map<Source, Map<string, number>>();
    for (const [source, field, value] of accountOf(ledger)) {
      if (growth(`${source}/${field}`, value) === 0n) continue;
      const fields = bySource.get(source) ?? new Map<string, number>();
      bySource.set(source, fields.set(field, value));
    }
    return bySource;
  }

  function figures(): readonly Figure[] {
    const bySource = accountGrowth();
    if (bySource.size === 0 && growth("flushes", costs.flushes) === 0n) return [];
    takenAt = options.now();
    // Sandboxes of one function share all tags: within the millisecond each takes a place of its own.
    const timeNs = BigInt(takenAt) * BigInt(NS_PER_MS) + BigInt(Math.floor(Math.random() * NS_PER_MS));
    const own = figureOf(timeNs, undefined, ownCounters(), [
      ["held_points", BigInt(store.held())],
      ["held_bytes", BigInt(store.heldBytes)],
      ...aside === undefined ? [] : [["recorder_held_points", BigInt(aside.held)] as const],
      ...spool === undefined ? [] : [
        ["spooled_points", BigInt(spool.held())] as const,
        ["spooled_bytes", BigInt(spool.bytes)] as const,
      ],
    ]);
    return [own, ...Array.from(bySource, ([source, fields]) => figureOf(timeNs, source, fields))];
  }

  function ownCounters(): ReadonlyMap<string, number> {
    const counters = new Map([
      ["flushes", costs.flushes],
      ["flush_ms", costs.flushMs],
      ["billed_ms", costs.billedMs],
      ["retried", costs.retried],
    ]);
    if (spool !== undefined) {
      counters.set("spool_recovered", spool.recovered).set("spool_torn", spool.torn);
    }
    // Only what there is: in most sandboxes nothing ever is.
    const others = [
      ["spool_gone", spool?.gone ?? 0] as const,
      ...connectionCounters(connections),
      ...Object.entries(options.counters?.() ?? {}),
    ];
    for (const [name, value] of others) if (growth(name, value) !== 0n) counters.set(name, value);
    return counters;
  }

  function figureOf(
    timeNs: bigint,
    source: Source | undefined,
    counters: ReadonlyMap<string, number>,
    gauges: readonly (readonly [string, FieldValue])[] = [],
  ): Figure {
    const prefix = source === undefined ? "" : `${source}/`;
    const fields = Array.from(
      counters,
      ([field, value]) => [field, growth(`${prefix}${field}`, value)] as const,
    );
    return {
      point: {
        category: "metric",
        measurement: SELF_MEASUREMENT,
        tags: new Map(source === undefined ? [] : [["source", source]]),
        fields: new Map([...fields, ...gauges]),
        timeNs,
      },
      counters: new Map(Array.from(counters, ([field, value]) => [`${prefix}${field}`, Math.round(value)])),
    };
  }

  function lend(of: readonly Figure[]): Lease {
    const settling = settlesOnce();
    const settle = (): void => {
      settling();
      lent -= of.length;
    };
    lent += of.length;
    const range = encodeRange(of.map(({ point }) => point));
    const lease: Lease = {
      batch: batchOf("metric", [range]),
      divide: (groupOf) => {
        const groups = Map.groupBy(of, (figure) => groupOf("metric", range, of.indexOf(figure)));
        if (groups.size < 2) return [lease];
        settle();
        return Array.from(groups.values(), lend);
      },
      split: () => {
        settle();
        const middle = Math.ceil(of.length / 2);
        return [lend(of.slice(0, middle)), lend(of.slice(middle))];
      },
      exported: () => {
        settle();
        for (const { counters } of of) for (const [counter, value] of counters) told.set(counter, value);
      },
      putBack: () => {
        settle();
        pending = [...pending, ...of];
      },
      // What they told is told by the next ones.
      drop: settle,
    };
    return lease;
  }

  return {
    flushed: (durationMs, restored) => {
      costs.flushes++;
      costs.flushMs += durationMs;
      costs.retried += restored;
    },
    held: (billedMs) => void (costs.billedMs += billedMs),
    take: (atOnce = false) => {
      if (lent > 0) return undefined;
      const isDue = atOnce || Math.abs(options.now() - takenAt) >= intervalMs;
      const again = pending;
      pending = [];
      const found = again.length > 0 ? again : isDue ? figures() : [];
      return found.length === 0 ? undefined : lend(found);
    },
    untold: () =>
      Object.fromEntries(Array.from(accountGrowth(), ([source, fields]) => {
        const grown = Array.from(fields, ([field, value]) => {
          return [field, Number(growth(`${source}/${field}`, value))] as const;
        });
        return [source, Object.fromEntries(grown)];
      })),
  };
}

/** The account's counters, over all categories. */
function accountOf(ledger: Ledger): readonly (readonly [Source, field: string, value: number])[] {
  const totals = new Map<string, [Source, string, number]>();
  const add = (source: Source, field: string, value: number): void => {
    const key = `${source}/${field}`;
    const total = totals.get(key);
    if (total === undefined) totals.set(key, [source, field, value]);
    else total[2] += value;
  };
  for (const { source, received, exported, dropped } of ledger.entries()) {
    add(source, "received", received);
    add(source, "exported", exported);
    for (const [reason, count] of dropped) add(source, `dropped_${reason}`, count);
  }
  for (const { source, reason, count } of ledger.refusals()) add(source, `refused_${reason}`, count);
  return [...totals.values()];
}

function connectionCounters(connections: ConnectionCounts | undefined): readonly [string, number][] {
  if (connections === undefined) return [];
  const { evicted, timedOut, malformed, acceptFailures } = connections;
  return [
    ["connections_evicted", evicted],
    ["connections_timed_out", timedOut],
    ["accept_failures", acceptFailures],
    ["malformed_requests", malformed],
  ];
}
