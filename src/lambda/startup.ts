/**
 * Init and restore: what decides whether a request was a cold start, and that each duration is told once.
 * @see `spec/lambda.md` 1.9 and 3.3
 */
import type { StartupEvent, StartupReportEvent } from "./telemetry_event.ts";

export interface Startup {
  /** An init or a restore began. */
  begin(event: StartupEvent, timeNs: bigint): void;
  /** An init ended: its duration in ms, unless one was told before. */
  endInit(event: StartupReportEvent, timeNs: bigint): number | undefined;
  /** The duration in ms if none was told before. */
  takeInitDuration(durationMs: number | undefined): number | undefined;
  /** The duration in ms if none was told since the last restore began. */
  takeRestoreDuration(durationMs: number | undefined): number | undefined;
  /** Whether the request first heard of at `timeNs` is the first of this life; asked once per request. */
  takeFirst(timeNs: bigint): boolean;
  /** Whether a request was a cold start, as far as is known now. */
  isColdStart(first: boolean, startNs: bigint): boolean;
  /** The init was repeated inside the first invocation. */
  readonly repeatedInInvoke: boolean;
}

/** Lambda may initialise an environment ahead of demand; a first request this long after is no cold start. */
const PROACTIVE_NS = 10_000_000_000n;

/** Nothing has happened yet. `initializationType` is what the environment says, until telemetry does. */
export function createStartup(initializationType: string | undefined): Startup {
  let type = initializationType;
  let initEndNs: bigint | undefined;
  let initTold = false;
  let restoreTold = false;
  let lastRequestNs: bigint | undefined;
  let repeatedInInvoke = false;

  function takeInitDuration(durationMs: number | undefined): number | undefined {
    if (durationMs === undefined || initTold) return undefined;
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
      restoreTold = false;
      initEndNs = undefined;
      // Requests of before the snapshot; one that is younger has only overtaken this event.
      if (lastRequestNs !== undefined && lastRequestNs < timeNs) lastRequestNs = undefined;
    },
    endInit: (event, timeNs): number | undefined => {
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
      const first = lastRequestNs === undefined;
      lastRequestNs = timeNs;
      return first;
    },
    isColdStart: (first, startNs): boolean => {
      if (!first) return false;
      // Every life of a snapshot begins with a restore on demand.
      if (type === "snap-start") return true;
      const onDemand = type === undefined || type === "on-demand";
      return onDemand && (initEndNs === undefined || startNs - initEndNs <= PROACTIVE_NS);
    },
    get repeatedInInvoke(): boolean {
      return repeatedInInvoke;
    },
  };
}
