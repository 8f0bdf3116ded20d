import type { BreakerState } from "../../src/pipeline/circuit_breaker.ts";
import type { FlushReport } from "../../src/pipeline/flusher.ts";
import type { Ledger } from "../../src/pipeline/ledger.ts";
import type { UntoldFigures } from "../../src/pipeline/self_metrics.ts";
import type { Spool } from "../../src/pipeline/spool.ts";
import type { PointStore } from "../../src/pipeline/store.ts";
import type { Category, Point, Source } from "../../src/point/point.ts";
import type { FakeDataway } from "./dataway.ts";

/** What the simulation itself knows of each point that was handed in. */
export interface Register {
  /** Takes points down and gives them back with their number in them, which survives a file. */
  readonly arrived: (source: Source, points: readonly Point[]) => readonly Point[];
  /** By number, which is the place in the order of arrival. */
  readonly points: readonly Arrived[];
}

export interface Arrived {
  readonly source: Source;
  readonly point: Point;
  /** In world time. */
  readonly atMs: number;
}

const NUMBER_FIELD = "simulated_number";

export function createRegister(elapsedMs: () => number): Register {
  const points: Arrived[] = [];
  return {
    arrived: (source, more) =>
      more.map((point) => {
        const fields = new Map([...point.fields, [NUMBER_FIELD, BigInt(points.length)] as const]);
        points.push({ source, point, atMs: elapsedMs() });
        return { ...point, fields };
      }),
    points,
  };
}

/** The point's place in the order of arrival. */
export function numberOf(point: Point): number {
  return Number(point.fields.get(NUMBER_FIELD) ?? NaN);
}

type Fail = (promise: string) => void;

/** What is held: in memory, and in files if there is a spool. */
export interface Held {
  readonly ledger: Ledger;
  readonly store: PointStore;
  readonly spool?: Spool | undefined;
  /** An answer may be read but not yet booked. */
  readonly uploading: () => boolean;
}

/** After every step: nothing is missing and nothing is held beyond the bound. */
export function checkTotals({ ledger, store, spool }: Held, maxBytes: number, fail: Fail): void {
  let open = 0;
  for (const { received, exported, dropped } of ledger.entries()) {
    open += received - exported;
    for (const count of dropped.values()) open -= count;
  }
  const held = store.held() + (spool?.held() ?? 0);
  if (open !== held) fail(`received = exported + held + dropped: ${open} open, ${held} held`);
  if (store.heldBytes > maxBytes) fail(`The store is bounded: ${store.heldBytes} of ${maxBytes} bytes`);
  if (store.heldBytes < 0) fail(`The store counts bytes: ${store.heldBytes}`);
}

/** The ledger agrees with what the world outside saw, row by row. */
export function checkRows(
  { ledger, store, spool, uploading }: Held,
  register: Register,
  dataway: FakeDataway,
  fail: Fail,
): void {
  const received = new Map<string, number>();
  const exported = new Map<string, number>();
  const keyOf = (source: Source, category: Category): string => `${source}/${category}`;
  for (const [number, { source, point }] of register.points.entries()) {
    const key = keyOf(source, point.category);
    received.set(key, (received.get(key) ?? 0) + 1);
    if (dataway.acknowledged.has(number)) exported.set(key, (exported.get(key) ?? 0) + 1);
  }
  for (const row of ledger.entries()) {
    const key = keyOf(row.source, row.category);
    const seen = [received.get(key) ?? 0, exported.get(key) ?? 0] as const;
    if (row.received !== seen[0]) fail(`${key}: ${seen[0]} were handed in, the ledger says ${row.received}`);
    if (row.exported > seen[1] || (row.exported < seen[1] && !uploading())) {
      fail(`${key}: ${seen[1]} were acknowledged, the ledger says ${row.exported}`);
    }
    const held = store.held(row.source, row.category) + (spool?.held(row.source, row.category) ?? 0);
    let rest = row.received - row.exported - held;
    for (const count of row.dropped.values()) rest -= count;
    if (rest !== 0) fail(`${key}: received = exported + held + dropped: ${rest} are missing`);
  }
  for (const number of dataway.acknowledged) {
    if ((dataway.stored.get(number) ?? 0) === 0) fail("What counts as exported was stored");
  }
}

/** What arrived of the own figures and what is left to tell are together the whole account. */
export function checkFigures(
  ledger: Ledger,
  figures: readonly Point[],
  untold: UntoldFigures,
  fail: Fail,
): void {
  const sums = new Map<string, number>();
  const add = (source: string, field: string, value: number): void => {
    const key = `${source}/${field}`;
    const sum = (sums.get(key) ?? 0) + value;
    if (sum === 0) sums.delete(key);
    else sums.set(key, sum);
  };
  for (const { tags, fields } of figures) {
    const source = tags.get("source");
    if (source === undefined) continue;
    for (const [field, value] of fields) add(source, field, Number(value));
  }
  for (const [source, fields] of Object.entries(untold)) {
    for (const [field, value] of Object.entries(fields)) add(source, field, value);
  }
  for (const { source, received, exported, dropped } of ledger.entries()) {
    add(source, "received", -received);
    add(source, "exported", -exported);
    for (const [reason, count] of dropped) add(source, `dropped_${reason}`, -count);
  }
  for (const { source, reason, count } of ledger.refusals()) add(source, `refused_${reason}`, -count);
  if (sums.size > 0) {
    fail(`Own figures and what they leave untold are the account: ${JSON.stringify([...sums])}`);
  }
}

/** A point is refused for good only if each endpoint was asked and none is left to hope for. */
export function checkRefusal(point: Point, reason: string, dataway: FakeDataway, fail: Fail): void {
  const statuses = [...dataway.refusals.get(numberOf(point))?.values() ?? []];
  if (reason === "rejected" && !statuses.includes(400)) fail("Only what was refused is dropped as rejected");
  if (reason !== "forbidden" && reason !== "quota") return;
  const forbidden = statuses.filter((status) => status === 403).length;
  if (forbidden < dataway.endpoints.length) fail(`Each Dataway is asked before data is dropped as ${reason}`);
}

/** What Dataway was like in a flush; `silent`: not a single answer, and no time to tell why. */
export type FlushVerdict = "well" | "trouble" | "silent";

/** How much billed time a Dataway that fails may cost. */
export interface OutageWatch {
  /** A flush ended, in which Dataway failed or not, and left the breaker in this state. */
  flushed(report: FlushReport, verdict: FlushVerdict, state: BreakerState): void;
  /** An invocation cost this much, in ms, with the breaker in this state when it began. */
  cost(ms: number, state: BreakerState): void;
}

/** Invocations that an outage may hold up before the breaker keeps it from costing anything. */
const COSTLY_INVOCATIONS = 2;

/** `nothingMs`: less than this is no cost; a part of `budgetMs` is not what an outage may cost twice. */
export function createOutageWatch(nothingMs: number, budgetMs: number, fail: Fail): OutageWatch {
  let failing = false;
  let costly = 0;
  return {
    flushed: ({ restored }, verdict, state) => {
      // What comes next is a probe, and if that is taken, another outage.
      if (state !== "closed") costly = 0;
      if (verdict === "trouble" && restored > 0) failing = true;
      else if (verdict !== "silent") {
        failing = false;
        costly = 0;
      }
    },
    cost: (ms, state) => {
      if (ms <= nothingMs) return;
      if (state === "open") fail(`While the breaker is open an invocation costs nothing: ${ms} ms`);
      if (failing && ms > budgetMs / 2 && ++costly > COSTLY_INVOCATIONS) {
        fail(`An outage costs the budget ${COSTLY_INVOCATIONS} times at most`);
      }
    },
  };
}
