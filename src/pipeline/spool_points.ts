import type { Source } from "../point/point.ts";
import { type PointRange, sliceOf } from "../point/point_range.ts";
import { joinRuns, type Run, runsOf } from "./spool_format.ts";

/** The points of one file, and which of them are not settled yet. */
export interface SpooledPoints {
  /** Those not settled, in order. */
  ranges(): readonly PointRange[];
  /** Points not settled. */
  readonly left: number;
  /** Settles points of such ranges and returns their sources. */
  settle(ranges: readonly PointRange[]): readonly Run[];
  /** What a file of those not settled holds. */
  rest(): { readonly runs: readonly Run[]; readonly payloads: readonly Uint8Array[] };
}

/** All points of a file, none settled. */
export function createSpooledPoints(range: PointRange, runs: readonly Run[]): SpooledPoints {
  const sources: Source[] = [];
  for (const [source, count] of runs) for (let i = 0; i < count; i++) sources.push(source);
  const isLeft = new Uint8Array(sources.length).fill(1);
  let left = sources.length;

  function ranges(): readonly PointRange[] {
    const found: PointRange[] = [];
    for (let from = 0; from < isLeft.length;) {
      let to = from;
      while (isLeft[to] === 1) to++;
      if (to > from) found.push({ ...range, from, to });
      from = to + 1;
    }
    return found;
  }

  function runsOfRange({ from, to }: PointRange): readonly Run[] {
    return runsOf(sources.slice(from, to));
  }

  return {
    ranges,
    get left() {
      return left;
    },
    settle: (settled) => {
      for (const { from, to } of settled) {
        isLeft.fill(0, from, to);
        left -= to - from;
      }
      return joinRuns(...settled.map(runsOfRange));
    },
    rest: () => ({ runs: joinRuns(...ranges().map(runsOfRange)), payloads: ranges().map(sliceOf) }),
  };
}
