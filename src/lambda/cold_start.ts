/**
 * Init and restore: what decides whether an invocation was a cold start, and that each duration is told once.
 * @see `tests/spec/lambda.md` 1.9 and 3.3
 */
import type { StartupEvent, StartupReportEvent } from "./telemetry_event.ts";

export interface ColdStart {
  /** An init or a restore began. */
  begin(event: StartupEvent, timeNs: bigint): void;
  /** An init ended: its duration in ms, unless one was told before or the init was a snapshot's. */
  endInit(event: StartupReportEvent, timeNs: bigint): number | undefined;
  /** The duration in ms if none was told before and it is this sandbox's own. */
  takeInitDuration(durationMs: number | undefined): number | undefined;
  /** The duration in ms if none was told since the last restore began. */
  takeRestoreDuration(durationMs: number | undefined): number | undefined;
  /** Whether the invocation first heard of at `timeNs` is the first of this life; asked once per invocation. */
  takeFirst(timeNs: bigint): boolean;
  /** Whether an invocation was a cold start, as far as is known now. */
  isColdStart(first: boolean, startNs: bigint): boolean;
  /** The init was repeated inside the first invocation. */
  readonly repeatedInInvoke: boolean;
}

const SNAP_START = "snap-start";
/** Lambda may initialise an environment ahead of demand; a first invocation this long after is no cold start. */
const PROACTIVE_NS = 10_000_000_000n;

/** Nothing has happened yet. `initializationType` is what the environment says, until telemetry does. */
export function createColdStart(initializationType: string | undefined): ColdStart {
  let type = initializationType;
  let restored = false;
  let initEndNs: bigint | undefined;
  let initTold = false;
  let restoreTold = false;
  let lastInvocationNs: bigint | undefined;
  let repeatedInInvoke = false;

  function takeInitDuration(durationMs: number | undefined): number | undefined {
    // A snapshot's init ran once, when the version was published; each sandbox that wakes up from it knows of it.
    if (durationMs === undefined || initTold || restored || type === SNAP_START) return undefined;
    initTold = true;
    return durationMs;
  }

  return {
    begin: (event, timeNs): void => {
      type = event.initializationType ?? type;
      if (event.type === "platform.initStart") {
        repeatedInInvoke = event.phase === "invoke";
        return;
      }
      restored = true;
      restoreTold = false;
      initEndNs = undefined;
      // Invocations of before the snapshot; one that is younger has only overtaken this event.
      if (lastInvocationNs !== undefined && lastInvocationNs < timeNs) lastInvocationNs = undefined;
    },
    endInit: (event, timeNs): number | undefined => {
      type = event.initializationType ?? type;
      initEndNs = timeNs;
      return takeInitDuration(event.durationMs);
    },
    takeInitDuration,
    takeRestoreDuration: (durationMs): number | undefined => {
      if (durationMs === undefined || restoreTold) return undefined;
      restoreTold = true;
      return durationMs;
    },
    takeFirst: (timeNs): boolean => {
      const first = lastInvocationNs === undefined;
      lastInvocationNs = timeNs;
      return first;
    },
    isColdStart: (first, startNs): boolean => {
      if (!first) return false;
      // Every life of a snapshot begins with a restore on demand.
      if (restored || type === SNAP_START) return true;
      const onDemand = type === undefined || type === "on-demand";
      return onDemand && (initEndNs === undefined || startNs - initEndNs <= PROACTIVE_NS);
    },
    get repeatedInInvoke(): boolean {
      return repeatedInInvoke;
    },
  };
}
