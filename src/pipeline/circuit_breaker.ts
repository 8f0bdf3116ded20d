/**
 * Keeps a dead Dataway from costing billed time at each invocation: after a few failures in a row nothing is
 * tried (data is held), then one probe at growing intervals.
 */
export interface CircuitBreaker {
  /** `closed`: send. `half_open`: one probe is due. `open`: hold. */
  state(): BreakerState;
  /** Time until the next probe is due, in ms; 0 unless `open`. */
  waitMs(): number;
  /** A POST was answered, or refused for good: someone is there. */
  succeeded(): void;
  /** A POST got no usable answer. `retryAfterMs` opens at once for that long. */
  failed(retryAfterMs?: number): void;
  /** Forgets everything, e.g. after a snapshot was restored elsewhere. */
  reset(): void;
}

export type BreakerState = "closed" | "open" | "half_open";

export interface CircuitBreakerOptions {
  /** Unix time in ms. */
  readonly now: () => number;
}

/** Failures in a row that open it. */
const THRESHOLD = 2;
/** First wait, doubled with each failed probe, and the longest. In ms. */
const FIRST_WAIT_MS = 5_000;
const LONGEST_WAIT_MS = 300_000;

/** A closed breaker. */
export function createCircuitBreaker(options: CircuitBreakerOptions): CircuitBreaker {
  const { now } = options;
  let failures = 0;
  let openedAt = 0;
  let waitMs = 0;

  function leftMs(): number {
    const elapsedMs = now() - openedAt;
    // A clock set back must not hold data for longer than the wait itself.
    return elapsedMs < 0 ? 0 : Math.max(0, waitMs - elapsedMs);
  }

  return {
    state: () => waitMs === 0 ? "closed" : leftMs() > 0 ? "open" : "half_open",
    waitMs: leftMs,
    succeeded: () => {
      failures = 0;
      waitMs = 0;
    },
    failed: (retryAfterMs) => {
      failures++;
      if (failures < THRESHOLD && retryAfterMs === undefined) return;
      openedAt = now();
      const doubledMs = FIRST_WAIT_MS * 2 ** Math.min(Math.max(0, failures - THRESHOLD), 30);
      waitMs = Math.min(LONGEST_WAIT_MS, Math.max(retryAfterMs ?? doubledMs, 1));
    },
    reset: () => {
      failures = 0;
      waitMs = 0;
    },
  };
}
