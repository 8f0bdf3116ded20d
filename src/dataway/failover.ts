/** The order in which several Dataways are asked. */
export interface Failover {
  /** Indexes of all endpoints, the one to ask first in front. */
  readonly order: () => readonly number[];
  readonly failed: (index: number) => void;
  readonly worked: (index: number) => void;
}

/**
 * An endpoint that failed stands behind the others for this long, in ms. Without it a dead first Dataway would cost
 * each upload its whole timeout; with it the user's order of preference is back a minute after the fault is gone.
 */
const COOLDOWN_MS = 60_000;

/** Keeps the configured order, but for those that failed of late: they come last, the longest-failed first. */
export function createFailover(count: number, now: () => number): Failover {
  const failedAt = new Map<number, number>();

  return {
    order(): readonly number[] {
      const at = now();
      for (const [index, since] of failedAt) {
        // A clock set back must not keep an endpoint out for ever.
        if (Math.abs(at - since) >= COOLDOWN_MS) failedAt.delete(index);
      }
      const healthy = Array.from({ length: count }, (_, index) => index).filter((index) =>
        !failedAt.has(index)
      );
      return [...healthy, ...failedAt.keys()];
    },
    failed(index): void {
      failedAt.delete(index);
      failedAt.set(index, now());
    },
    worked: (index) => void failedAt.delete(index),
  };
}
