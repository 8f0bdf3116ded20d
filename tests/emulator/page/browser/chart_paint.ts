/// <reference lib="dom" />
/** Paints the timeline: lanes over one axis of time, outages as a band over all, and a strip that shows all. */
import type { PhaseRow, UploadRow } from "../state.ts";
import type { App } from "./app.ts";
import type { Brush, Colour } from "./brush.ts";
import { countUpTo, formatClock, formatMs, formatNumber } from "./format.ts";
import {
  AXIS_HEIGHT,
  CHART_HEIGHT,
  LANES,
  LANES_HEIGHT,
  OVERVIEW,
  UPLOAD_HEIGHT,
  UPLOAD_STEP,
} from "./lanes.ts";
import type { Invocation } from "./model.ts";
import { type Canvas, paintLives } from "./chart_canvas.ts";
import { paintColumns, paintHeld } from "./chart_dense.ts";
import { statusKey } from "./status.ts";
import type { TimeScale } from "./time_scale.ts";

/** Of an upload that failed, in px. */
const BREAK_TOP = 2;
const BREAK_HEIGHT = 2;
/** Ticks are at least this far apart, in px. */
const TICK_PX = 74;
const TICK_STEPS_MS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 3e4],
  ...[6e4, 3e5, 6e5, 18e5, 36e5, 72e5],
];
const LONGEST_STEP_MS = 72e5;
/** Measuring a text costs more than a bar: not for what cannot hold one. */
const MIN_LABEL_PX = 24;
/** With more folds in view the ticks stand at even places, not at even times. */
const MAX_FOLDS = 80;

/** Paints everything but what follows the pointer. */
export function paintChart(app: App, brush: Brush, scale: TimeScale): void {
  const canvas: Canvas = { app, brush, scale, from: scale.ms(0), to: scale.ms(scale.width) };
  brush.context.clearRect(0, 0, scale.width, CHART_HEIGHT);
  brush.setFont();
  brush.context.textBaseline = "middle";
  const labelled = paintOutages(canvas);
  paintAxis(canvas, labelled);
  paintSelection(canvas);
  const { invocations } = app.model;
  const inView = countUpTo(invocations, canvas.to, (i) => i.t) -
    countUpTo(invocations, canvas.from, (i) => i.t);
  if (inView > scale.width / 2) paintColumns(canvas);
  else paintEach(canvas);
  paintHeld(canvas);
  paintOverview(canvas);
}

/** The band of each time in which Dataway was not well; returns where their labels are. */
function paintOutages({ app, brush, scale, from, to }: Canvas): readonly (readonly [number, number])[] {
  const labelled: (readonly [number, number])[] = [];
  app.model.dataway.forEach(({ t, mode }, i) => {
    const end = app.model.dataway[i + 1]?.t ?? app.model.now();
    if (mode === "ok" || t > to || end < from) return;
    const x = scale.x(t);
    const width = scale.x(end) - x;
    if (width < 2) return;
    brush.box("badTint", x, AXIS_HEIGHT, width, LANES_HEIGHT);
    brush.box("bad", x, AXIS_HEIGHT, width, 2);
    brush.setFont(true);
    const seconds = formatNumber((end - t) / 1000, 1);
    const texts = [
      app.t("datawayMode", { m: app.t(mode), d: seconds }),
      `${app.t(mode)} ${seconds} s`,
      `${seconds} s`,
    ];
    const text = texts.find((candidate) => brush.widthOf(candidate) < width - 6);
    if (text !== undefined) {
      brush.write(text, x, 8, Infinity, "bad");
      labelled.push([x, x + brush.widthOf(text) + 10]);
    }
    brush.setFont();
  });
  return labelled;
}

function paintAxis(canvas: Canvas, labelled: readonly (readonly [number, number])[]): void {
  const { brush, scale, from, to } = canvas;
  let end = -Infinity;
  const tick = (ms: number, decimals: number): void => {
    const x = Math.round(scale.x(ms)) + 0.5;
    brush.box("line", x, AXIS_HEIGHT, 1, LANES_HEIGHT);
    const text = formatClock(ms, decimals);
    const width = brush.widthOf(text);
    const isCovered = labelled.some(([a, b]) => x + 3 + width > a - 4 && x < b);
    if (x < end + 10 || x + width + 4 > scale.width || isCovered) return;
    brush.write(text, x - 1, 8, Infinity, "soft");
    end = x + width;
  };
  const first = Math.max(0, countUpTo(scale.segments, from, (s) => s.fromMs) - 1);
  const last = countUpTo(scale.segments, to, (s) => s.fromMs);
  if (last - first > MAX_FOLDS) {
    for (let x = 4; x < scale.width; x += 128) tick(Math.max(0, scale.ms(x)), 0);
    return;
  }
  for (const segment of scale.segments.slice(first, last)) {
    if (segment.isFolded) continue;
    const pxPerMs = (segment.toUnit - segment.fromUnit) / (segment.toMs - segment.fromMs) * scale.width /
      (scale.view[1] - scale.view[0]);
    const step = TICK_STEPS_MS.find((ms) => ms * pxPerMs > TICK_PX) ?? LONGEST_STEP_MS;
    const decimals = step >= 1000 ? 0 : step >= 100 ? 1 : 3;
    const until = Math.min(segment.toMs, to);
    for (let ms = Math.ceil(Math.max(segment.fromMs, from) / step) * step; ms <= until; ms += step) {
      tick(ms, decimals);
    }
  }
}

function paintSelection({ app, brush, scale }: Canvas): void {
  const selected = app.selected();
  if (selected === undefined) return;
  const x = scale.x(selected.t);
  const width = Math.max(2, scale.x(app.model.invocationEnd(selected)) - x);
  brush.context.globalAlpha = 0.75;
  brush.box("pick", x - 2, AXIS_HEIGHT + 2, width + 4, LANES_HEIGHT - 2);
  brush.context.globalAlpha = 1;
  brush.box("accent", x - 2, AXIS_HEIGHT + LANES_HEIGHT - 2, width + 4, 2);
}

/** Each thing for itself. */
function paintEach(canvas: Canvas): void {
  const { app, brush, scale } = canvas;
  const { model } = app;
  const { extension } = LANES;
  paintLives(canvas);
  each(canvas, model.gaps, (gap) => gap.t + gap.d, ({ d }, x, width) => {
    const { top, height } = LANES.sandbox;
    if (d > 0) brush.write(formatClock(d), x, top + height / 2 + 0.5, width, "soft", "center");
  });
  each(canvas, model.phases, (phase) => model.endOf(phase), (phase, x, width) => {
    paintPhase(canvas, phase, x, width);
  });
  each(canvas, model.invocations, (i) => model.invocationEnd(i), (i, x, width) => {
    paintInvocation(canvas, i, x, width);
  });
  for (const { t, extensionReadyMs } of model.starts) {
    if (extensionReadyMs < 0) continue;
    const x = scale.x(t);
    brush.box("ext", x, extension.top, Math.max(2, scale.x(t + extensionReadyMs) - x), extension.height);
  }
  each(canvas, model.invocations, (i) => i.t + i.d, (i) => {
    if (i.hold === 0) return;
    const x = scale.x(i.t + i.run);
    brush.box("ext", x, extension.top, Math.max(1.5, scale.x(i.t + i.d) - x), extension.height);
  });
  for (const phase of model.phases) {
    if (phase.k !== "shutdown" && phase.k !== "reset") continue;
    const x = scale.x(phase.t);
    brush.box("ext", x, extension.top, Math.max(1.5, scale.x(model.endOf(phase)) - x), extension.height);
  }
  for (const uploads of model.uploadsOf) {
    each(canvas, uploads, (upload) => model.uploadEnd(upload), (upload, x, width) => {
      const top = LANES.uploads.top + upload.cat * UPLOAD_STEP;
      const colour = uploadColour(upload);
      brush.box(colour, x, top, Math.max(2, width), UPLOAD_HEIGHT);
      // Not by colour alone: one that failed is broken in two.
      if (colour === "bad") brush.box("panel", x, top + BREAK_TOP, Math.max(2, width), BREAK_HEIGHT);
    });
  }
}

function paintPhase({ app, brush }: Canvas, phase: PhaseRow, x: number, width: number): void {
  const { top, height } = LANES.sandbox;
  const middle = top + height / 2 + 0.5;
  const d = app.model.endOf(phase) - phase.t;
  if (phase.k === "frozen") {
    brush.hatch(x, top, width, height);
    if (width < MIN_LABEL_PX) return;
    const text = formatClock(d);
    const room = brush.widthOf(text) + 6;
    if (width > room) brush.box("ice", x + (width - room) / 2, top, room, height);
    return brush.write(text, x, middle, width, "soft", "center");
  }
  const colours: Readonly<Record<PhaseRow["k"], readonly [Colour, Colour]>> = {
    init: ["init", "onInit"],
    restore: ["init", "onInit"],
    reset: ["bad", "panel"],
    shutdown: ["soft", "panel"],
    frozen: ["ice", "soft"],
  };
  const [ground, ink] = colours[phase.k];
  brush.box(ground, x, top, Math.max(1.5, width), height);
  if (width < MIN_LABEL_PX) return;
  brush.write(`${app.t(phaseKey(phase.k))} ${formatMs(d)}`, x, middle, width, ink, "center");
}

/** The word of a phase. */
export function phaseKey(kind: PhaseRow["k"]): "init" | "frozen" | "reset" | "shutdown" | "restorePhase" {
  return kind === "restore" ? "restorePhase" : kind;
}

function paintInvocation({ app, brush, scale }: Canvas, i: Invocation, x: number, width: number): void {
  const { top, height } = LANES.function;
  const runEnd = i.status === "running" ? app.model.now() : i.t + i.run;
  const right = Math.max(x + 1.5, scale.x(runEnd));
  const colour: Colour = i.failed ? "bad" : "run";
  const initEnd = i.inside === 1 ? scale.x(i.t + i.init) : x;
  if (initEnd > x) brush.box("init", x, top, initEnd - x, height);
  brush.box(colour, initEnd, top, Math.max(1.5, right - initEnd), height);
  // Not by colour alone: a failed one has a notch at its end, where it broke off.
  if (i.failed && right - initEnd > 5) notch(brush, right, top, height);
  if (width <= 8) return;
  brush.setFont(true);
  const long = `#${i.n} ${app.t(statusKey(i.status))}`;
  const text = i.failed && brush.widthOf(long) + 14 < right - x ? long : `${i.n}`;
  brush.write(
    text,
    x,
    top + height / 2 + 0.5,
    right - x,
    i.inside === 1 ? "onInit" : "onRun",
    right - x < 60 ? "center" : "left",
  );
  brush.setFont();
}

function notch({ context, colour }: Brush, right: number, top: number, height: number): void {
  context.fillStyle = colour("panel");
  context.beginPath();
  context.moveTo(right, top);
  context.lineTo(right - 5, top);
  context.lineTo(right, top + height / 2);
  context.lineTo(right - 5, top + height);
  context.lineTo(right, top + height);
  context.fill();
}

/** Held while it is under way, failed when nobody took it. */
function uploadColour({ d, status }: UploadRow): Colour {
  if (d < 0) return "wait";
  return status >= 200 && status < 300 ? "good" : "bad";
}

/** Those that touch the view; of many within a pixel only one. */
function each<T extends { readonly t: number }>(
  { scale, from, to }: Canvas,
  items: readonly T[],
  endOf: (item: T) => number,
  paint: (item: T, x: number, width: number) => void,
): void {
  let last = -Infinity;
  for (let i = Math.max(0, countUpTo(items, from, (item) => item.t) - 8); i < items.length; i++) {
    const item = items[i];
    if (item === undefined || item.t > to) return;
    const x = scale.x(item.t);
    const width = Math.max(1.5, scale.x(endOf(item)) - x);
    if (x + width < -1 || (x < last + 0.4 && width < 1.6)) continue;
    last = x;
    paint(item, x, width);
  }
}

function paintOverview({ app, brush, scale }: Canvas): void {
  const { model } = app;
  const { top, height } = OVERVIEW;
  const at = (ms: number): number => scale.unit(ms) / scale.length * scale.width;
  brush.box("sunk", 0, top, scale.width, height);
  const isDense = model.invocations.length > scale.width;
  let last = -Infinity;
  let lastFailed = false;
  for (const i of model.invocations) {
    const x = at(i.t);
    if (x < last + 1 && (isDense || !i.failed || lastFailed)) continue;
    last = x;
    lastFailed = i.failed;
    brush.box(i.failed ? "bad" : "run", x, top + 3, Math.max(1, at(model.invocationEnd(i)) - x), height - 6);
  }
  const left = Math.max(0, scale.view[0] / scale.length * scale.width);
  const right = Math.min(scale.width, scale.view[1] / scale.length * scale.width);
  const { context } = brush;
  context.globalAlpha = 0.72;
  brush.box("panel", 0, top, left, height);
  brush.box("panel", right, top, scale.width - right, height);
  context.globalAlpha = 1;
  context.strokeStyle = brush.colour("edge");
  context.lineWidth = 1;
  context.strokeRect(left + 0.5, top + 0.5, right - left - 1, height - 1);
}
