/** What the timeline is painted with, on and from. */
import type { App } from "./app.ts";
import type { Brush } from "./brush.ts";
import { LANES } from "./lanes.ts";
import type { TimeScale } from "./time_scale.ts";

export interface Canvas {
  readonly app: App;
  readonly brush: Brush;
  readonly scale: TimeScale;
  /** Times at the edges, in ms. */
  readonly from: number;
  readonly to: number;
}

/** The ground on which phases stand: the sandbox is there. */
export function paintLives({ app, brush, scale, from, to }: Canvas): void {
  const { top, height } = LANES.sandbox;
  for (const { life, t } of app.model.starts) {
    const end = app.model.lifeEnd(life);
    if (t > to || end < from) continue;
    const x = scale.x(t);
    brush.box("ice", x, top, scale.x(end) - x, height);
  }
}
