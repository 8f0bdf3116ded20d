import type { ConnectionCounts } from "../net/connection_pool.ts";
import { createPoint } from "../point/create_point.ts";
import type { FieldValue, Point, Source } from "../point/point.ts";
import type { Ledger } from "./ledger.ts";
import type { Spool } from "./spool.ts";
import type { PointStore } from "./store.ts";

/** Measurement of the extension's own figures. */
export const SELF_MEASUREMENT = "awslambda-extension";

/** Keeps the extension's own figures and turns them into points: what it took, sent, lost and cost. */
export interface SelfMetrics {
  /** A flush sent or tried something. In ms. */
  flushed(durationMs: number, restored: number): void;
  /** The time from the runtime's end to our `next`: billed, and ours. In ms. */
  held(billedMs: number): void;
  /**
   * Points with what has changed since the last call that gave any; none before `intervalMs` is over, unless
   * `now` is asked for (shutdown).
   */
  collect(now?: boolean): readonly Point[];
}

export interface SelfMetricsOptions {
  readonly ledger: Ledger;
  readonly store: Pick<PointStore, "held" | "heldBytes">;
  /** Told apart from memory: `held_points` and `held_bytes` do not count what is in files. */
  readonly spool?: Pick<Spool, "held" | "bytes" | "recovered" | "torn">;
  /** What became of local clients' connections. */
  readonly connections?: ConnectionCounts;
  /** Counters of other parts by their fields' names: what they have grown by is told if it is anything. */
  readonly counters?: () => Readonly<Record<string, number>>;
  /** At most one set of points in this time, in ms. */
  readonly intervalMs: number;
  /** Unix time in ms. */
  readonly now: () => number;
}

/** Counters since the last emission. */
interface Costs {
  flushes: number;
  flushMs: number;
  billedMs: number;
  retried: number;
}

const OWN: Source = "self";

/** Starts with nothing counted; the first interval begins now. */
export function createSelfMetrics(options: SelfMetricsOptions): SelfMetrics {
  const { ledger, store, spool, connections, intervalMs } = options;
  let emittedAt = options.now();
  let costs = noCosts();
  const emitted = new Map<string, number>();

  /** The growth of a counter since it was last emitted. */
  function growth(counter: string, value: number): bigint {
    const grown = value - (emitted.get(counter) ?? 0);
    emitted.set(counter, value);
    return BigInt(Math.round(grown));
  }

  function accountFields(): Map<string, Map<string, bigint>> {
    const bySource = new Map<string, Map<string, bigint>>();
    const add = (source: Source, field: string, value: bigint): void => {
      if (source === OWN || value === 0n) return;
      const fields = bySource.get(source) ?? new Map<string, bigint>();
      fields.set(field, (fields.get(field) ?? 0n) + value);
      bySource.set(source, fields);
    };
    for (const { source, category, received, exported, dropped } of ledger.entries()) {
      const counter = `${source}/${category}`;
      add(source, "received", growth(`${counter}/received`, received));
      add(source, "exported", growth(`${counter}/exported`, exported));
      for (const [reason, count] of dropped) {
        add(source, `dropped_${reason}`, growth(`${counter}/${reason}`, count));
      }
    }
    for (const { source, reason, count } of ledger.refusals()) {
      add(source, `refused_${reason}`, growth(`${source}/refused/${reason}`, count));
    }
    return bySource;
  }

  function spoolFields(): [string, bigint][] {
    if (spool === undefined) return [];
    return [
      ["spooled_points", BigInt(spool.held())],
      ["spooled_bytes", BigInt(spool.bytes)],
      ["spool_recovered", growth("spool/recovered", spool.recovered)],
      ["spool_torn", growth("spool/torn", spool.torn)],
    ];
  }

  /** Only what there is: in most sandboxes nothing ever is. */
  function connectionFields(): [string, bigint][] {
    if (connections === undefined) return [];
    const { evicted, timedOut, malformed, acceptFailures } = connections;
    const counters: [string, number][] = [
      ["connections_evicted", evicted],
      ["connections_timed_out", timedOut],
      ["accept_failures", acceptFailures],
      ["malformed_requests", malformed],
    ];
    return counters
      .map(([name, value]): [string, bigint] => [name, growth(`connections/${name}`, value)])
      .filter(([, grown]) => grown > 0n);
  }

  function counterFields(): [string, bigint][] {
    return Object.entries(options.counters?.() ?? {})
      .map(([name, value]): [string, bigint] => [name, growth(`counter/${name}`, value)])
      .filter(([, grown]) => grown !== 0n);
  }

  return {
    flushed: (durationMs, restored) => {
      costs.flushes++;
      costs.flushMs += durationMs;
      costs.retried += restored;
    },
    held: (billedMs) => void (costs.billedMs += billedMs),
    collect: (atOnce = false) => {
      const now = options.now();
      if (!atOnce && Math.abs(now - emittedAt) < intervalMs) return [];
      const bySource = accountFields();
      if (bySource.size === 0 && costs.flushes === 0) return [];
      emittedAt = now;
      const timeNs = BigInt(now) * 1_000_000n;
      const points: (Point | undefined)[] = [ownPoint(timeNs, [], [
        ["flushes", BigInt(costs.flushes)],
        ["flush_ms", BigInt(Math.round(costs.flushMs))],
        ["billed_ms", BigInt(Math.round(costs.billedMs))],
        ["retried", BigInt(costs.retried)],
        ["held_points", BigInt(store.held())],
        ["held_bytes", BigInt(store.heldBytes)],
        ...spoolFields(),
        ...connectionFields(),
        ...counterFields(),
      ])];
      costs = noCosts();
      for (const [source, fields] of bySource) points.push(ownPoint(timeNs, [["source", source]], fields));
      return points.filter((point) => point !== undefined);
    },
  };
}

function ownPoint(
  timeNs: bigint,
  tags: Iterable<readonly [string, string]>,
  fields: Iterable<readonly [string, FieldValue]>,
): Point | undefined {
  return createPoint({ category: "metric", measurement: SELF_MEASUREMENT, tags, fields, timeNs });
}

function noCosts(): Costs {
  return { flushes: 0, flushMs: 0, billedMs: 0, retried: 0 };
}
