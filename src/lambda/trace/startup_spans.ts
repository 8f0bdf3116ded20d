/** Init and restore of a sandbox, until the spans of the request that they belong to are made. */
import type { TelemetryEvent } from "../telemetry_event.ts";
import type { Operation } from "./platform_span.ts";

/** A span that has no ids yet. */
export interface Part {
  readonly operation: Operation;
  readonly startNs: bigint;
  readonly durationMs: number;
  readonly children: readonly Part[];
  /** It happened inside the request. */
  readonly isInside: boolean;
}

/** What is known of how this sandbox came to be. */
export interface Startup {
  observe(event: TelemetryEvent): void;
  /** What the first request is told with, once; `initDurationMs`: of the request's own report, where nothing else tells. */
  take(requestStartNs: bigint, initDurationMs?: number): Part | undefined;
  /** An init that no request waits for, once it is over: of provisioned concurrency, or ahead of demand. */
  takeUnrequested(): Part | undefined;
}

interface Phase {
  readonly startNs: bigint;
  readonly type: string | undefined;
  readonly isInside: boolean;
  runtimeDoneNs: bigint | undefined;
  durationMs: number | undefined;
}

const NS_PER_MS = 1e6;
/** Lambda may initialise an environment ahead of demand; a first request this long after did not wait for it. */
const PROACTIVE_NS = 10_000_000_000n;
/** A shorter part says nothing. In ms. */
const LEAST_PART_MS = 1;

/** Nothing has begun yet. */
export function createStartup(): Startup {
  let init: Phase | undefined;
  let restore: Phase | undefined;

  function observe(event: TelemetryEvent): void {
    const { timeNs } = event;
    if (timeNs === undefined) return;
    switch (event.type) {
      case "platform.initStart":
        init = phaseOf(timeNs, event.initializationType, event.phase);
        break;
      case "platform.initRuntimeDone":
        if (init !== undefined) init.runtimeDoneNs = timeNs;
        break;
      case "platform.initReport":
        if (init !== undefined) init.durationMs = event.durationMs ?? msBetween(init.startNs, timeNs);
        break;
      case "platform.restoreStart":
        // A snapshot's init is hours old, and every sandbox that wakes up from it knows of it.
        init = undefined;
        restore = phaseOf(timeNs, event.initializationType, undefined);
        break;
      case "platform.restoreReport":
        if (restore !== undefined) {
          restore.durationMs = event.durationMs ?? msBetween(restore.startNs, timeNs);
        }
    }
  }

  function take(requestStartNs: bigint, initDurationMs?: number): Part | undefined {
    if (restore !== undefined) {
      const { startNs, durationMs } = restore;
      restore = undefined;
      const lasted = durationMs ?? msBetween(startNs, requestStartNs);
      return {
        operation: "aws.lambda.snapstart_restore",
        startNs,
        durationMs: lasted,
        children: [],
        isInside: false,
      };
    }
    const phase = init;
    init = undefined;
    if (phase === undefined) return ofReport(requestStartNs, initDurationMs);
    const { startNs, isInside } = phase;
    const durationMs = phase.durationMs ?? initDurationMs;
    if (durationMs === undefined) return undefined;
    return {
      operation: "aws.lambda.cold_start",
      startNs,
      durationMs,
      children: partsOf(phase, durationMs),
      isInside,
    };
  }

  return {
    observe,
    take,
    takeUnrequested: () => {
      const phase = init;
      if (phase?.durationMs === undefined || phase.isInside || phase.type === "snap-start") return undefined;
      if (phase.type === undefined || phase.type === "on-demand") return undefined;
      return take(phase.startNs);
    },
  };
}

/** Whether a request that began at `startNs` waited for an init that ended at `endNs`. */
export function waitedFor(part: Part, startNs: bigint): boolean {
  if (part.operation !== "aws.lambda.cold_start" || part.isInside) return true;
  return startNs - part.startNs - toNs(part.durationMs) <= PROACTIVE_NS;
}

function phaseOf(startNs: bigint, type: string | undefined, phase: string | undefined): Phase {
  return { startNs, type, isInside: phase === "invoke", runtimeDoneNs: undefined, durationMs: undefined };
}

/** Only the report of the request tells how long its init took: then it ended where the request began. */
function ofReport(requestStartNs: bigint, durationMs: number | undefined): Part | undefined {
  if (durationMs === undefined) return undefined;
  const startNs = requestStartNs - toNs(durationMs);
  return { operation: "aws.lambda.cold_start", startNs, durationMs, children: [], isInside: false };
}

/** The runtime's part of an init, and what extensions took beyond it. */
function partsOf({ startNs, runtimeDoneNs }: Phase, durationMs: number): readonly Part[] {
  if (runtimeDoneNs === undefined) return [];
  const runtimeMs = msBetween(startNs, runtimeDoneNs);
  const parts: Part[] = [];
  if (runtimeMs >= LEAST_PART_MS && runtimeMs <= durationMs) {
    parts.push(part("aws.lambda.init.runtime", startNs, runtimeMs));
    const extensionsMs = durationMs - runtimeMs;
    if (extensionsMs >= LEAST_PART_MS) {
      parts.push(part("aws.lambda.init.extensions", runtimeDoneNs, extensionsMs));
    }
  }
  return parts;
}

function part(operation: Operation, startNs: bigint, durationMs: number): Part {
  return { operation, startNs, durationMs, children: [], isInside: false };
}

function msBetween(fromNs: bigint, toNs: bigint): number {
  return Math.max(0, Number(toNs - fromNs) / NS_PER_MS);
}

function toNs(ms: number): bigint {
  return BigInt(Math.round(ms * NS_PER_MS));
}
