/** Where the timeline's lanes are, in px from its top. */

export interface Lane {
  readonly top: number;
  readonly height: number;
}

export const CHART_HEIGHT = 178;
/** Of the times' axis. */
export const AXIS_HEIGHT = 18;
export const LANES_HEIGHT = 134;

export const LANES = {
  sandbox: { top: 22, height: 14 },
  function: { top: 42, height: 20 },
  extension: { top: 67, height: 14 },
  uploads: { top: 87, height: 23 },
  held: { top: 116, height: 34 },
} as const satisfies Readonly<Record<string, Lane>>;

/** One bar of the lane for each category. */
export const UPLOAD_STEP = 8;
export const UPLOAD_HEIGHT = 6;
/** The strip that shows all of the run. */
export const OVERVIEW: Lane = { top: 160, height: 12 };
