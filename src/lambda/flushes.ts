/** The flushes of one life of the sandbox: which are due, which run beside the function, and how each ends. */
import type { Logger } from "@std/log";
import type { FlushPlan } from "../config/core.ts";
import type { BreakerState } from "../pipeline/circuit_breaker.ts";
import { createDeadline, settledBefore } from "../pipeline/deadline.ts";
import type { Flusher } from "../pipeline/flusher.ts";
import { decideFlush, type FlushDecision, HISTORY_LENGTH } from "./flush_policy.ts";

/** Whom flushes go to. */
export interface FlushTarget {
  readonly flusher: Pick<Flusher, "flush" | "last" | "busy" | "lastFlushAt">;
  readonly breaker: () => BreakerState;
  readonly heldBytes: () => number;
  /** Longest life of a flush that runs beside the function, in ms. */
  readonly exportTimeoutMs: number;
}

export interface FlushesOptions extends FlushTarget {
  readonly plan: FlushPlan;
  /** Called after each flush beside the function. */
  readonly onFlushedBeside: () => void;
  readonly log: Logger;
  /** Unix time in ms. */
  readonly now: () => number;
}

export interface Flushes {
  /** What is to be done for an invocation that begins now. `telemetry`: its end will be told. */
  decide(telemetry: boolean): FlushDecision;
  /** Starts what was decided to go beside the function. */
  begin(): void;
  /** Starts a flush that nobody waits for; its own time limit knows freezes. One at a time. */
  startBeside(): void;
  /** Flushes for `budgetMs` at most, and ends one beside: only uploads that wait for their answers go on. */
  atEnd(budgetMs: number): Promise<void>;
  /** The last flush, of `budgetMs` at most: newest data first, whatever the breaker says. */
  last(budgetMs: number): Promise<void>;
  /** Whether a flush at the end is to be made, as far as was decided and is known now. */
  readonly endIsDue: boolean;
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
  let decision: FlushDecision = "defer";
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
    decision = decideFlush(options.plan, {
      gapsMs,
      sinceFlushMs: startedAt - flusher.lastFlushAt,
      heldBytes: options.heldBytes(),
      breaker: options.breaker(),
      telemetry,
    });
    return decision;
  }

  function startBeside(): void {
    if (beside !== undefined) isDueAgain = true;
    if (flusher.busy) return;
    const abort = new AbortController();
    const deadline = createDeadline(options.exportTimeoutMs, now, undefined, [abort.signal]);
    isDueAgain = false;
    void flusher.flush(deadline.signal, { beside: true }).finally(() => {
      deadline[Symbol.dispose]();
      if (beside === abort) beside = undefined;
      if (isDueAgain && !abort.signal.aborted) startBeside();
      options.onFlushedBeside();
    });
    beside = abort;
  }

  /** Its end must not depend on the flusher: if that does not keep its time, `next` does not wait for it. */
  async function within(over: AbortSignal, work: Promise<unknown>): Promise<void> {
    if (await settledBefore(work, over)) return;
    using patience = createDeadline(GRACE_MS, now);
    if (await settledBefore(work, patience.signal)) return;
    log.error("A flush goes on although its time is over");
  }

  return {
    decide,
    begin: () => {
      if (decision === "overlap" || decision === "probe") startBeside();
    },
    startBeside,
    atEnd: async (budgetMs) => {
      if (budgetMs >= SHORTEST_FLUSH_MS) {
        using deadline = createDeadline(budgetMs, now);
        await within(deadline.signal, flusher.flush(deadline.signal));
      }
      // One begun beside a long run may have outlived the budget.
      beside?.abort();
    },
    last: async (budgetMs) => {
      using deadline = createDeadline(budgetMs, now);
      await within(deadline.signal, flusher.last(budgetMs));
      beside?.abort();
    },
    get endIsDue() {
      // A probe that is still under way has told nothing good.
      return decision === "end" || (decision === "probe" && options.breaker() === "closed");
    },
  };
}

/** What costs the invocation most comes first. */
const DECISIONS: readonly FlushDecision[] = ["end", "probe", "overlap", "defer"];

/**
 * The flushes to several receivers as one. Each decides for itself, with a breaker of its own, and they go side by side
 * within the same time: one that hangs takes nothing from the others.
 */
export function joinFlushes(all: readonly Flushes[]): Flushes {
  const each = async (work: (flushes: Flushes) => Promise<void>): Promise<void> => {
    await Promise.all(all.map(work));
  };
  return {
    decide: (telemetry) => {
      const decisions = all.map((flushes) => flushes.decide(telemetry));
      return DECISIONS.find((decision) => decisions.includes(decision)) ?? "defer";
    },
    begin: () => all.forEach((flushes) => flushes.begin()),
    startBeside: () => all.forEach((flushes) => flushes.startBeside()),
    atEnd: (budgetMs) =>
      each(async (flushes) => flushes.endIsDue ? await flushes.atEnd(budgetMs) : undefined),
    last: (budgetMs) => each((flushes) => flushes.last(budgetMs)),
    get endIsDue() {
      return all.some((flushes) => flushes.endIsDue);
    },
  };
}
