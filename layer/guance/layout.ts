/** Where each chart stands: Guance's grid has 24 columns, and each group its own rows. */
import type { Chart, ChartType } from "./charts.ts";
import { type Group, GROUPS } from "./figures.ts";

/** In columns and rows of the grid, from the group's upper left corner. */
export interface Place {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

export interface PlacedChart {
  readonly chart: Chart;
  readonly place: Place;
}

export interface PlacedGroup {
  readonly group: Group;
  readonly charts: readonly PlacedChart[];
  /** Rows. */
  readonly height: number;
}

export const COLUMNS = 24;
/** Columns and rows that a chart takes. */
const SIZES: Readonly<Record<ChartType, readonly [w: number, h: number]>> = {
  singlestat: [3, 6],
  sequence: [8, 10],
  toplist: [8, 10],
  log: [24, 14],
};

/** The groups that have charts, from top to bottom, filled from left to right. */
export function layOut(charts: readonly Chart[]): readonly PlacedGroup[] {
  const groups = Object.keys(GROUPS).filter((name): name is Group => name in GROUPS);
  return groups.map((group) => place(group, charts.filter((chart) => chart.group === group)))
    .filter(({ charts }) => charts.length > 0);
}

function place(group: Group, charts: readonly Chart[]): PlacedGroup {
  let [x, y, rowHeight] = [0, 0, 0];
  const placed = charts.map((chart): PlacedChart => {
    const [w, h] = SIZES[chart.type];
    if (x + w > COLUMNS) [x, y, rowHeight] = [0, y + rowHeight, 0];
    const at = { x, y, w, h };
    [x, rowHeight] = [x + w, Math.max(rowHeight, h)];
    return { chart, place: at };
  });
  return { group, charts: placed, height: y + rowHeight };
}
