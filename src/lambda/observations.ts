/** What each telemetry event and each line says of the invocations there are. */
import type { ColdStart } from "./cold_start.ts";
import type { HandledErrors } from "./handled_errors.ts";
import { conclude, type InvocationState, raiseStatus } from "./invocation_state.ts";
import type { InvocationTable } from "./invocation_table.ts";
import { settle } from "./latch.ts";
import { readEvidence } from "./lines/evidence.ts";
import type { HandlerError } from "./lines/handler_error.ts";
import type { Line } from "./lines/line.ts";
import type { Outcome, Outcomes } from "./outcome.ts";
import type { RunningRequest } from "./running_request.ts";
import type {
  FaultEvent,
  ReportEvent,
  RuntimeDoneEvent,
  StartEvent,
  TelemetryEvent,
} from "./telemetry_event.ts";

/** What an event or a line means. */
export interface Meaning {
  /** The request the event belongs to; for a log line that names none, the running one. */
  readonly requestId?: string | undefined;
  /** This record of this invocation was here before: nothing of it counts again. */
  readonly repeated?: boolean;
  /** From the runtime's end to the invocation's, once both are known. Never negative. */
  readonly postRuntimeMs?: number | undefined;
  /** To be told once per environment. */
  readonly initDurationMs?: number | undefined;
  /** To be told once a restore. */
  readonly restoreDurationMs?: number | undefined;
  /** The outcome of the event's own invocation, if the event led to one. */
  readonly outcome?: Outcome | undefined;
}

/** What the observations work on. */
export interface Parts {
  readonly managedInstance: boolean;
  readonly table: InvocationTable;
  readonly coldStart: ColdStart;
  readonly running: RunningRequest;
  readonly outcomes: Outcomes;
  readonly handledErrors: HandledErrors;
  /** The invocation found, or a new one. */
  readonly foundOr: (
    found: InvocationState | undefined,
    requestId: string,
    timeNs: bigint,
  ) => InvocationState;
}

/** A telemetry event came. */
export function observe(parts: Parts, event: TelemetryEvent, timeNs: bigint): Meaning {
  const { coldStart } = parts;
  switch (event.type) {
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
  const repeated = invocation.started;
  if (!repeated) invocation.startNs = timeNs;
  invocation.started = true;
  parts.running.begin(requestId, timeNs);
  return { requestId, repeated };
}

function observeRuntimeDone(parts: Parts, event: RuntimeDoneEvent, timeNs: bigint): Meaning {
  const { requestId, durationMs, producedBytes } = event;
  const beganNs = before(timeNs, durationMs);
  const found = parts.table.findEnded(requestId, "doneNs", timeNs, beganNs);
  const invocation = parts.foundOr(found, requestId, beganNs ?? timeNs);
  const repeated = invocation.doneNs !== undefined;
  invocation.doneNs ??= timeNs;
  const isSecond = invocation.doneNs !== timeNs;
  if (isSecond) invocation.secondDone = { timeNs, event };
  invocation.runtimeMs ??= durationMs;
  invocation.producedBytes ??= producedBytes;
  if (!repeated) {
    for (const earlier of parts.handledErrors.done(invocation, event)) {
      parts.outcomes.settle(earlier, earlier.doneNs ?? timeNs);
    }
  }
  raiseStatus(invocation, event.status, event.errorType);
  const outcome = parts.outcomes.settle(invocation, timeNs);
  conclude(invocation, { doneAt: Number(timeNs / 1_000_000n) });
  // Not worth a wait to the deadline: with clocks far apart it is the same one.
  if (isSecond || invocation.invokeNumber === undefined) {
    for (const unended of parts.table.unended(requestId)) settle(unended.waitOver);
  }
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
  // Whatever was logged late is there by now.
  if (!repeated) parts.handledErrors.reported(invocation);
  conclude(invocation);
  settle(invocation.reportIn);
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

/** A line of the function or an extension came. */
export function observeLine(
  parts: Parts,
  from: "function" | "extension",
  line: Line,
  failure: HandlerError | undefined,
  timeNs: bigint,
): Meaning {
  const { table } = parts;
  const requestId = attribute(parts, line.requestId, timeNs);
  if (from === "extension") return { requestId };
  const evidence = readEvidence(line);
  if (evidence.timedOutRequestId !== undefined) {
    const id = evidence.timedOutRequestId;
    const late = parts.foundOr(table.findAt(id, timeNs), id, timeNs);
    late.timeoutText = true;
    learnt(parts, late, timeNs);
  }
  if (failure === undefined && !evidence.outOfMemory && !parts.handledErrors.awaitsLines) {
    return { requestId };
  }
  const invocation = requestId === undefined ? undefined : table.findAt(requestId, timeNs);
  if (invocation === undefined) return { requestId };
  invocation.outOfMemoryText ||= evidence.outOfMemory;
  if (failure !== undefined) parts.handledErrors.told(invocation, failure, evidence.outOfMemory);
  else parts.handledErrors.wentOn(invocation, line);
  return { requestId, outcome: learnt(parts, invocation, timeNs) };
}

/** Several lines together told of a handler's exception. */
export function observeFailure(
  parts: Parts,
  requestId: string | undefined,
  failure: HandlerError,
  timeNs: bigint,
): Meaning {
  const invocation = requestId === undefined ? undefined : parts.table.findAt(requestId, timeNs);
  if (invocation === undefined) return { requestId };
  parts.handledErrors.told(invocation, failure);
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

/** The end of any invocation may have been lost: nobody waits for it any more. */
export function releaseWaits(table: InvocationTable): void {
  for (const invocation of table.all()) settle(invocation.waitOver);
}

function before(timeNs: bigint, durationMs: number | undefined): bigint | undefined {
  return durationMs === undefined ? undefined : timeNs - BigInt(Math.round(durationMs * 1e6));
}

function isUuid(text: string): boolean {
  return /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i.test(text);
}
