/**
 * How invocations ended, as numbers to be added up. An outcome once reported is never taken back: what is learnt
 * later is reported as the difference, so that sums are right at any time.
 */
import type { FinishedInvocation } from "../pipeline/receiver.ts";
import type { ColdStart } from "./cold_start.ts";
import type { HandledErrors } from "./handled_errors.ts";
import { classify, describe, type InvocationState, type OutcomeFlags } from "./invocation_state.ts";

/** What is known of how an invocation ended. */
export interface Outcome {
  readonly requestId: string;
  /** When it became known, Unix time in nanoseconds. */
  readonly timeNs: bigint;
  readonly errors: 0 | 1;
  readonly timeouts: 0 | 1;
  readonly outOfMemory: 0 | 1;
  readonly coldStarts: 0 | 1;
  /** The handler threw, whether that counts as an error or not. */
  readonly threw: 0 | 1;
  /**
   * The invocation, with its first outcome, which counts it and states every figure, zeros too. Later ones hold what
   * has been learnt since.
   */
  readonly finished?: FinishedInvocation;
}

export interface OutcomesOptions {
  readonly coldStart: Pick<ColdStart, "isColdStart">;
  readonly handledErrors: Pick<HandledErrors, "threw" | "counts">;
}

/** Turns what is known of invocations into outcomes. */
export interface Outcomes {
  /** The outcome, or what has been learnt since it was reported; `undefined` if that is nothing. */
  settle(invocation: InvocationState, timeNs: bigint): Outcome | undefined;
  /** All outcomes since it was last asked. */
  drain(): readonly Outcome[];
}

/** None yet. */
export function createOutcomes({ coldStart, handledErrors }: OutcomesOptions): Outcomes {
  let outcomes: Outcome[] = [];

  function settle(invocation: InvocationState, timeNs: bigint): Outcome | undefined {
    const seen = classify(invocation, handledErrors.threw(invocation), handledErrors.counts);
    const { reported } = invocation;
    const isFirst = reported === undefined;
    const fresh = (key: keyof OutcomeFlags): 0 | 1 => seen[key] && !reported?.[key] ? 1 : 0;
    const isColdStart = isFirst && coldStart.isColdStart(invocation.first, invocation.startNs);
    const outcome: Outcome = {
      requestId: invocation.requestId,
      timeNs,
      errors: fresh("errors"),
      timeouts: fresh("timeouts"),
      outOfMemory: fresh("outOfMemory"),
      coldStarts: isColdStart ? 1 : 0,
      threw: fresh("threw"),
      ...(isFirst ? { finished: describe(invocation, timeNs, seen.errors, isColdStart) } : {}),
    };
    const learnt = outcome.errors + outcome.timeouts + outcome.outOfMemory + outcome.threw;
    if (!isFirst && learnt === 0) return undefined;
    invocation.reported = {
      errors: seen.errors || reported?.errors === true,
      timeouts: seen.timeouts || reported?.timeouts === true,
      outOfMemory: seen.outOfMemory || reported?.outOfMemory === true,
      threw: seen.threw || reported?.threw === true,
    };
    outcomes.push(outcome);
    return outcome;
  }

  return {
    settle,
    drain: () => {
      if (outcomes.length === 0) return outcomes;
      const drained = outcomes;
      outcomes = [];
      return drained;
    },
  };
}
