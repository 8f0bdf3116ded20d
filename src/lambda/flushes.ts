/** The flushes of one life of the sandbox: which are due, which run beside the function, and how each ends. */
import type { Logger } from "@std/log";
import type { FlushPlan } from "../config/core.ts";
import type { BreakerState } from "../pipeline/circuit_breaker.ts";
import { createDeadline, linkSignals, settledBefore } from "../pipeline/deadline.ts";
import type { Flusher } from "../pipeline/flusher.ts";
import { decideFlush, type FlushDecision, HISTORY_LENGTH } from "./flush_policy.ts";

export interface FlushesOptions {
  readonly flusher: Pick<Flusher, "flush" | "last" | "busy" | "lastFlushAt">;
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
  /** Flushes for `budgetMs` at most, and ends one beside: only uploads that wait for their answers go on. */
  atEnd(budgetMs: number): Promise<void>;
  /** The last flush, of `budgetMs` at most: newest data first, whatever the breaker says. */
  last(budgetMs: number): Promise<void>;
  /** Dataway is thought to be well. */
  readonly well: boolean;
}

/** An end flush shorter than this cannot do a round trip: the data waits for the next one. In ms. */
const SHORTEST_FLUSH_MS = 10;
/** A flush ends with its time; one that takes longer than that is not waited for. In ms. */
const GRACE_MS = 100;

/** No flush yet. */
export function createFlushes(options: FlushesOptions): Flushes {
  const { flusher, log, now } = options;
  const gapsMs: number[] = [];
  let invokedAt = 0;
  /** Ends the flush beside the function. */
  let beside: AbortController | undefined;
  /** Another one was to begin meanwhile: what came since the first is not a part of it. */
  let isDueAgain = false;

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
    if (beside !== undefined) isDueAgain = true;
    if (flusher.busy) return;
    const abort = new AbortController();
    const deadline = createDeadline(options.exportTimeoutMs, now);
    isDueAgain = false;
    const either = linkSignals(abort.signal, deadline.signal);
    void flusher.flush(either.signal, { beside: true }).finally(() => {
      either[Symbol.dispose]();
      deadline[Symbol.dispose]();
      if (beside === abort) beside = undefined;
      if (isDueAgain && !abort.signal.aborted) startBeside();
      options.onFlushedBeside();
    });
    beside = abort;
  }

  /** Its end must not depend on the flusher: if that does not keep its time, `next` does not wait for it. */
  async function within(budgetMs: number, work: Promise<unknown>): Promise<void> {
    using patience = createDeadline(budgetMs + GRACE_MS, now);
    if (await settledBefore(work, patience.signal)) return;
    log.error("A flush goes on although its time is over");
  }

  return {
    decide,
    startBeside,
    atEnd: async (budgetMs) => {
      if (budgetMs >= SHORTEST_FLUSH_MS) {
        using deadline = createDeadline(budgetMs, now);
        await within(budgetMs, flusher.flush(deadline.signal));
      }
      // One begun beside a long run may have outlived the budget.
      beside?.abort();
    },
    last: async (budgetMs) => {
      await within(budgetMs, flusher.last(budgetMs));
      beside?.abort();
    },
    get well() {
      return options.breaker() === "closed";
    },
  };
}
