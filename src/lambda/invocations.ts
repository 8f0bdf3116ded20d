/**
 * Invocations by request id: the only state of the telemetry path. INVOKE, telemetry and log lines arrive in any
 * order, twice or not at all, and yet each invocation gets exactly one outcome.
 * @see `tests/spec/lambda.md` 2 (lateness) and 3.3
 */
import type { HandledErrorSource } from "../config/awslambda.ts";
import { settledBefore } from "../pipeline/deadline.ts";
import { createColdStart } from "./cold_start.ts";
import type { InvokeEvent, ShutdownReason } from "./extensions_api.ts";
import {
  conclude,
  createInvocationState,
  type InvocationState,
  raiseStatus,
  type RuntimeEnd,
} from "./invocation_state.ts";
import { createInvocationTable } from "./invocation_table.ts";
import { createHandledErrors, type Disagreements } from "./handled_errors.ts";
import { settle, settlement } from "./latch.ts";
import type { HandlerError } from "./lines/handler_error.ts";
import type { Line } from "./lines/line.ts";
import {
  type Meaning,
  observe,
  observeFailure,
  observeLine,
  type Parts,
  releaseWaits,
} from "./observations.ts";
import { createOutcomes, type Outcome, type Outcomes } from "./outcome.ts";
import { createRunningRequest } from "./running_request.ts";
import type { RuntimeDoneEvent, TelemetryEvent } from "./telemetry_event.ts";

/** What an event means beside its own content. */
export interface Observation extends Meaning {
  /** Outcomes of other invocations that came with it. */
  readonly others: readonly Outcome[];
}

export interface InvocationsOptions {
  /** Invocations run side by side, and `platform.report` is the end of each. */
  readonly managedInstance: boolean;
  /** `AWS_LAMBDA_INITIALIZATION_TYPE`, until telemetry tells. */
  readonly initializationType?: string | undefined;
  /** Where handlers' exceptions, of which the status says nothing, are looked for. @default platform */
  readonly handledErrors?: HandledErrorSource;
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

/** What came of an INVOKE. */
export interface Begun {
  readonly open: OpenInvocation;
  /** Of invocations before it. */
  readonly outcomes: readonly Outcome[];
  /** Its end, which had passed for the one of a run before it: its figures were not told. */
  readonly end: RuntimeDoneEvent | undefined;
}

export interface Invocations {
  /** An INVOKE came from `next`; its telemetry may have been faster. */
  invoked(event: InvokeEvent): Begun;
  /** A telemetry event came; of lines see {@link Invocations.observeLine}. */
  observe(event: TelemetryEvent): Observation;
  /** A line of the function or an extension came, of that time. `failure`: the handler's that it tells of. */
  observeLine(
    from: "function" | "extension",
    line: Line,
    failure: HandlerError | undefined,
    timeNs: bigint,
  ): Observation;
  /** Several lines together told of a handler's exception. */
  failed(requestId: string | undefined, failure: HandlerError, timeNs: bigint): Observation;
  /** Whether a line of that request and time is of a cold start, as far as is known now. */
  isCold(requestId: string | undefined, timeNs: bigint): boolean;
  /** Telemetry was lost that may have told the end of any invocation: nobody waits for it any more. */
  releaseWaits(): void;
  /**
   * Waits for the report of the last invocation there was; `true` at once if there was none and none can be on its
   * way. Never rejects.
   */
  lastReported(signal: AbortSignal): Promise<boolean>;
  /** The outcomes of all open invocations, as far as the reason of a shutdown tells. */
  shutdown(reason: ShutdownReason): readonly Outcome[];
  /** How often the platform and the log disagreed about handlers' exceptions. */
  readonly disagreements: Disagreements;
}

/** Invocations remembered once all is known of them: their telemetry may come again. */
const MAX_COMPLETE = 500;
/** Invocations remembered in all. A managed instance runs 1,600 side by side at most. */
const MAX_INVOCATIONS = 2_000;
/** An invocation that telemetry never ended is over this many INVOKEs later, and this long after the one following it. */
const OVER_AFTER_INVOKES = 3;
const OVER_AFTER_NS = 5_000_000_000n;

/** An empty table. */
export function createInvocations(options: InvocationsOptions): Invocations {
  const { managedInstance, now = Date.now } = options;
  const nowNs = (): bigint => BigInt(Math.floor(now())) * 1_000_000n;
  const table = createInvocationTable();
  const coldStart = createColdStart(options.initializationType);
  // On managed instances the status itself tells of handlers' exceptions.
  const handledErrors = createHandledErrors(
    managedInstance ? "nowhere" : options.handledErrors ?? "platform",
  );
  const outcomes = createOutcomes({ coldStart, handledErrors });
  const heard = Promise.withResolvers<void>();
  /** Anything at all was told of this environment. */
  const begun = Promise.withResolvers<void>();
  const foundOr: Parts["foundOr"] = (found, requestId, timeNs) => {
    if (found !== undefined) return found;
    forgetOldest(parts);
    const invocation = createInvocationState(requestId, coldStart.takeFirst(timeNs), timeNs);
    table.add(invocation);
    heard.resolve();
    return invocation;
  };
  const running = createRunningRequest();
  const parts: Parts = {
    managedInstance,
    table,
    coldStart,
    running,
    outcomes,
    handledErrors,
    foundOr,
  };
  const invoke = createInvoked(parts);

  return {
    invoked: (event) => ({ ...invoke(event, nowNs()), outcomes: outcomes.drain() }),
    observe: (event) => {
      begun.resolve();
      return withOthers(observe(parts, event, event.timeNs ?? nowNs()), outcomes);
    },
    observeLine: (from, line, failure, timeNs) => {
      begun.resolve();
      return withOthers(observeLine(parts, from, line, failure, timeNs), outcomes);
    },
    failed: (requestId, failure, timeNs) =>
      withOthers(observeFailure(parts, requestId, failure, timeNs), outcomes),
    isCold: (requestId, timeNs) => {
      // What an init writes is of no request, and is there before the first.
      const [oldest] = requestId === undefined ? table.all() : [];
      if (requestId === undefined && (oldest === undefined || timeNs < oldest.startNs)) {
        return coldStart.isColdStart(oldest?.first ?? true, timeNs);
      }
      const found = requestId === undefined ? undefined : table.findAt(requestId, timeNs);
      return found !== undefined && coldStart.isColdStart(found.first, found.startNs);
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
      return last === undefined || await settledBefore(settlement(last.reportIn), signal);
    },
    shutdown: (reason) => {
      shutDown(parts, reason, nowNs());
      return outcomes.drain();
    },
    get disagreements() {
      return handledErrors.disagreements;
    },
  };
}

const NO_OUTCOMES: readonly Outcome[] = [];

function withOthers(meaning: Meaning, outcomes: Outcomes): Observation {
  const all = outcomes.drain();
  const others = all.length === 0 ? NO_OUTCOMES : all.filter((outcome) => outcome !== meaning.outcome);
  return { ...meaning, others };
}

/** Forgets the oldest that is complete; of too many the oldest, whose outcome is told as far as it is known. */
function forgetOldest({ table, outcomes, handledErrors }: Parts): void {
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
  handledErrors.forget(oldest);
  conclude(oldest);
  settle(oldest.reportIn);
}

/** What becomes of each INVOKE. */
function createInvoked(
  parts: Parts,
): (event: InvokeEvent, timeNs: bigint) => Pick<Begun, "open" | "end"> {
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
    // A retry's end that overtook its INVOKE has passed for the end of the run before.
    const told = table.takeSecondDone(requestId);
    const end = invocation.doneNs === undefined ? told : undefined;
    if (end !== undefined) {
      invocation.doneNs = end.timeNs;
      invocation.runtimeMs ??= end.event.durationMs;
      invocation.producedBytes ??= end.event.producedBytes;
      conclude(invocation, { doneAt: Number(end.timeNs / 1_000_000n) });
    }
    invocation.invokeNumber ??= invokes++;
    lastInvokesNs.push(timeNs);
    if (lastInvokesNs.length > OVER_AFTER_INVOKES) lastInvokesNs.shift();
    settleOver(timeNs);
    const open = {
      runtimeEnd: settlement(invocation.runtimeEnd),
      waitOver: settlement(invocation.waitOver),
    };
    return { open, end: end?.event };
  };
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
