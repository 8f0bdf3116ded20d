import type { BreakerState } from "../../src/pipeline/circuit_breaker.ts";
import type { FlushReport } from "../../src/pipeline/flusher.ts";
import type { Point } from "../../src/point/point.ts";
import { checkRows, createOutageWatch, type Register } from "./checks.ts";
import type { FakeDataway } from "./dataway.ts";
import type { SimulatedExtension } from "./extension.ts";
import { createFreshness } from "./freshness.ts";
import type { PlatformWatch } from "./platform.ts";
import type { Arrival } from "./schedule.ts";
import type { World } from "./world.ts";

/** Looks on while a sandbox runs, and checks what an invocation costs and what is left at `next`. */
export interface Watch extends PlatformWatch {
  flushed(report: FlushReport): void;
  readonly shuttingDown: boolean;
  /** When SHUTDOWN must be handled, Unix time in ms. */
  readonly shutdownLimitAt: number;
}

export interface WatchOptions {
  readonly world: World;
  readonly register: Register;
  readonly dataway: FakeDataway;
  /** There is none before its first `next`. */
  readonly extension: () => SimulatedExtension | undefined;
}

/** Kept back from a deadline, as the program does, in ms. */
const MARGIN_MS = 200;
/** Longest time for SHUTDOWN, in ms. */
const SHUTDOWN_MS = 1300;
/** What passes for no cost, in ms; collecting aggregates may take a little. */
const NOTHING_MS = 5;
const COLLECTING_MS = 45;
/** Clocks are whole milliseconds. */
export const TICK_MS = 1;

export function createWatch({ world, register, dataway, extension }: WatchOptions): Watch {
  const { time, schedule, fail, count, tell } = world;
  const clockJumps = schedule.invocations.some(({ wallJumpMs }) => wallJumpMs !== 0);
  const outage = createOutageWatch(
    schedule.collect === "plain" ? NOTHING_MS : COLLECTING_MS,
    schedule.budgetMs,
    fail,
  );
  const freshness = createFreshness(world, register, dataway);
  const toldAt = new Map<number, number>();
  let open: { run: number; invokedAt: number; deadlineAt: number; state: BreakerState } | undefined;
  let shuttingDown = false;
  let shutdownLimitAt = Infinity;

  /** Between the end that the extension knows of and its `next` lie the budget and the deadline. */
  function checkHold({ run, invokedAt, deadlineAt, state }: NonNullable<typeof open>): void {
    const doneAt = schedule.telemetry ? Math.max(invokedAt, toldAt.get(run) ?? Infinity) : invokedAt;
    const lastAt = Math.max(invokedAt, deadlineAt - MARGIN_MS);
    const budgetMs = schedule.telemetry ? schedule.budgetMs : 0;
    const limitAt = Math.min(doneAt + budgetMs, lastAt);
    // In an outage the spool waits for what the invocation tells.
    const spills = schedule.spool && schedule.telemetry && state === "open";
    if (schedule.plan.kind === "overlap" && !spills && time.now() > invokedAt + TICK_MS) {
      fail(`Beside the function next is asked for at once, not after ${time.now() - invokedAt} ms`);
    }
    if (time.now() > limitAt + TICK_MS) fail(`next is held ${time.now() - limitAt} ms too long`);
    const costMs = time.now() - Math.min(doneAt, lastAt);
    if (costMs > NOTHING_MS) count("invocations held by a flush");
    outage.cost(costMs, state);
  }

  return {
    began: ({ moods, arrivals }) => {
      dataway.moods = moods;
      for (const arrival of arrivals) {
        time.inbound(arrival.atMs, () => extension()?.write(arrival.source, pointsOf(arrival)));
      }
    },
    invoked: (run, deadlineAt) => {
      const state = extension()?.breakerState() ?? "closed";
      open = { run, invokedAt: time.now(), deadlineAt, state };
      freshness.invoked(state, deadlineAt);
      count(`invocations, breaker ${state}`);
    },
    told: (run) => {
      if (!toldAt.has(run)) toldAt.set(run, time.now());
      if (run === open?.run) freshness.told();
    },
    asked: () => {
      if (shuttingDown) fail("After SHUTDOWN there is no next");
      const running = extension();
      if (running === undefined || open === undefined) return;
      checkHold(open);
      open = undefined;
      freshness.asked(running.store);
      checkRows(running, register, dataway, fail);
    },
    frozen: () => dataway.frozen(),
    shutdown: (deadlineAt) => {
      shuttingDown = true;
      shutdownLimitAt = Math.max(time.now(), Math.min(deadlineAt - MARGIN_MS, time.now() + SHUTDOWN_MS));
      dataway.mark();
    },
    flushed: (report) => {
      count(report.restored > 0 ? "flushes that failed" : "flushes that went well");
      tell(`  flush: ${JSON.stringify(report)}`);
      // What uploads of other flushes met meanwhile is for these to tell: all of this one's were answered.
      const isWell = report.error === undefined && report.exported > 0;
      const verdict = isWell ? "well" : dataway.takeVerdict();
      // A clock that jumps hides how long uploads took.
      if (clockJumps) return;
      // With a second Dataway to turn to, one that fails is no outage.
      const anyTook = report.exported + report.dropped > 0;
      const state = extension()?.breakerState() ?? "closed";
      outage.flushed(report, schedule.endpoints === 1 ? verdict : anyTook ? "well" : "trouble", state);
    },
    get shuttingDown() {
      return shuttingDown;
    },
    get shutdownLimitAt() {
      return shutdownLimitAt;
    },
  };
}

function pointsOf({ category, count, sizeBytes }: Arrival): Point[] {
  return Array.from({ length: count }, () => ({
    category,
    measurement: "local",
    tags: new Map(),
    fields: new Map([["message", "x".repeat(sizeBytes)]]),
    timeNs: 0n,
  }));
}
