import { SOURCES } from "../point/point.ts";
import { type PointRange, sliceOf } from "../point/point_range.ts";
import type { Run } from "./spool_format.ts";

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

/** All points of a file, none settled. A few bytes are kept for each: a file may claim very many. */
export function createSpooledPoints(range: PointRange, runs: readonly Run[]): SpooledPoints {
  const sources = new Uint8Array(range.to - range.from);
  let filled = 0;
  for (const [source, count] of runs) {
    sources.fill(SOURCES.indexOf(source), filled, filled + count);
    filled += count;
  }
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

  function runsOfRanges(of: readonly PointRange[]): readonly Run[] {
    const found: [Run[0], number][] = [];
    for (const { from, to } of of) {
      for (let i = from; i < to; i++) {
        const source = SOURCES[sources[i] ?? 0] ?? "self";
        const last = found.at(-1);
        if (last?.[0] === source) last[1]++;
        else found.push([source, 1]);
      }
    }
    return found;
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
      return runsOfRanges(settled);
    },
    rest: () => ({ runs: runsOfRanges(ranges()), payloads: ranges().map(sliceOf) }),
  };
}
