/**
 * Tells the sandboxes of one function apart by the part of a metric's time that nobody measured. They share all
 * tags, so two of their points of the same millisecond would be one point to the store behind Dataway, and the later
 * would replace the earlier: of a busy function's `invocations` most would be gone. The platform's times end with the
 * millisecond; each sandbox moves them by nanoseconds of its own, less than one millisecond.
 */
export interface TimeSpread {
  /**
   * A metric's time, moved if it is a whole millisecond. Of a million moved in a row no two get the same, in whatever
   * order their milliseconds come. Unix time in ns.
   */
  move(timeNs: bigint): bigint;
  /** A new identity: after a snapshot many sandboxes wake up with one memory. */
  redraw(): void;
}

const NS_PER_MS = 1_000_000;
const NS_PER_MS_BIGINT = BigInt(NS_PER_MS);

/** `random` gives numbers in [0, 1), as `Math.random`. */
export function createTimeSpread(random: () => number = Math.random): TimeSpread {
  let next = draw();

  function draw(): number {
    return Math.floor(random() * NS_PER_MS);
  }

  return {
    move: (timeNs) => {
      if (timeNs % NS_PER_MS_BIGINT !== 0n) return timeNs;
      // One counter for all milliseconds: a counter for each would have to be remembered as long as its millisecond
      // may come back, and telemetry comes in any order.
      const moved = timeNs + BigInt(next);
      next = (next + 1) % NS_PER_MS;
      return moved;
    },
    redraw: () => void (next = draw()),
  };
}
