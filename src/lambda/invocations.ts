/**
 * Invocations by request id: the only state of the telemetry path. INVOKE, telemetry and log lines arrive in any
 * order, twice or not at all, and yet each invocation gets exactly one outcome.
 * @see `spec/lambda.md` 2 (lateness) and 3.3
 */
import { settledBefore } from "../pipeline/deadline.ts";
import { type ColdStart, createColdStart } from "./cold_start.ts";
import type { InvokeEvent, ShutdownReason } from "./extensions_api.ts";
import {
  conclude,
  createInvocationState,
  type InvocationState,
  raiseStatus,
  type RuntimeEnd,
} from "./invocation_state.ts";
import { createInvocationTable, type InvocationTable } from "./invocation_table.ts";
import { readEvidence, readRequestId } from "./log_line.ts";
import { createOutcomes, type Outcome, type Outcomes } from "./outcome.ts";
import { createRunningRequest, type RunningRequest } from "./running_request.ts";
import type {
  FaultEvent,
  LogEvent,
  ReportEvent,
  RuntimeDoneEvent,
  StartEvent,
  TelemetryEvent,
} from "./telemetry_event.ts";

/** What an event means beside its own content. */
export interface Observation extends Meaning {
  /** Outcomes of other invocations that came with it. */
  readonly others: readonly Outcome[];
}

interface Meaning {
  /** The request the event belongs to; for a log line that names none, the running one. */
  readonly requestId?: string | undefined;
  /** This record of this invocation was here before: nothing of it counts again. */
  readonly repeated?: boolean;
  /** From the runtime's end to the invocation's, once both are known. Never negative. */
  readonly postRuntimeMs?: number | undefined;
  /** To be told once a life. */
  readonly initDurationMs?: number | undefined;
  /** To be told once a restore. */
  readonly restoreDurationMs?: number | undefined;
  /** The outcome of the event's own invocation, if the event led to one. */
  readonly outcome?: Outcome | undefined;
}

export interface InvocationsOptions {
  /** Invocations run side by side, and `platform.report` is the end of each. */
  readonly managedInstance: boolean;
  /** `AWS_LAMBDA_INITIALIZATION_TYPE`, until telemetry tells. */
  readonly initializationType?: string | undefined;
  /** Count handler exceptions, which only the function's log shows, as errors. @default true */
  readonly countHandledErrors?: boolean;
  /** Unix time in ms. */
  readonly now?: () => number;
}

/** An invocation that an INVOKE has begun. Its promises never reject. */
export interface OpenInvocation {
  /** Resolves once the runtime's end is known, or never will be (`undefined`). */
  readonly runtimeEnd: Promise<RuntimeEnd | undefined>;
  /** Resolves with the runtime's end, or as soon as it may never be told: there is nothing to wait for. */
  readonly waitOver: Promise<void>;
}

export interface Invocations {
  /** An INVOKE came from `next`; its telemetry may have been faster. */
  invoked(event: InvokeEvent): { readonly open: OpenInvocation; readonly outcomes: readonly Outcome[] };
  /** A telemetry event came. */
  observe(event: TelemetryEvent): Observation;
  /** Telemetry was lost that may have told the end of any invocation: nobody waits for it any more. */
  releaseWaits(): void;
  /**
   * Waits for the report of the last invocation there was; `true` at once if there was none and none can be on its
   * way. Never rejects.
   */
  lastReported(signal: AbortSignal): Promise<boolean>;
  /** The outcomes of all open invocations, as far as the reason of a shutdown tells. */
  shutdown(reason: ShutdownReason): readonly Outcome[];
}

/** What the observations work on. */
interface Parts {
  readonly managedInstance: boolean;
  readonly table: InvocationTable;
  readonly coldStart: ColdStart;
  readonly running: RunningRequest;
  readonly outcomes: Outcomes;
  /** The invocation found, or a new one. */
  readonly foundOr: (
    found: InvocationState | undefined,
    requestId: string,
    timeNs: bigint,
  ) => InvocationState;
}

/** Invocations remembered once all is known of them: their telemetry may come again. */
const MAX_COMPLETE = 500;
/** Invocations remembered in all. A managed instance runs 1,600 side by side at most. */
const MAX_INVOCATIONS = 2_000;
/** So many INVOKEs later, and so long after the one that followed it, an invocation that telemetry never ended is over. */
const OVER_AFTER_INVOKES = 3;
const OVER_AFTER_NS = 5_000_000_000n;

/** An empty table. */
export function createInvocations(options: InvocationsOptions): Invocations {
  const { managedInstance, countHandledErrors = true, now = Date.now } = options;
  const nowNs = (): bigint => BigInt(Math.floor(now())) * 1_000_000n;
  const table = createInvocationTable();
  const coldStart = createColdStart(options.initializationType);
  const outcomes = createOutcomes({ coldStart, countHandledErrors });
  const heard = Promise.withResolvers<void>();
  /** Anything at all was told of this environment. */
  const begun = Promise.withResolvers<void>();
  const foundOr: Parts["foundOr"] = (found, requestId, timeNs) => {
    if (found !== undefined) return found;
    forgetOldest(table, outcomes);
    const invocation = createInvocationState(requestId, coldStart.takeFirst(timeNs), timeNs);
    table.add(invocation);
    heard.resolve();
    return invocation;
  };
  const running = createRunningRequest();
  const parts: Parts = { managedInstance, table, coldStart, running, outcomes, foundOr };
  const invoke = createInvoked(parts);

  return {
    invoked: (event) => ({ open: invoke(event, nowNs()), outcomes: outcomes.drain() }),
    observe: (event) => {
      begun.resolve();
      const meaning = observe(parts, event, event.timeNs ?? nowNs());
      const others = outcomes.drain().filter((outcome) => outcome !== meaning.outcome);
      return { ...meaning, others };
    },
    releaseWaits: () => releaseWaits(table),
    lastReported: async (signal) => {
      // A function that dies at once ends its environment before the first batch of telemetry is here.
      if (table.size === 0 && !await settledBefore(begun.promise, signal)) return false;
      if (table.size === 0) {
        // An init repeated inside an invocation has failed: there was no INVOKE, but the platform tells of one.
        if (!coldStart.repeatedInInvoke) return true;
        if (!await settledBefore(heard.promise, signal)) return false;
      }
      const last = table.latest();
      return last === undefined || await settledBefore(last.reportIn.promise, signal);
    },
    shutdown: (reason) => {
      shutDown(parts, reason, nowNs());
      return outcomes.drain();
    },
  };
}

/** Forgets the oldest that is complete; of too many the oldest, whose outcome is told as far as it is known. */
function forgetOldest(table: InvocationTable, outcomes: Outcomes): void {
  if (table.size < MAX_COMPLETE) return;
  let oldest: InvocationState | undefined;
  for (const invocation of table.all()) {
    oldest ??= invocation;
    if (invocation.reported === undefined || invocation.reportNs === undefined) continue;
    oldest = invocation;
    break;
  }
  if (oldest === undefined) return;
  if (oldest.reportNs === undefined && table.size < MAX_INVOCATIONS) return;
  outcomes.settle(oldest, oldest.startNs);
  table.remove(oldest);
  conclude(oldest);
  oldest.reportIn.resolve();
}

/** What becomes of each INVOKE. */
function createInvoked(parts: Parts): (event: InvokeEvent, timeNs: bigint) => OpenInvocation {
  const { table, outcomes } = parts;
  const lastInvokesNs: bigint[] = [];
  let invokes = 0;

  /** Invocations run one after another: in time the end of one that telemetry never told is certain. */
  function settleOver(timeNs: bigint): void {
    const followedNs = lastInvokesNs[0];
    if (invokes <= OVER_AFTER_INVOKES || followedNs === undefined || timeNs - followedNs < OVER_AFTER_NS) {
      return;
    }
    for (const open of table.all()) {
      if (open.reported !== undefined || open.invokeNumber === undefined) continue;
      if (open.invokeNumber < invokes - OVER_AFTER_INVOKES) outcomes.settle(open, timeNs);
    }
  }

  return ({ requestId }, timeNs) => {
    const invocation = parts.foundOr(table.findInvoked(requestId), requestId, timeNs);
    invocation.invokeNumber ??= invokes++;
    lastInvokesNs.push(timeNs);
    if (lastInvokesNs.length > OVER_AFTER_INVOKES) lastInvokesNs.shift();
    settleOver(timeNs);
    return { runtimeEnd: invocation.runtimeEnd.promise, waitOver: invocation.waitOver.promise };
  };
}

function observe(parts: Parts, event: TelemetryEvent, timeNs: bigint): Meaning {
  const { coldStart } = parts;
  switch (event.type) {
    case "function":
    case "extension":
      return observeLog(parts, event, timeNs);
    case "platform.start":
      return observeStart(parts, event, timeNs);
    case "platform.runtimeDone":
      return observeRuntimeDone(parts, event, timeNs);
    case "platform.report":
      return observeReport(parts, event, timeNs);
    case "platform.fault":
      return observeFault(parts, event, timeNs);
    case "platform.initStart":
    case "platform.restoreStart":
      if (event.type === "platform.restoreStart") parts.running.reset();
      coldStart.begin(event, timeNs);
      return {};
    case "platform.initReport":
      return { initDurationMs: coldStart.endInit(event, timeNs) };
    case "platform.restoreReport":
      return { restoreDurationMs: coldStart.takeRestoreDuration(event.durationMs) };
    case "platform.logsDropped":
      // The end of whatever runs may have been among them.
      releaseWaits(parts.table);
      return {};
    default:
      return {};
  }
}

function observeStart(parts: Parts, { requestId }: StartEvent, timeNs: bigint): Meaning {
  const invocation = parts.foundOr(parts.table.findStarted(requestId, timeNs), requestId, timeNs);
  if (!invocation.started) invocation.startNs = timeNs;
  invocation.started = true;
  parts.running.begin(requestId, timeNs);
  return { requestId };
}

function observeRuntimeDone(parts: Parts, event: RuntimeDoneEvent, timeNs: bigint): Meaning {
  const { requestId, durationMs, producedBytes } = event;
  const beganNs = before(timeNs, durationMs);
  const found = parts.table.findEnded(requestId, "doneNs", timeNs, beganNs);
  const invocation = parts.foundOr(found, requestId, beganNs ?? timeNs);
  const repeated = invocation.doneNs !== undefined;
  invocation.doneNs ??= timeNs;
  invocation.runtimeMs ??= durationMs;
  invocation.producedBytes ??= producedBytes;
  raiseStatus(invocation, event.status, event.errorType);
  const outcome = parts.outcomes.settle(invocation, timeNs);
  conclude(invocation, { doneAt: Number(timeNs / 1_000_000n) });
  return {
    requestId,
    repeated,
    postRuntimeMs: repeated ? undefined : postRuntime(parts, invocation),
    outcome,
  };
}

function observeReport(parts: Parts, event: ReportEvent, timeNs: bigint): Meaning {
  const { requestId, durationMs, maxMemoryUsedMb: usedMb, memorySizeMb: sizeMb } = event;
  const { coldStart } = parts;
  const beganNs = before(timeNs, durationMs);
  const found = parts.table.findEnded(requestId, "reportNs", timeNs, beganNs);
  const invocation = parts.foundOr(found, requestId, beganNs ?? timeNs);
  const repeated = invocation.reportNs !== undefined;
  invocation.reportNs ??= timeNs;
  invocation.durationMs ??= durationMs;
  invocation.memoryAtCap ||= usedMb !== undefined && sizeMb !== undefined && sizeMb > 0 && usedMb >= sizeMb;
  raiseStatus(invocation, event.status, event.errorType);
  const outcome = parts.outcomes.settle(invocation, timeNs);
  conclude(invocation);
  invocation.reportIn.resolve();
  if (repeated) return { requestId, repeated, outcome };
  return {
    requestId,
    repeated,
    // With an init inside the invocation the difference is mostly that init.
    postRuntimeMs: coldStart.repeatedInInvoke && invocation.first
      ? event.spans.extensionOverheadMs
      : postRuntime(parts, invocation),
    initDurationMs: coldStart.takeInitDuration(event.initDurationMs),
    restoreDurationMs: coldStart.takeRestoreDuration(event.restoreDurationMs),
    outcome,
  };
}

function postRuntime(
  { managedInstance }: Parts,
  { runtimeMs, durationMs }: InvocationState,
): number | undefined {
  if (managedInstance || runtimeMs === undefined || durationMs === undefined) return undefined;
  return durationMs >= runtimeMs ? durationMs - runtimeMs : undefined;
}

function observeFault(parts: Parts, { requestId }: FaultEvent, timeNs: bigint): Meaning {
  if (requestId === undefined) return {};
  const invocation = parts.foundOr(parts.table.findAt(requestId, timeNs), requestId, timeNs);
  raiseStatus(invocation, "error", undefined);
  return { requestId, outcome: learnt(parts, invocation, timeNs) };
}

function observeLog(parts: Parts, event: LogEvent, timeNs: bigint): Meaning {
  const { table } = parts;
  const requestId = attribute(parts, readRequestId(event.record), timeNs);
  if (event.type === "extension") return { requestId };
  const evidence = readEvidence(event.record);
  if (evidence.timedOutRequestId !== undefined) {
    const id = evidence.timedOutRequestId;
    const late = parts.foundOr(table.findAt(id, timeNs), id, timeNs);
    late.timeoutText = true;
    learnt(parts, late, timeNs);
  }
  if (!evidence.outOfMemory && evidence.handledError === undefined) return { requestId };
  const invocation = requestId === undefined ? undefined : table.findAt(requestId, timeNs);
  if (invocation === undefined) return { requestId };
  invocation.outOfMemoryText ||= evidence.outOfMemory;
  // On managed instances the status itself tells of handler exceptions.
  if (!parts.managedInstance && evidence.handledError !== undefined) {
    if (invocation.handledError !== "certain") invocation.handledError = evidence.handledError;
    invocation.handledOutOfMemory ||= evidence.outOfMemory;
  }
  return { requestId, outcome: learnt(parts, invocation, timeNs) };
}

/** A line belongs to the request it names, unless that is an id of the function's own making. */
function attribute(
  { managedInstance, running, table }: Parts,
  named: string | undefined,
  timeNs: bigint,
): string | undefined {
  const runningId = managedInstance ? undefined : running.at(timeNs);
  if (runningId === undefined) return named;
  if (named === undefined) return runningId;
  return table.has(named) || isUuid(named) ? named : runningId;
}

/** What follows from something learnt of an invocation whose outcome was reported before. */
function learnt(parts: Parts, invocation: InvocationState, timeNs: bigint): Outcome | undefined {
  return invocation.reported === undefined ? undefined : parts.outcomes.settle(invocation, timeNs);
}

function releaseWaits(table: InvocationTable): void {
  for (const invocation of table.all()) invocation.waitOver.resolve();
}

function shutDown({ managedInstance, table, outcomes }: Parts, reason: ShutdownReason, timeNs: bigint): void {
  const last = table.latest();
  for (const invocation of table.all()) {
    if (invocation.reported !== undefined) continue;
    // Where they run one after another, it is the last one that ended the sandbox.
    if (managedInstance || invocation === last) {
      if (reason === "timeout") raiseStatus(invocation, "timeout", undefined);
      if (reason === "failure") raiseStatus(invocation, "error", undefined);
    }
    outcomes.settle(invocation, timeNs);
    conclude(invocation);
  }
}

function before(timeNs: bigint, durationMs: number | undefined): bigint | undefined {
  return durationMs === undefined ? undefined : timeNs - BigInt(Math.round(durationMs * 1e6));
}

function isUuid(text: string): boolean {
  return /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i.test(text);
}
