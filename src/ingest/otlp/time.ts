const HOUR_NS = 3_600_000_000_000n;

/** Settles the times of one request's points. */
export interface Clock {
  /** The first of `candidates` that is not zero, at most an hour ahead of now; now if all are zero. In ns. */
  settle(...candidates: readonly bigint[]): bigint;
}

/**
 * A clock standing at `nowMs` (Unix time).
 * @see `spec/ingest.md` T23 for the hour
 */
export function createClock(nowMs: number): Clock {
  const nowNs = BigInt(Math.trunc(nowMs)) * 1_000_000n;
  const latestNs = nowNs + HOUR_NS;
  return {
    settle: (...candidates) => {
      const timeNs = candidates.find((candidate) => candidate !== 0n) ?? nowNs;
      return timeNs > latestNs ? latestNs : timeNs;
    },
  };
}
