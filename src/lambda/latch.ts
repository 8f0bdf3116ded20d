/**
 * What happens once and may be waited for. There is a promise of it only from the first wait to the end of it: of
 * hundreds of invocations that are kept, all but one are over.
 */
export interface Latch<T> {
  isSettled: boolean;
  value: T | undefined;
  waiting: PromiseWithResolvers<T | undefined> | undefined;
}

/** One that has not happened. */
export function createLatch<T>(): Latch<T> {
  return { isSettled: false, value: undefined, waiting: undefined };
}

/** It happens; only the first time counts. */
export function settle<T>(latch: Latch<T>, value?: T): void {
  if (latch.isSettled) return;
  const { waiting } = latch;
  latch.isSettled = true;
  latch.value = value;
  latch.waiting = undefined;
  waiting?.resolve(value);
}

/** Resolves once it has happened, with its value. Never rejects. */
export function settlement<T>(latch: Latch<T>): Promise<T | undefined> {
  if (latch.isSettled) return Promise.resolve(latch.value);
  latch.waiting ??= Promise.withResolvers();
  return latch.waiting.promise;
}
