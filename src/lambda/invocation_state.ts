/** One run of a request: what has been learnt of it, and what follows from that. */
import type { FinishedInvocation } from "../pipeline/receiver.ts";
import { createLatch, type Latch, settle } from "./latch.ts";
import type { HandlerError } from "./lines/handler_error.ts";
import type { RuntimeDoneEvent, Status } from "./telemetry_event.ts";

/** Everything learnt of an invocation so far. */
export interface InvocationState {
  readonly requestId: string;
  /** The first of this process (or since a restore). */
  readonly first: boolean;
  /** INVOKEs seen before its own; `undefined` until then. */
  invokeNumber: number | undefined;
  /** When it began, Unix time in nanoseconds, as exactly as is known. */
  startNs: bigint;
  /** `platform.start` told when. */
  started: boolean;
  /** When the runtime was done, as its first `platform.runtimeDone` tells. */
  doneNs: bigint | undefined;
  /** When its report was made. */
  reportNs: bigint | undefined;
  /** Another end that was told of it since: the platform's second word, or a retry's that overtook its INVOKE. */
  secondDone: ToldEnd | undefined;
  status: Status | undefined;
  errorType: string | undefined;
  runtimeMs: number | undefined;
  durationMs: number | undefined;
  producedBytes: number | undefined;
  /** The platform saw a response: its span `responseLatency` was told. */
  answered: boolean;
  /** The platform's figures are there, and show no response. */
  unanswered: boolean;
  outOfMemoryText: boolean;
  timeoutText: boolean;
  memoryAtCap: boolean;
  /** An exception of the handler that its log tells of: a certain one, else the last that is likely. */
  handledError: HandlerError | undefined;
  /** Nothing was logged after it. */
  isErrorLast: boolean;
  /** That exception is one of memory that ran out. */
  handledOutOfMemory: boolean;
  /** What has been reported; `undefined` before its first outcome. */
  reported: OutcomeFlags | undefined;
  /** Settled once the runtime's end is known, or never will be (`undefined`). */
  readonly runtimeEnd: Latch<RuntimeEnd>;
  /** Settled with the runtime's end, or as soon as it may never be told. */
  readonly waitOver: Latch<undefined>;
  /** Settled with its report, or when it is forgotten. */
  readonly reportIn: Latch<undefined>;
}

/** A `platform.runtimeDone`, and when that was. */
export interface ToldEnd {
  readonly timeNs: bigint;
  readonly event: RuntimeDoneEvent;
}

/** What there is to say of an invocation besides that it was one. */
export interface OutcomeFlags {
  readonly errors: boolean;
  readonly timeouts: boolean;
  readonly outOfMemory: boolean;
  /** The handler threw, whether that counts as an error or not. */
  readonly threw: boolean;
}

/** The end of the runtime's work on an invocation. */
export interface RuntimeEnd {
  /** By the platform's clock, Unix time in ms; `undefined` when only a report tells of it. */
  readonly doneAt: number | undefined;
}

/** An invocation of which only the beginning is known. */
export function createInvocationState(requestId: string, first: boolean, timeNs: bigint): InvocationState {
  return {
    requestId,
    first,
    invokeNumber: undefined,
    startNs: timeNs,
    started: false,
    doneNs: undefined,
    reportNs: undefined,
    secondDone: undefined,
    status: undefined,
    errorType: undefined,
    runtimeMs: undefined,
    durationMs: undefined,
    producedBytes: undefined,
    answered: false,
    unanswered: false,
    outOfMemoryText: false,
    timeoutText: false,
    memoryAtCap: false,
    handledError: undefined,
    isErrorLast: false,
    handledOutOfMemory: false,
    reported: undefined,
    runtimeEnd: createLatch(),
    waitOver: createLatch(),
    reportIn: createLatch(),
  };
}

/** Nobody needs to wait for the runtime's end any more: it is known, or never will be. */
export function conclude(invocation: InvocationState, end?: RuntimeEnd): void {
  settle(invocation.runtimeEnd, end);
  settle(invocation.waitOver);
}

const RANK: Readonly<Record<Status, number>> = { success: 0, error: 1, failure: 2, timeout: 3 };

/** The worse status stays: a success may yet turn into a timeout, when an extension holds on to the invocation. */
export function raiseStatus(
  invocation: InvocationState,
  status: Status | undefined,
  errorType: string | undefined,
): void {
  if (status !== undefined && RANK[status] > RANK[invocation.status ?? "success"]) invocation.status = status;
  invocation.status ??= status;
  invocation.errorType ??= errorType;
}

/** What the knowledge so far amounts to. `threw`: the handler, by {@link HandledErrors}, and whether that `counts`. */
export function classify(invocation: InvocationState, threw: boolean, counts: boolean): OutcomeFlags {
  // A line only tells where the platform does not: a function may quote one.
  const timedOut = invocation.status === "timeout" ||
    (invocation.status === undefined && invocation.timeoutText);
  const failed = timedOut || (invocation.status !== undefined && invocation.status !== "success");
  const namesMemory = invocation.outOfMemoryText || invocation.memoryAtCap ||
    invocation.errorType === "Runtime.OutOfMemory";
  return {
    errors: failed || (threw && counts),
    timeouts: timedOut,
    // Of a function that goes on well, talk of memory is only talk.
    outOfMemory: (failed && namesMemory) || (threw && counts && invocation.handledOutOfMemory),
    threw,
  };
}

/** The invocation as other receivers are told of it. */
export function describe(
  invocation: InvocationState,
  endNs: bigint,
  failed: boolean,
  coldStart: boolean,
): FinishedInvocation {
  const elapsedMs = Math.max(0, Number(endNs - invocation.startNs) / 1e6);
  const status = invocation.status ?? "success";
  const { handledError } = invocation;
  const errorType = invocation.errorType ?? (failed ? handledError?.type : undefined);
  const errorMessage = failed ? handledError?.message : undefined;
  return {
    requestId: invocation.requestId,
    startNs: invocation.startNs,
    durationMs: invocation.runtimeMs ?? invocation.durationMs ?? elapsedMs,
    status: status === "success" && failed ? "error" : status,
    ...(errorType === undefined ? {} : { errorType }),
    ...(errorMessage === undefined ? {} : { errorMessage }),
    coldStart,
  };
}
