/** Calls of one API at a rate that AWS accepts: paced, slower after each refusal, and tried again. */
import { AwsError } from "./aws_error.ts";

/** What passes by itself is waited for, and tried again this often before it counts as failed. */
const MAX_ATTEMPTS = 8;
const FIRST_DELAY_MS = 250;
const MAX_DELAY_MS = 20_000;
/** Shares of the rate: after a refusal, and with each answer that is none. */
const SLOWER = 0.5;
const FASTER = 1.05;
const SLOWEST_PER_SECOND = 1;

export interface PaceOptions {
  /** Calls a second at most. Below the quota, which the account's other users share. */
  readonly perSecond: number;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** From 0 to 1: spreads the tries of calls that were refused together. */
  readonly random: () => number;
}

/** Runs calls one after another's turn. */
export interface Pace {
  /**
   * The call's result. A throttled call is tried again; so is one that failed for another passing reason, unless
   * `isRepeatable` is false: it may have taken effect. Throws what the last try threw.
   */
  run<T>(call: () => Promise<T>, isRepeatable?: boolean): Promise<T>;
}

/**
 * A pace for one API in one region. Lambda takes 100 GetFunction a second and 15 of all other control-plane calls
 * together.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html#api-requests
 */
export function createPace({ perSecond, now, sleep, random }: PaceOptions): Pace {
  let rate = perSecond;
  let nextAt = 0;
  let slowedAt = 0;
  const turn = async (): Promise<number> => {
    const startsAt = Math.max(now(), nextAt);
    nextAt = startsAt + 1000 / rate;
    if (startsAt > now()) await sleep(startsAt - now());
    return startsAt;
  };
  const slowDown = (startedAt: number): void => {
    if (startedAt < slowedAt) return; // refused at the rate that was given up already
    slowedAt = now();
    rate = Math.max(SLOWEST_PER_SECOND, rate * SLOWER);
  };
  return {
    async run<T>(call: () => Promise<T>, isRepeatable = true): Promise<T> {
      for (let attempt = 1;; attempt++) {
        const startedAt = await turn();
        try {
          const result = await call();
          rate = Math.min(perSecond, rate * FASTER);
          return result;
        } catch (error) {
          if (!(error instanceof AwsError) || attempt === MAX_ATTEMPTS) throw error;
          if (error.isThrottled) slowDown(startedAt);
          else if (!error.isPassing || !isRepeatable) throw error;
          const delayMs = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** (attempt - 1));
          await sleep(delayMs * (1 + random()) / 2);
        }
      }
    },
  };
}
