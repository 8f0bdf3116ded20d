import { createPoint, type PointChange } from "../point/create_point.ts";
import type { Point, PointDraft } from "../point/point.ts";
import type { Intake } from "./receiver.ts";

export interface MakePointOptions {
  /** The caller itself has shortened or left out a part of what it was sent. */
  readonly isTrimmed?: boolean;
  /** Hears each thing that Dataway's rules did. */
  readonly changed?: (change: PointChange) => void;
}

/**
 * Makes a point of a draft, and counts it once as `trimmed` when a part of it was shortened or left out, by Dataway's
 * rules or by the caller: the one way for every source, so that the figure means the same in each. `undefined` when no
 * field is left, which counts as nothing yet: the caller knows what was lost and why.
 */
export function makePoint(
  draft: PointDraft,
  refuse: Intake["refuse"],
  options: MakePointOptions = {},
): Point | undefined {
  let { isTrimmed = false } = options;
  const point = createPoint(draft, (change) => {
    isTrimmed = true;
    options.changed?.(change);
  });
  if (point !== undefined && isTrimmed) refuse("trimmed");
  return point;
}
