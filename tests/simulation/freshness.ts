import type { BreakerState } from "../../src/pipeline/circuit_breaker.ts";
import type { PointStore } from "../../src/pipeline/store.ts";
import type { Register } from "./checks.ts";
import type { FakeDataway } from "./dataway.ts";
import type { World } from "./world.ts";

/** Data must not lie about: with a Dataway that is well each plan has a bound for its age. */
export interface Freshness {
  invoked(state: BreakerState, deadlineAt: number): void;
  /** The extension knows that the runtime is done. */
  told(): void;
  /** The extension asks for the next event. */
  asked(store: PointStore): void;
}

/** Adaptive plans may defer a flush this long when traffic is dense, in ms. */
const OVERLAP_INTERVAL_MS = 10_000;
/** Time in which a Dataway that is well takes what is held, in ms. */
const ROUND_TRIPS_MS = 200;
/** Part of the budget that may be kept for the spool. */
const SPILL_SHARE = 0.1;
/** So long before the deadline nothing is waited for any more, in ms. */
const MARGIN_MS = 200;
/** While an upload is this old, nobody waits for others: it may hang. In ms. */
const HANGING_MS = 250;
/** Less than this before the deadline no flush at the end can be expected, in ms. */
const TIME_TO_FLUSH_MS = MARGIN_MS + 250;

export function createFreshness(world: World, register: Register, dataway: FakeDataway): Freshness {
  const { time, schedule, fail } = world;
  const { plan } = schedule;
  /** World times of the last INVOKEs, newest first. */
  const invokedMs: number[] = [];
  let state: BreakerState = "closed";
  let toldMs: number | undefined;
  let mustFlush = false;
  /** Unix ms. */
  let waitsUntil = Infinity;
  let wasPending = false;
  const alwaysWell = schedule.telemetry && schedule.collect === "plain" && schedule.budgetMs >= 500 &&
    schedule.storeMaxBytes >= 1e6 && schedule.maxRawBodyBytes >= 1e6 && schedule.endpointMaxBytes >= 1e6 &&
    schedule.invocations.every(({ moods, timeoutMs, runtimeMs, telemetryDelayMs }) =>
      moods.every(({ kind }) => kind === "healthy") && telemetryDelayMs <= 5 &&
      timeoutMs - runtimeMs > TIME_TO_FLUSH_MS + 2 * ROUND_TRIPS_MS
    );

  /** World time before which nothing that is held may have come. */
  function oldestMs(): number {
    const [thisMs = 0, lastMs = 0, beforeMs = 0] = invokedMs;
    switch (plan.kind) {
      case "end":
        return toldMs ?? thisMs;
      case "periodic":
        return thisMs - plan.everyMs - ROUND_TRIPS_MS;
      case "overlap":
        return invokedMs.length < 3 ? -Infinity : beforeMs - ROUND_TRIPS_MS;
      case "adaptive":
        return invokedMs.length < 3
          ? -Infinity
          : Math.min(beforeMs, lastMs - OVERLAP_INTERVAL_MS) - ROUND_TRIPS_MS;
    }
  }

  return {
    invoked: (breaker, deadlineAt) => {
      state = breaker;
      toldMs = undefined;
      invokedMs.unshift(time.elapsedMs);
      dataway.mark();
      mustFlush = deadlineAt - time.now() > TIME_TO_FLUSH_MS;
      waitsUntil = deadlineAt - MARGIN_MS;
    },
    told: () => {
      if (toldMs !== undefined) return;
      toldMs = time.elapsedMs;
      wasPending = dataway.underway > 0;
    },
    asked: (store) => {
      // All other plans may have asked for `next` beside a flush: they wait for the runtime's end only to flush.
      const named = plan.kind !== "end" || state !== "closed" || wasPending ||
        dataway.longestMs > HANGING_MS;
      const waitedMs = time.elapsedMs - (toldMs ?? time.elapsedMs);
      const spillMs = SPILL_SHARE * schedule.budgetMs;
      // The runtime's end may be told so late that the deadline is nearer than the budget's end.
      const inTime = mustFlush && toldMs !== undefined && waitedMs < schedule.budgetMs - spillMs - 1 &&
        time.now() < waitsUntil - spillMs - 1;
      if (dataway.underway > 0 && !named && inTime) {
        fail(
          "An upload is pending at next only if its budget was used up, or an earlier one is not answered",
        );
      }
      if (!alwaysWell || dataway.someDied || !mustFlush || store.held() === 0) return;
      const limitMs = oldestMs();
      let old = 0;
      for (const [number, { atMs }] of register.points.entries()) {
        if (atMs < limitMs && !dataway.acknowledged.has(number)) old++;
      }
      if (old > 0) {
        fail(`Data goes as the plan says: ${old} points are older than ${time.elapsedMs - limitMs} ms`);
      }
    },
  };
}
