/// <reference lib="dom" />
/**
 * The timeline where more than one thing falls on a pixel: each column shows the share that failed, or the largest
 * value; "the worst wins" would paint everything red.
 */
import { type Canvas, paintLives } from "./chart_canvas.ts";
import type { Colour } from "./brush.ts";
import { countUpTo } from "./format.ts";
import { type Lane, LANES, UPLOAD_HEIGHT, UPLOAD_STEP } from "./lanes.ts";

/** Function, extension and uploads by columns. */
export function paintColumns(canvas: Canvas): void {
  const { invocations, uploadsOf } = canvas.app.model;
  paintLives(canvas);
  paintShares(canvas, invocations, LANES.function, "run", (i) => i.failed);
  paintLargest(canvas, invocations, LANES.extension, "ext", (i) => i.hold);
  uploadsOf.forEach((uploads, category) => {
    const lane = { top: LANES.uploads.top + category * UPLOAD_STEP, height: UPLOAD_HEIGHT };
    paintShares(canvas, uploads, lane, "good", ({ status }) => status < 200 || status >= 300);
  });
}

interface Column {
  count: number;
  value: number;
}

function columnsOf<T extends { readonly t: number }>(
  { scale, from, to }: Canvas,
  items: readonly T[],
  add: (column: Column, item: T) => void,
): readonly Column[] {
  const columns = Array.from({ length: Math.ceil(scale.width) + 1 }, (): Column => ({ count: 0, value: 0 }));
  for (let i = countUpTo(items, from, (item) => item.t); i < items.length; i++) {
    const item = items[i];
    if (item === undefined || item.t > to) break;
    const column = columns[Math.max(0, Math.min(columns.length - 1, Math.floor(scale.x(item.t))))];
    if (column === undefined) continue;
    column.count++;
    add(column, item);
  }
  return columns;
}

function paintShares<T extends { readonly t: number }>(
  canvas: Canvas,
  items: readonly T[],
  { top, height }: Lane,
  colour: Colour,
  hasFailed: (item: T) => boolean,
): void {
  const columns = columnsOf(canvas, items, (column, item) => {
    if (hasFailed(item)) column.value++;
  });
  columns.forEach(({ count, value }, x) => {
    if (count === 0) return;
    canvas.brush.box(colour, x, top, 1, height);
    const failed = value === 0 ? 0 : Math.max(1, value / count * height);
    if (failed > 0) canvas.brush.box("bad", x, top + height - failed, 1, failed);
  });
}

function paintLargest<T extends { readonly t: number }>(
  canvas: Canvas,
  items: readonly T[],
  { top, height }: Lane,
  colour: Colour,
  size: (item: T) => number,
): void {
  let largest = 1e-9;
  for (const item of items) largest = Math.max(largest, size(item));
  const columns = columnsOf(canvas, items, (column, item) => {
    column.value = Math.max(column.value, size(item));
  });
  columns.forEach(({ value }, x) => {
    if (value === 0) return;
    const part = Math.max(1, value / largest * height);
    canvas.brush.box(colour, x, top + height - part, 1, part);
  });
}

/** What the extension holds, as steps; of several on one pixel the highest. */
export function paintHeld({ app, brush, scale, from, to }: Canvas): void {
  const { held } = app.model;
  const { top, height } = LANES.held;
  const first = Math.max(0, countUpTo(held, from, (row) => row.t) - 1);
  const last = Math.min(held.length, countUpTo(held, to, (row) => row.t) + 1);
  let [most, mostAt] = [0, 0];
  for (let i = first; i < last; i++) {
    const { points = 0, t = 0 } = held[i] ?? {};
    if (points > most) [most, mostAt] = [points, t];
  }
  const column = (left: number, right: number, points: number): void => {
    if (points === 0) return;
    const part = Math.max(1, points / most * (height - 4));
    brush.box("wait", left, top + height - part, Math.min(scale.width, right) - left, part);
  };
  let [left, highest, now] = [0, 0, 0];
  for (let i = first; i <= last; i++) {
    const row = i < last ? held[i] : undefined;
    const x = Math.max(0, scale.x(row?.t ?? Math.min(to, app.model.now())));
    if (x - left >= 1 || row === undefined) {
      column(left, left + 1, highest);
      column(left, x, now);
      left = x;
      highest = 0;
    }
    now = row?.points ?? 0;
    highest = Math.max(highest, now);
  }
  if (most > 0) labelMost(brush, `${most}`, scale.x(mostAt), top);
  brush.box("line", 0, top + height, scale.width, 1);
}

function labelMost(brush: Canvas["brush"], text: string, x: number, top: number): void {
  brush.setFont(true);
  const width = brush.widthOf(text);
  const left = Math.max(0, x - width - 9);
  brush.box("panel", left + 1, top - 3, width + 6, 13);
  brush.write(text, left, top + 4, Infinity, "waitText");
  brush.setFont();
}
