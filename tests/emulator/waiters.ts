/** Lets code wait for a condition over state that changes in many places. */
export interface Waiters {
  /** Resolves as soon as `condition` holds; at once when it does already. Never rejects. */
  until(condition: () => boolean): Promise<void>;
  /** To be called after each change. */
  changed(): void;
}

/** Waiters without conditions yet. */
export function createWaiters(): Waiters {
  const waiting = new Set<{ readonly condition: () => boolean; readonly resolve: () => void }>();
  return {
    until: (condition) => {
      if (condition()) return Promise.resolve();
      return new Promise((resolve) => waiting.add({ condition, resolve }));
    },
    changed: () => {
      for (const waiter of waiting) {
        if (!waiter.condition()) continue;
        waiting.delete(waiter);
        waiter.resolve();
      }
    },
  };
}

/** Epoch time in ms with the fraction of the monotonic clock. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

/** Resolves to `promise`'s value, or to `"late"` at `atMs` (epoch ms). Leaves no timer behind. */
export function before<T>(promise: Promise<T>, atMs: number): Promise<T | "late"> {
  const { promise: late, resolve } = Promise.withResolvers<"late">();
  const timer = setTimeout(() => resolve("late"), Math.max(0, atMs - nowMs()));
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** A pause in ms, cut short (not failed) when `signal` fires. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener("abort", end);
  });
}
