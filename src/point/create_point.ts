import type { Point, PointDraft } from "./point.ts";

/**
 * Makes a point of a draft under Dataway's rules; `undefined` when no field is left, which `changed` hears as
 * `no_field`. `changed` is told of everything that did not pass as it was.
 */
export function createPoint(_draft: PointDraft, _changed?: (change: PointChange) => void): Point | undefined {
  throw new Error("not here yet");
}

/** What a rule did to a draft. */
export type PointChange =
  | "no_field"
  | "key_cut"
  | "key_dropped"
  | "value_cut"
  | "value_dropped"
  | "too_many_keys";
