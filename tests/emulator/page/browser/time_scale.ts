/**
 * From time to place. Frozen time is folded: a sandbox sleeps most of its life, so a sleep takes a width that grows
 * with its logarithm. Between time and pixels stand units, in which one is 1 ms of what is to scale.
 */
import { countUpTo } from "./format.ts";

/** A stretch of time in which units grow evenly. */
export interface Segment {
  readonly fromMs: number;
  readonly toMs: number;
  readonly fromUnit: number;
  readonly toUnit: number;
  readonly isFolded: boolean;
}

export interface TimeScale {
  readonly segments: readonly Segment[];
  /** Units in all. */
  readonly length: number;
  /** Units at the left and right edge. */
  readonly view: readonly [from: number, to: number];
  /** All is shown, and what is to come will be. */
  readonly followsEnd: boolean;
  width: number;
  /** Pixels from the left edge. */
  x(ms: number): number;
  ms(x: number): number;
  unit(ms: number): number;
  /** New stretches; what is in view stays, or all stays in view. */
  update(sleeps: readonly Sleep[], endMs: number): void;
  showAll(): void;
  /** By this factor, with what is under `x` staying there. */
  zoom(factor: number, x?: number): void;
  /** By this part of the width. */
  pan(part: number): void;
  showFrom(unit: number): void;
  showBetween(fromMs: number, toMs: number): void;
}

export interface Sleep {
  readonly t: number;
  readonly d: number;
}

/** Shorter sleeps are to scale, in ms. */
const MIN_FOLDED_MS = 150;
/** Space at both ends, as a part of all. */
const MARGIN = 0.004;
const MIN_UNITS = 20;
const MIN_END_MS = 500;

/** Nothing but half a second. */
export function createTimeScale(): TimeScale {
  let segments: readonly Segment[] = [];
  let length = 1;
  let view: readonly [number, number] = [0, 1];
  let followsEnd = true;
  // Neighbours mostly share a segment: with a binary search for each of 200,000 marks a paint took 250 ms.
  let recent: Segment | undefined;
  let known: readonly Sleep[] | undefined;

  function unit(ms: number): number {
    if (recent === undefined || ms < recent.fromMs || ms >= recent.toMs) {
      recent = segments[countUpTo(segments, ms, (segment) => segment.fromMs) - 1] ?? segments[0];
    }
    if (recent === undefined) return 0;
    const part = (ms - recent.fromMs) / (recent.toMs - recent.fromMs);
    return recent.fromUnit + part * (recent.toUnit - recent.fromUnit);
  }

  function show(from: number, to: number): void {
    const units = Math.min(length * (1 + 2 * MARGIN), Math.max(MIN_UNITS, to - from));
    const left = Math.max(-length * MARGIN, Math.min(length * (1 + MARGIN) - units, from));
    view = [left, left + units];
  }

  const scale: TimeScale = {
    get segments(): readonly Segment[] {
      return segments;
    },
    get length(): number {
      return length;
    },
    get view(): readonly [number, number] {
      return view;
    },
    get followsEnd(): boolean {
      return followsEnd;
    },
    width: 1,
    x: (ms) => (unit(ms) - view[0]) / (view[1] - view[0]) * scale.width,
    ms: (x) => {
      const at = view[0] + x / scale.width * (view[1] - view[0]);
      const segment = segments[Math.max(0, countUpTo(segments, at, (s) => s.fromUnit) - 1)];
      if (segment === undefined) return 0;
      const part = (at - segment.fromUnit) / (segment.toUnit - segment.fromUnit);
      return segment.fromMs + part * (segment.toMs - segment.fromMs);
    },
    unit,
    update: (sleeps, endMs) => {
      const end = Math.max(endMs, MIN_END_MS);
      const last = segments.at(-1);
      if (sleeps === known && last !== undefined && !last.isFolded) {
        // The common case while time goes on: the last stretch grows.
        segments = [...segments.slice(0, -1), {
          ...last,
          toMs: end,
          toUnit: last.fromUnit + end - last.fromMs,
        }];
      } else segments = cutUp(sleeps, end);
      known = sleeps;
      recent = undefined;
      length = segments.at(-1)?.toUnit ?? 1;
      if (followsEnd) view = [-length * MARGIN, length * (1 + MARGIN)];
    },
    showAll: () => {
      followsEnd = true;
      view = [-length * MARGIN, length * (1 + MARGIN)];
    },
    zoom: (factor, x = scale.width / 2) => {
      followsEnd = false;
      const units = view[1] - view[0];
      const centre = view[0] + x / scale.width * units;
      const next = Math.min(length * (1 + 2 * MARGIN), Math.max(MIN_UNITS, units * factor));
      const from = centre - x / scale.width * next;
      show(from, from + next);
      if (next >= length) followsEnd = true;
    },
    pan: (part) => {
      if (view[1] - view[0] >= length) return;
      followsEnd = false;
      const units = view[1] - view[0];
      show(view[0] + part * units, view[1] + part * units);
    },
    showFrom: (from) => {
      followsEnd = false;
      show(from, from + view[1] - view[0]);
    },
    showBetween: (fromMs, toMs) => {
      followsEnd = false;
      const room = (unit(toMs) - unit(fromMs)) * 0.15 + 10;
      show(unit(fromMs) - room, unit(toMs) + room);
    },
  };
  scale.update([], 0);
  return scale;
}

function cutUp(sleeps: readonly Sleep[], endMs: number): readonly Segment[] {
  const segments: Segment[] = [];
  let [ms, at] = [0, 0];
  const add = (toMs: number, units: number, isFolded: boolean): void => {
    if (toMs <= ms) return;
    segments.push({ fromMs: ms, toMs, fromUnit: at, toUnit: at + units, isFolded });
    ms = toMs;
    at += units;
  };
  for (const { t, d } of sleeps) {
    if (d <= MIN_FOLDED_MS || t < ms) continue;
    add(t, t - ms, false);
    add(t + d, foldedWidth(d), true);
  }
  add(endMs, endMs - ms, false);
  return segments;
}

/** Units of a sleep: 12 s take those of 380 ms. */
function foldedWidth(ms: number): number {
  return Math.min(ms, MIN_FOLDED_MS + 110 * Math.log10(ms / 100));
}
