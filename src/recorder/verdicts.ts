/** Which requests are worth all that was held of them. */
import type { RecorderCause } from "../config/recorder.ts";
import { createTraceRatio } from "../pipeline/trace_ratio.ts";

/** Why what was held of a request is sent. */
export type Cause = RecorderCause | "sample";

/** How a request ended, as far as is known: the first time with how long it took, then what was learnt since. */
export interface RequestOutcome {
  readonly requestId: string;
  readonly errors: 0 | 1;
  /** The handler threw, whether that counts as an error or not. */
  readonly threw: 0 | 1;
  readonly timeouts: 0 | 1;
  readonly outOfMemory: 0 | 1;
  readonly coldStarts: 0 | 1;
  readonly finished?: { readonly durationMs: number } | undefined;
}

export interface VerdictOptions {
  readonly causes: ReadonlySet<RecorderCause>;
  /** A request that takes so long is slow, in ms. 0: one that takes three times the p95 of those before it. */
  readonly slowMs: number;
  /** Part of all other requests of which everything is sent, 0 to 1. */
  readonly share: number;
}

/** Judges requests in the order of their ends. */
export interface Verdicts {
  /** Why everything is to be sent; `undefined`: for no reason, so far. */
  causeOf(outcome: RequestOutcome): Cause | undefined;
}

/** The first that holds is the one that is told. */
const ORDER: readonly RecorderCause[] = ["timeout", "oom", "error", "cold", "slow"];
/** How many times the p95 is slow, and how many durations have to be known for it. */
const SLOW_FACTOR = 3;
const LEAST_KNOWN = 50;
const MAX_KNOWN = 100;
const HIGH_QUANTILE = 0.95;
/** Digits of a request's id that tell whether it is of the sample. */
const ID_DIGITS = 12;

/** No request has ended yet. */
export function createVerdicts({ causes, slowMs, share }: VerdictOptions): Verdicts {
  const durations: number[] = [];
  const isWithinShare = createTraceRatio(share);

  /** Judged by those before it. */
  function isSlow(durationMs: number): boolean {
    if (slowMs > 0) return durationMs >= slowMs;
    const limitMs = durations.length < LEAST_KNOWN ? Infinity : SLOW_FACTOR * highOf(durations);
    durations.push(durationMs);
    if (durations.length > MAX_KNOWN) durations.shift();
    return durationMs >= limitMs;
  }

  function isSampled(requestId: string): boolean {
    const digits = requestId.slice(-ID_DIGITS);
    return share > 0 && /^[\da-f]+$/i.test(digits) && isWithinShare(BigInt(`0x${digits}`));
  }

  return {
    causeOf: ({ requestId, errors, threw, timeouts, outOfMemory, coldStarts, finished }) => {
      const is: Readonly<Record<RecorderCause, boolean>> = {
        timeout: timeouts === 1,
        oom: outOfMemory === 1,
        error: errors + threw > 0,
        cold: coldStarts === 1,
        slow: finished !== undefined && isSlow(finished.durationMs),
      };
      const cause = ORDER.find((each) => is[each] && causes.has(each));
      return cause ?? (finished !== undefined && isSampled(requestId) ? "sample" : undefined);
    },
  };
}

function highOf(durations: readonly number[]): number {
  const sorted = durations.toSorted((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * HIGH_QUANTILE) - 1] ?? Infinity;
}
