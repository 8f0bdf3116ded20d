/** The flushes of one life of the sandbox: which are due, which run beside the function, and how each ends. */
import type { Logger } from "@std/log";
import type { BreakerState } from "../pipeline/circuit_breaker.ts";
import { createDeadline, settledBefore } from "../pipeline/deadline.ts";
import type { Flusher } from "../pipeline/flusher.ts";
import { decideFlush, type FlushDecision, type FlushPlan, HISTORY_LENGTH } from "./flush_policy.ts";

export interface FlushesOptions {
  readonly flusher: Pick<Flusher, "flush" | "busy" | "lastFlushAt">;
  readonly breaker: () => BreakerState;
  readonly heldBytes: () => number;
  readonly plan: FlushPlan;
  /** Longest life of a flush that runs beside the function, in ms. */
  readonly exportTimeoutMs: number;
  /** Called after each flush beside the function. */
  readonly onFlushedBeside: () => void;
  readonly log: Logger;
  /** Unix time in ms. */
  readonly now: () => number;
}

export interface Flushes {
  /** What is to be done for an invocation that begins now. `telemetry`: its end will be told. */
  decide(telemetry: boolean): FlushDecision;
  /** Starts a flush that nobody waits for; its own time limit knows freezes. One at a time. */
  startBeside(): void;
  /** Flushes for `budgetMs` at most, and ends one that is under way: nothing is when it resolves. */
  atEnd(budgetMs: number): Promise<void>;
  /** The last flush, of `budgetMs` at most: newest data first, whatever the breaker says. */
  last(budgetMs: number): Promise<void>;
  /** Dataway is thought to be well. */
  readonly well: boolean;
}

/** An end flush shorter than this cannot do a round trip: the data waits for the next one. In ms. */
const SHORTEST_FLUSH_MS = 10;
/** A flush that was cut puts back its batches; what takes longer is not waited for. In ms. */
const CUT_MS = 50;
/** Part of the last flush's time that one in flight may take: its connection may have died in the freeze. */
const BESIDE_SHARE = 0.4;

/** No flush yet. */
export function createFlushes(options: FlushesOptions): Flushes {
  const { flusher, log, now } = options;
  const gapsMs: number[] = [];
  let invokedAt = 0;
  let beside: { readonly flight: Promise<unknown>; readonly abort: AbortController } | undefined;

  function decide(telemetry: boolean): FlushDecision {
    const startedAt = now();
    if (invokedAt > 0) {
      gapsMs.push(Math.max(0, startedAt - invokedAt));
      if (gapsMs.length > HISTORY_LENGTH) gapsMs.shift();
    }
    invokedAt = startedAt;
    return decideFlush(options.plan, {
      gapsMs,
      sinceFlushMs: startedAt - flusher.lastFlushAt,
      heldBytes: options.heldBytes(),
      breaker: options.breaker(),
      telemetry,
    });
  }

  function startBeside(): void {
    if (flusher.busy) return;
    const abort = new AbortController();
    const deadline = createDeadline(options.exportTimeoutMs, now);
    const flight = flusher.flush(AbortSignal.any([abort.signal, deadline.signal])).finally(() => {
      deadline[Symbol.dispose]();
      if (beside === begun) beside = undefined;
      options.onFlushedBeside();
    });
    const begun = { flight, abort };
    beside = begun;
  }

  /** Gives a flush beside the function that much time to end, then cuts it: its batch is put back. */
  async function endBeside(patienceMs: number): Promise<void> {
    if (beside === undefined) return;
    const { flight, abort } = beside;
    using patience = createDeadline(patienceMs, now);
    if (patienceMs > 0 && await settledBefore(flight, patience.signal)) return;
    abort.abort();
    await waitForCut(flight);
  }

  /** A flush ends with its signal; if one does not all the same, `next` must not wait for it. */
  async function waitForCut(flight: Promise<unknown>): Promise<void> {
    using patience = createDeadline(CUT_MS, now);
    if (await settledBefore(flight, patience.signal)) return;
    log.error("A flush goes on although its time is over");
  }

  async function flushFor(budgetMs: number, flushOptions?: Parameters<Flusher["flush"]>[1]): Promise<void> {
    using deadline = createDeadline(budgetMs, now);
    const flight = flusher.flush(deadline.signal, flushOptions);
    if (!await settledBefore(flight, deadline.signal)) await waitForCut(flight);
  }

  return {
    decide,
    startBeside,
    atEnd: async (budgetMs) => {
      if (budgetMs >= SHORTEST_FLUSH_MS) await flushFor(budgetMs);
      // A flush begun beside a long run may have outlived the budget: nothing unnamed is pending at `next`.
      await endBeside(0);
    },
    last: async (budgetMs) => {
      const endAt = now() + budgetMs;
      await endBeside(budgetMs * BESIDE_SHARE);
      await flushFor(Math.max(0, endAt - now()), { newestFirst: true, force: true });
      await endBeside(0);
    },
    get well() {
      return options.breaker() === "closed";
    },
  };
}
