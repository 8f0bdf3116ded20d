/** Init and restore of a sandbox, until the spans of the request that they belong to are made. */
import type { TelemetryEvent } from "../telemetry_event.ts";
import type { Operation, SpanError } from "./platform_span.ts";

/** A span that has no ids yet. */
export interface Part {
  readonly operation: Operation;
  readonly startNs: bigint;
  readonly durationMs: number;
  readonly children: readonly Part[];
  /** It happened inside the request. */
  readonly isInside: boolean;
  /** Why it failed. */
  readonly error?: SpanError | undefined;
}

/** What is known of how this sandbox came to be. */
export interface Startup {
  observe(event: TelemetryEvent): void;
  /** What the first request is told with, once; `initDurationMs`: of the request's own report, where nothing else tells. */
  take(requestStartNs: bigint, initDurationMs?: number): readonly Part[];
  /** An init that no request waits for, once it is over: of provisioned concurrency, or of a managed instance. */
  takeUnrequested(): readonly Part[];
  /** What the platform calls this sandbox, once it has told. */
  readonly instance: string | undefined;
}

interface Phase {
  readonly startNs: bigint;
  readonly type: string | undefined;
  readonly isInside: boolean;
  runtimeDoneNs: bigint | undefined;
  durationMs: number | undefined;
  error: SpanError | undefined;
}

const NS_PER_MS = 1e6;
/** Lambda may initialise an environment ahead of demand; a first request this long after did not wait for it. */
const PROACTIVE_NS = 10_000_000_000n;
/** A shorter part says nothing. In ms. */
const LEAST_PART_MS = 1;
/** One that failed, and the one that is repeated inside the request. */
const MAX_INITS = 2;
const NONE: readonly Part[] = [];

/** Nothing has begun yet. */
export function createStartup(): Startup {
  let inits: Phase[] = [];
  let restore: Phase | undefined;
  let instance: string | undefined;

  function observe(event: TelemetryEvent): void {
    const { timeNs } = event;
    if (timeNs === undefined) return;
    const init = inits.at(-1);
    switch (event.type) {
      case "platform.initStart":
        instance = event.instanceId ?? instance;
        inits = [...inits, phaseOf(timeNs, event.initializationType, event.phase)].slice(-MAX_INITS);
        break;
      case "platform.initRuntimeDone":
        if (init !== undefined) init.runtimeDoneNs = timeNs;
        break;
      case "platform.initReport":
        if (init !== undefined) end(init, event, timeNs);
        break;
      case "platform.restoreStart":
        instance = event.instanceId ?? instance;
        // A snapshot's init is hours old, and every sandbox that wakes up from it knows of it.
        inits = [];
        restore = phaseOf(timeNs, event.initializationType, undefined);
        break;
      case "platform.restoreReport":
        if (restore !== undefined) end(restore, event, timeNs);
    }
  }

  function take(requestStartNs: bigint, initDurationMs?: number): readonly Part[] {
    if (restore !== undefined) {
      const { startNs, durationMs, error } = restore;
      restore = undefined;
      const lasted = durationMs ?? msBetween(startNs, requestStartNs);
      return [{ ...part("aws.lambda.snapstart_restore", startNs, lasted), error }];
    }
    const phases = inits;
    inits = [];
    if (phases.length === 0) return ofReport(requestStartNs, initDurationMs);
    return phases.flatMap((phase) => coldStartOf(phase, initDurationMs));
  }

  return {
    observe,
    take,
    takeUnrequested: () => {
      const phase = inits.at(-1);
      if (phase?.durationMs === undefined || phase.isInside || phase.type === "snap-start") return NONE;
      if (phase.type === undefined || phase.type === "on-demand") return NONE;
      return take(phase.startNs);
    },
    get instance(): string | undefined {
      return instance;
    },
  };
}

/** Whether a request that began at `startNs` waited for this part. */
export function waitedFor(part: Part, startNs: bigint): boolean {
  if (part.operation !== "aws.lambda.cold_start" || part.isInside) return true;
  return startNs - part.startNs - toNs(part.durationMs) <= PROACTIVE_NS;
}

function phaseOf(startNs: bigint, type: string | undefined, phase: string | undefined): Phase {
  const isInside = phase === "invoke";
  return { startNs, type, isInside, runtimeDoneNs: undefined, durationMs: undefined, error: undefined };
}

function end(
  phase: Phase,
  { durationMs, status, errorType }: TelemetryEvent & {
    readonly type: "platform.initReport" | "platform.restoreReport";
  },
  timeNs: bigint,
): void {
  phase.durationMs = durationMs ?? msBetween(phase.startNs, timeNs);
  if (status === undefined || status === "success") return;
  phase.error = { type: errorType ?? (status === "timeout" ? "Sandbox.Timedout" : undefined) };
}

function coldStartOf(phase: Phase, initDurationMs: number | undefined): readonly Part[] {
  const { startNs, isInside, error } = phase;
  const durationMs = phase.durationMs ?? initDurationMs;
  if (durationMs === undefined) return NONE;
  const children = partsOf(phase, durationMs);
  return [{ operation: "aws.lambda.cold_start", startNs, durationMs, children, isInside, error }];
}

/** Only the report of the request tells how long its init took: then it ended where the request began. */
function ofReport(requestStartNs: bigint, durationMs: number | undefined): readonly Part[] {
  if (durationMs === undefined) return NONE;
  return [part("aws.lambda.cold_start", requestStartNs - toNs(durationMs), durationMs)];
}

/** The runtime's part of an init, and what extensions took beyond it. */
function partsOf({ startNs, runtimeDoneNs }: Phase, durationMs: number): readonly Part[] {
  if (runtimeDoneNs === undefined) return NONE;
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
  return { operation, startNs, durationMs, children: NONE, isInside: false };
}

function msBetween(fromNs: bigint, toNs: bigint): number {
  return Math.max(0, Number(toNs - fromNs) / NS_PER_MS);
}

function toNs(ms: number): bigint {
  return BigInt(Math.round(ms * NS_PER_MS));
}
