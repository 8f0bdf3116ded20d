/** Wait after the first failure in a row, which doubles up to the longest. In ms. */
const FIRST_WAIT_MS = 5;
const LONGEST_WAIT_MS = 500;

/** How a socket that fails is tried again: a little later each time, and never given up. */
export interface Backoff {
  /** After a failure; resolves earlier with {@link Backoff.end}. */
  wait(): Promise<void>;
  /** After a success: the next wait is the first again. */
  reset(): void;
  /** Ends the wait under way, if there is one. */
  end(): void;
}

/** No failure so far. */
export function createBackoff(): Backoff {
  let failures = 0;
  let end = (): void => {};
  return {
    // Not by racing a promise that lives as long as the socket: each race would leave a little behind.
    wait: () =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** failures++));
        end = (): void => {
          clearTimeout(timer);
          resolve();
        };
      }),
    reset: () => void (failures = 0),
    end: () => end(),
  };
}
