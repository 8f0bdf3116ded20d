/** What of the timeline is under the pointer. */
import type { PhaseRow, UploadRow } from "../state.ts";
import { countUpTo } from "./format.ts";
import { LANES, UPLOAD_HEIGHT, UPLOAD_STEP } from "./lanes.ts";
import type { Invocation, Model } from "./model.ts";
import type { TimeScale } from "./time_scale.ts";

export type HitTarget =
  | { readonly kind: "phase"; readonly item: PhaseRow }
  | { readonly kind: "invocation" | "hold"; readonly item: Invocation }
  | { readonly kind: "upload"; readonly item: UploadRow };

/** With the place of its bar, in px. */
export type Hit = HitTarget & {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
};

/** A bar this near is meant, in px. */
const REACH = 5;

interface Bar<T> {
  readonly item: T;
  readonly x: number;
  readonly width: number;
}

export function findHit(model: Model, scale: TimeScale, x: number, y: number): Hit | undefined {
  const isIn = ({ top, height }: { readonly top: number; readonly height: number }): boolean =>
    y >= top - 2 && y <= top + height + 2;
  const place = <T>({ x, width }: Bar<T>, top: number, height: number): Omit<Hit, "kind" | "item"> => ({
    x,
    width,
    y: top,
    height,
  });
  if (isIn(LANES.sandbox)) {
    const bar = nearest(scale, model.phases, x, (p) => p.t, (p) => model.endOf(p));
    return bar && { ...place(bar, LANES.sandbox.top, LANES.sandbox.height), kind: "phase", item: bar.item };
  }
  if (isIn(LANES.function)) {
    const bar = nearest(scale, model.invocations, x, (i) => i.t, (i) => model.invocationEnd(i) - i.hold);
    return bar &&
      { ...place(bar, LANES.function.top, LANES.function.height), kind: "invocation", item: bar.item };
  }
  if (isIn(LANES.extension)) {
    const bar = nearest(scale, model.invocations, x, (i) => i.t + i.run, (i) => i.t + i.d);
    return bar &&
      { ...place(bar, LANES.extension.top, LANES.extension.height), kind: "hold", item: bar.item };
  }
  if (!isIn(LANES.uploads)) return undefined;
  const category = Math.max(0, Math.min(2, Math.floor((y - LANES.uploads.top) / UPLOAD_STEP)));
  const bar = nearest(scale, model.uploadsOf[category] ?? [], x, (u) => u.t, (u) => model.uploadEnd(u));
  const top = LANES.uploads.top + category * UPLOAD_STEP;
  return bar && { ...place(bar, top, UPLOAD_HEIGHT), kind: "upload", item: bar.item };
}

/** Of those around the time under `x`, the one whose bar is nearest. */
function nearest<T>(
  scale: TimeScale,
  items: readonly T[],
  x: number,
  startOf: (item: T) => number,
  endOf: (item: T) => number,
): Bar<T> | undefined {
  const around = countUpTo(items, scale.ms(x), startOf);
  let best: (Bar<T> & { readonly gap: number }) | undefined;
  for (const item of items.slice(Math.max(0, around - 4), around + 3)) {
    const left = scale.x(startOf(item));
    const width = Math.max(2, scale.x(endOf(item)) - left);
    const gap = x < left ? left - x : Math.max(0, x - left - width);
    if (gap <= REACH && (best === undefined || gap < best.gap)) best = { item, x: left, width, gap };
  }
  return best;
}
