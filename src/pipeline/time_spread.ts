import type { Point } from "../point/point.ts";

/**
 * Tells the sandboxes of one function apart by the part of a metric's time that nobody measured. They share all
 * tags, so two of their points of the same millisecond would be one point to the store behind Dataway, and the later
 * would replace the earlier: of a busy function's `invocations` most would be gone. The platform's times end with the
 * millisecond; each sandbox moves them by its own number of nanoseconds, less than one millisecond.
 */
export interface TimeSpread {
  /** The points, with those metrics moved whose time is a whole millisecond. No two get the same time. */
  apply(points: readonly Point[]): readonly Point[];
  /** A new identity: after a snapshot many sandboxes wake up with one memory. */
  redraw(): void;
}

const NS_PER_MS = 1_000_000n;

/** `random` gives numbers in [0, 1), as `Math.random`. */
export function createTimeSpread(random: () => number = Math.random): TimeSpread {
  let offsetNs = draw();
  let lastMsNs = -1n;
  let step = 0n;

  function draw(): bigint {
    return BigInt(Math.floor(random() * Number(NS_PER_MS)));
  }

  return {
    apply: (points) =>
      points.map((point) => {
        if (point.category !== "metric" || point.timeNs % NS_PER_MS !== 0n) return point;
        step = point.timeNs === lastMsNs ? step + 1n : 0n;
        lastMsNs = point.timeNs;
        return { ...point, timeNs: point.timeNs + (offsetNs + step) % NS_PER_MS };
      }),
    redraw: () => void (offsetNs = draw()),
  };
}
