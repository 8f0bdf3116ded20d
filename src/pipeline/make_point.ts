import { createPoint, type PointChange } from "../point/create_point.ts";
import type { Point, PointDraft } from "../point/point.ts";
import type { Intake } from "./receiver.ts";

/**
 * Makes a point of a draft, and counts it once as `trimmed` when Dataway's rules shortened or left out a part of it:
 * the one way for every source, so that the figure means the same in each. `undefined` when no field is left, which
 * counts as nothing yet: the caller knows what was lost and why. `changed` hears each thing that the rules did.
 */
export function makePoint(
  draft: PointDraft,
  refuse: Intake["refuse"],
  changed?: (change: PointChange) => void,
): Point | undefined {
  let isTrimmed = false;
  const point = createPoint(draft, (change) => {
    isTrimmed = true;
    changed?.(change);
  });
  if (point !== undefined && isTrimmed) refuse("trimmed");
  return point;
}
