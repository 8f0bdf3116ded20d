/** One request: what has been learnt of it, and what follows from that. */
import type { FinishedInvocation } from "../pipeline/receiver.ts";
import type { Status } from "./telemetry_event.ts";

/** Everything learnt of a request so far. */
export interface Request {
  readonly id: string;
  /** The first of this process (or since a restore). */
  readonly first: boolean;
  /** INVOKEs seen before its own; `undefined` until then. */
  invokeNumber: number | undefined;
  /** When it began, as exactly as is known. */
  startNs: bigint;
  started: boolean;
  status: Status | undefined;
  errorType: string | undefined;
  runtimeMs: number | undefined;
  durationMs: number | undefined;
  producedBytes: number | undefined;
  runtimeDone: boolean;
  reported: boolean;
  outOfMemoryText: boolean;
  memoryAtCap: boolean;
  handledError: "certain" | "likely" | undefined;
  /** What has been told; `undefined` before the first verdict. */
  told: { errors: boolean; timeouts: boolean; outOfMemory: boolean } | undefined;
  readonly waiting: Set<() => void>;
}

/** A request of which only the beginning is known. */
export function createRequest(id: string, first: boolean, timeNs: bigint): Request {
  return {
    id,
    first,
    invokeNumber: undefined,
    startNs: timeNs,
    started: false,
    status: undefined,
    errorType: undefined,
    runtimeMs: undefined,
    durationMs: undefined,
    producedBytes: undefined,
    runtimeDone: false,
    reported: false,
    outOfMemoryText: false,
    memoryAtCap: false,
    handledError: undefined,
    told: undefined,
    waiting: new Set(),
  };
}

const RANK: Readonly<Record<Status, number>> = { success: 0, error: 1, failure: 2, timeout: 3 };

/** The worse status stays: a success may yet turn into a timeout, when an extension holds on to the invocation. */
export function worsen(request: Request, status: Status | undefined, errorType: string | undefined): void {
  if (status !== undefined && RANK[status] > RANK[request.status ?? "success"]) request.status = status;
  request.status ??= status;
  request.errorType ??= errorType;
}

/** What the knowledge so far amounts to. It only ever grows. */
export function judge(
  request: Request,
  countHandledErrors: boolean,
): { errors: boolean; timeouts: boolean; outOfMemory: boolean } {
  const failed = request.status !== undefined && request.status !== "success";
  // A function that logged an error and then answered has handled it; one that answered nothing has thrown it.
  const threw = request.handledError === "certain" ||
    (request.handledError === "likely" && request.producedBytes === 0);
  return {
    errors: failed || (countHandledErrors && threw),
    timeouts: request.status === "timeout",
    outOfMemory: request.outOfMemoryText ||
      (failed && (request.memoryAtCap || request.errorType === "Runtime.OutOfMemory")),
  };
}

/** The request as other receivers are told of it. */
export function describe(
  request: Request,
  endNs: bigint,
  failed: boolean,
  coldStart: boolean,
): FinishedInvocation {
  const elapsedMs = Math.max(0, Number(endNs - request.startNs) / 1e6);
  const status = request.status ?? "success";
  return {
    requestId: request.id,
    startNs: request.startNs,
    durationMs: request.runtimeMs ?? request.durationMs ?? elapsedMs,
    status: status === "success" && failed ? "error" : status,
    ...(request.errorType === undefined ? {} : { errorType: request.errorType }),
    coldStart,
  };
}
