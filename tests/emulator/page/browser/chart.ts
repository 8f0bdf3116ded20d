/// <reference lib="dom" />
/** The timeline: a canvas that is painted at most once a frame, and what pointer and wheel do to it. */
import type { App } from "./app.ts";
import { createBrush } from "./brush.ts";
import { findHit, type Hit } from "./chart_hit.ts";
import { paintChart } from "./chart_paint.ts";
import { byId } from "./dom.ts";
import { AXIS_HEIGHT, CHART_HEIGHT, LANES_HEIGHT, OVERVIEW } from "./lanes.ts";
import type { Model } from "./model.ts";
import { createTimeScale, type Sleep } from "./time_scale.ts";
import { hideTooltip, showTooltip } from "./tooltip.ts";

export interface Chart {
  /** Paints in the next frame. */
  redraw(): void;
  /** The theme is another. */
  recolour(): void;
  zoom(factor: number): void;
  pan(part: number): void;
  showAll(): void;
  /** The stretch of the selected invocation. */
  showSelection(): void;
  /** Brings the selected invocation into view. */
  reveal(): void;
  foldsFrozen: boolean;
}

interface Drag {
  readonly x: number;
  readonly view: readonly [number, number];
  readonly isOverview: boolean;
  hasMoved: boolean;
}

const ZOOM_PER_PIXEL = 0.0016;
/** A pointer that moved less has clicked, in px. */
const CLICK_PX = 3;

export function createChart(app: App, onHover: (t: number | undefined) => void): Chart {
  const canvas = byId("canvas");
  if (!(canvas instanceof HTMLCanvasElement)) {
    throw new TypeError("Cannot draw the timeline without a canvas");
  }
  const brush = createBrush(canvas);
  const scale = createTimeScale();
  /** What was painted, without what follows the pointer: moving that paints nothing else. */
  const painted = document.createElement("canvas");
  let isAsked = false;
  let isStale = true;
  let hit: Hit | undefined;
  let cursor: number | undefined;
  let drag: Drag | undefined;
  let known: { readonly model: Model; readonly state: string; readonly sleeps: readonly Sleep[] } | undefined;

  function ask(stale: boolean): void {
    isStale ||= stale;
    if (isAsked) return;
    isAsked = true;
    requestAnimationFrame(() => {
      isAsked = false;
      draw();
    });
  }

  function draw(): void {
    const { model } = app;
    const ratio = devicePixelRatio || 1;
    const width = canvas.clientWidth;
    const [pixels, rows] = [Math.round(width * ratio), Math.round(CHART_HEIGHT * ratio)];
    const { context } = brush;
    if (isStale) {
      if (canvas instanceof HTMLCanvasElement && (canvas.width !== pixels || canvas.height !== rows)) {
        canvas.width = painted.width = pixels;
        canvas.height = painted.height = rows;
      }
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      scale.width = width;
      scale.update(chart.foldsFrozen ? sleeps() : [], model.now());
      paintChart(app, brush, scale);
      const copy = painted.getContext("2d");
      copy?.clearRect(0, 0, pixels, rows);
      copy?.drawImage(context.canvas, 0, 0);
      isStale = false;
    } else {
      context.clearRect(0, 0, width, CHART_HEIGHT);
      context.drawImage(painted, 0, 0, width, CHART_HEIGHT);
    }
    drawPointer();
  }

  function sleeps(): readonly Sleep[] {
    const { model } = app;
    const last = model.phases.at(-1);
    // What is over does not change: only a sleep that goes on makes another scale.
    const state = `${model.phases.length} ${last?.k} ${last?.d} ${last?.d === -1 ? model.now() : ""}`;
    if (state === known?.state && model === known.model) return known.sleeps;
    known = { model, state, sleeps: readSleeps() };
    return known.sleeps;
  }

  function readSleeps(): readonly Sleep[] {
    const { model } = app;
    const frozen = model.phases.flatMap((phase) =>
      phase.k === "frozen" ? [{ t: phase.t, d: model.endOf(phase) - phase.t }] : []
    );
    return [...frozen, ...model.gaps].toSorted((a, b) => a.t - b.t);
  }

  function drawPointer(): void {
    const { context } = brush;
    if (hit !== undefined) {
      context.strokeStyle = brush.colour("text");
      context.lineWidth = 1.5;
      context.strokeRect(hit.x - 1, hit.y - 1, Math.max(3, hit.width) + 2, hit.height + 2);
    }
    if (cursor === undefined) return;
    context.globalAlpha = 0.5;
    brush.box("text", Math.round(cursor), AXIS_HEIGHT, 1, LANES_HEIGHT);
    context.globalAlpha = 1;
  }

  function placeOf(event: MouseEvent): readonly [x: number, y: number] {
    const { left, top } = canvas.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  }

  function moveDrag(at: number, from: Drag): void {
    from.hasMoved ||= Math.abs(at - from.x) > CLICK_PX;
    if (from.isOverview) {
      scale.showFrom(at / scale.width * scale.length - (scale.view[1] - scale.view[0]) / 2);
    } else if (from.hasMoved) {
      scale.showFrom(from.view[0] - (at - from.x) / scale.width * (from.view[1] - from.view[0]));
    }
    ask(true);
  }

  function point(event: PointerEvent): void {
    const [x, y] = placeOf(event);
    if (drag !== undefined) return moveDrag(x, drag);
    cursor = x;
    hit = findHit(app.model, scale, x, y);
    canvas.style.cursor = hit === undefined ? "crosshair" : "pointer";
    if (hit === undefined) hideTooltip();
    else showTooltip(app, hit, event.clientX, event.clientY);
    onHover(y < OVERVIEW.top ? Math.max(0, Math.min(scale.ms(x), app.model.now())) : undefined);
    ask(false);
  }

  function clickHit(target: Hit): void {
    const n = target.kind === "phase" ? 0 : target.kind === "upload" ? target.item.inv : target.item.n;
    app.select(app.model.invocations[n - 1]);
  }

  canvas.addEventListener("pointermove", point);
  canvas.addEventListener("pointerdown", (event) => {
    const [x, y] = placeOf(event);
    canvas.setPointerCapture(event.pointerId);
    drag = { x, view: scale.view, isOverview: y >= OVERVIEW.top - 3, hasMoved: false };
    hideTooltip();
    if (drag.isOverview) point(event);
  });
  const release = (): void => {
    if (drag !== undefined && !drag.hasMoved && !drag.isOverview && hit !== undefined) clickHit(hit);
    drag = undefined;
  };
  canvas.addEventListener("pointerup", release);
  canvas.addEventListener("pointercancel", () => drag = undefined);
  canvas.addEventListener("pointerleave", () => {
    if (drag !== undefined) return;
    cursor = hit = undefined;
    hideTooltip();
    onHover(undefined);
    ask(false);
  });
  canvas.addEventListener("wheel", (event) => {
    // Where the page itself scrolls, the wheel is the page's.
    const scrolls = document.body.scrollHeight > innerHeight + 4;
    if (scrolls && !event.ctrlKey && document.activeElement !== canvas) return;
    event.preventDefault();
    const isSideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
    const [x] = placeOf(event);
    if (isSideways) scale.pan((event.deltaX || event.deltaY) / scale.width);
    else scale.zoom(Math.exp(event.deltaY * ZOOM_PER_PIXEL), x);
    hit = undefined;
    hideTooltip();
    cursor = x;
    ask(true);
  }, { passive: false });
  new ResizeObserver(() => ask(true)).observe(canvas);

  const change = (how: () => void): void => {
    how();
    ask(true);
  };
  const chart: Chart = {
    redraw: () => ask(true),
    recolour: () => change(brush.readColours),
    zoom: (factor) => change(() => scale.zoom(factor)),
    pan: (part) => change(() => scale.pan(part)),
    showAll: () => change(scale.showAll),
    showSelection: () => {
      const selected = app.selected();
      if (selected === undefined) return;
      change(() => scale.showBetween(selected.t, app.model.invocationEnd(selected)));
    },
    reveal: () => {
      const selected = app.selected();
      if (selected === undefined || scale.followsEnd) return;
      const x = scale.x(selected.t);
      if (x >= 0 && x <= scale.width) return;
      change(() => scale.showFrom(scale.unit(selected.t) - (scale.view[1] - scale.view[0]) / 2));
    },
    foldsFrozen: true,
  };
  brush.readColours();
  return chart;
}
