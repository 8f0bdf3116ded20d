/**
 * When to flush: a pure function of what is known at an INVOKE. The costs differ: flushing at the end is billed
 * time, flushing while the next invocation runs is free but waits for that invocation to come.
 */
import type { FlushPlan } from "../config/core.ts";

/** What is known when an invocation begins. */
export interface FlushHistory {
  /** Times between the last INVOKE events, in ms, oldest first; at most {@link HISTORY_LENGTH}. */
  readonly gapsMs: readonly number[];
  /** Since the last flush that sent something; `Infinity` before the first, negative if the clock was set back. In ms. */
  readonly sinceFlushMs: number;
  /** Estimated memory of what is held. */
  readonly heldBytes: number;
  /** Whether Dataway is thought to be there. */
  readonly breaker: "closed" | "open" | "half_open";
  /** Whether `platform.runtimeDone` will tell the end of the invocation. */
  readonly telemetry: boolean;
}

/**
 * - `end`: wait for the runtime's end, then flush before `next`.
 * - `probe`: flush beside the function; if Dataway is well again by the runtime's end, go on as `end`.
 * - `overlap`: flush older data from now on, beside the function, and ask for `next` at once.
 * - `defer`: send nothing this time, and ask for `next` at once.
 */
export type FlushDecision = "end" | "probe" | "overlap" | "defer";

/** Gaps looked at: enough to tell steady traffic from a burst. As bottlecap and DataKit. */
export const HISTORY_LENGTH = 20;
/** A mean gap below this means that a next invocation will soon carry the data. In ms. */
const BUSY_GAP_MS = 120_000;
/** Traffic this dense is known sooner: so many gaps tell it. */
const DENSE_GAPS = 9;
/** A mean gap below this is dense: no longer than the interval at which a busy function sends anyway. In ms. */
const DENSE_GAP_MS = 10_000;
/** Adaptive overlap sends at most this often: each POST takes CPU from the function. In ms. */
const OVERLAP_INTERVAL_MS = 10_000;
/** Held data beyond this is sent at once, whatever the interval. In bytes. */
const OVERLAP_HELD_BYTES = 524_288;

/** Decides for one invocation. */
export function decideFlush(plan: FlushPlan, history: FlushHistory): FlushDecision {
  if (history.breaker === "open") return "defer";
  const planned = decideByPlan(plan, history);
  // Without the runtime's end there is nothing to wait for.
  const wanted = planned === "end" && !history.telemetry ? "overlap" : planned;
  if (history.breaker === "closed") return wanted;
  // A Dataway that was down is best probed beside the function: the probe may well fail.
  return wanted === "end" ? "probe" : "overlap";
}

function decideByPlan(plan: FlushPlan, history: FlushHistory): "end" | "overlap" | "defer" {
  // A clock set back must not keep data until it has caught up.
  const sinceFlushMs = history.sinceFlushMs < 0 ? Infinity : history.sinceFlushMs;
  switch (plan.kind) {
    case "end":
      return "end";
    case "overlap":
      return "overlap";
    case "periodic":
      return sinceFlushMs >= plan.everyMs ? "end" : "defer";
    case "adaptive":
      if (!isBusy(history.gapsMs)) return "end";
      return sinceFlushMs >= OVERLAP_INTERVAL_MS || history.heldBytes >= OVERLAP_HELD_BYTES
        ? "overlap"
        : "defer";
  }
}

function isBusy(gapsMs: readonly number[]): boolean {
  return isSteady(gapsMs, HISTORY_LENGTH, BUSY_GAP_MS) || isSteady(gapsMs, DENSE_GAPS, DENSE_GAP_MS);
}

/** Whether the last `count` gaps are known and shorter than `belowMs` in the mean. */
function isSteady(gapsMs: readonly number[], count: number, belowMs: number): boolean {
  if (gapsMs.length < count) return false;
  const meanMs = gapsMs.slice(-count).reduce((sum, gapMs) => sum + gapMs, 0) / count;
  // One long gap just now: the traffic may be over, and the next INVOKE far away.
  return meanMs < belowMs && (gapsMs.at(-1) ?? Infinity) < belowMs;
}
