import type { Point } from "../point/point.ts";

/**
 * Tells the sandboxes of one function apart by the part of a metric's time that nobody measured. They share all
 * tags, so two of their points of the same millisecond would be one point to the store behind Dataway, and the later
 * would replace the earlier: of a busy function's `invocations` most would be gone. The platform's times end with the
 * millisecond; each sandbox moves them by nanoseconds of its own, less than one millisecond.
 */
export interface TimeSpread {
  /**
   * The points, with those metrics moved whose time is a whole millisecond. Of a million moved in a row no two get the
   * same time, in whatever order their milliseconds come.
   */
  apply(points: readonly Point[]): readonly Point[];
  /** What the next metric of a whole millisecond is to be moved by, in ns: less than a million, and each time another. */
  nextNs(): number;
  /** A new identity: after a snapshot many sandboxes wake up with one memory. */
  redraw(): void;
}

const NS_PER_MS = 1_000_000;

/** `random` gives numbers in [0, 1), as `Math.random`. */
export function createTimeSpread(random: () => number = Math.random): TimeSpread {
  let next = draw();

  function draw(): number {
    return Math.floor(random() * NS_PER_MS);
  }

  // One counter for all milliseconds: a counter for each would have to be remembered as long as its millisecond may
  // come back, and telemetry comes in any order.
  function nextNs(): number {
    const taken = next;
    next = (next + 1) % NS_PER_MS;
    return taken;
  }

  return {
    apply: (points) =>
      points.map((point) =>
        point.category !== "metric" || point.timeNs % BigInt(NS_PER_MS) !== 0n
          ? point
          : { ...point, timeNs: point.timeNs + BigInt(nextNs()) }
      ),
    nextNs,
    redraw: () => void (next = draw()),
  };
}
