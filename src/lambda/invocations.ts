/**
 * Invocations by request id: the only state of the telemetry path. INVOKE, telemetry and log lines arrive in any
 * order, twice or not at all, and yet each request id gets exactly one verdict. A verdict once told is never taken
 * back: what is learnt later is told as the difference, so that sums are right at any time.
 * @see `spec/lambda.md` 2 (lateness) and 3.3
 */
import { settledBefore } from "../pipeline/deadline.ts";
import type { FinishedInvocation } from "../pipeline/receiver.ts";
import type { InvokeEvent, ShutdownReason } from "./extensions_api.ts";
import { readEvidence, readRequestId } from "./log_line.ts";
import { createRequest, describe, judge, type Request, worsen } from "./request.ts";
import { createStartup } from "./startup.ts";
import type { LogEvent, ReportEvent, RuntimeDoneEvent, TelemetryEvent } from "./telemetry_event.ts";

/** What is known of how a request ended, as numbers to be added up. */
export interface Verdict {
  readonly requestId: string;
  /** When it became known, Unix time in nanoseconds. */
  readonly timeNs: bigint;
  /** Whether this is the request's first, which counts the invocation and states every figure, zeros too. */
  readonly first: boolean;
  readonly errors: 0 | 1;
  readonly timeouts: 0 | 1;
  readonly outOfMemory: 0 | 1;
  readonly coldStarts: 0 | 1;
}

/** What an event means beside its own content. */
export interface Observation {
  /** The request the event belongs to; for a log line that names none, the running one. */
  readonly requestId?: string | undefined;
  /** This record of this request was here before: nothing of it counts again. */
  readonly repeated?: boolean;
  /** From the runtime's end to the invocation's, once both are known. Never negative. */
  readonly postRuntimeMs?: number | undefined;
  /** To be told once a life. */
  readonly initDurationMs?: number | undefined;
  /** To be told once a restore. */
  readonly restoreDurationMs?: number | undefined;
}

export interface InvocationsOptions {
  /** Requests run side by side, and `platform.report` is the end of each. */
  readonly managedInstance: boolean;
  /** `AWS_LAMBDA_INITIALIZATION_TYPE`, until telemetry tells. */
  readonly initializationType?: string | undefined;
  /** Count handler exceptions, which only the function's log shows, as errors. @default true */
  readonly countHandledErrors?: boolean;
  /** Takes every verdict and every difference. Must not throw. */
  readonly onVerdict: (verdict: Verdict) => void;
  /** Told of each request once, at its first verdict. Must not throw. */
  readonly onDone?: (invocation: FinishedInvocation) => void;
  /** Unix time in ms. */
  readonly now?: () => number;
}

export interface Invocations {
  /** An INVOKE came from `next`; its telemetry may have been faster. */
  invoked(event: InvokeEvent): void;
  /** A telemetry event came. */
  observe(event: TelemetryEvent): Observation;
  /**
   * Waits for the runtime's end; at once if it is known. `false` when `signal` fires first, or for a request that
   * was never heard of. Never rejects.
   */
  finished(requestId: string, signal: AbortSignal): Promise<boolean>;
  /** The same for the request's report. */
  reported(requestId: string, signal: AbortSignal): Promise<boolean>;
  /**
   * Waits for the report of the last request there was; `true` at once if there was none and none can be on its way.
   * Never rejects.
   */
  lastReported(signal: AbortSignal): Promise<boolean>;
  /** Gives every open request the verdict that the reason of a shutdown allows. */
  shutdown(reason: ShutdownReason): void;
}

/** Requests remembered. Far more than can be open (managed instances run some dozens side by side). */
const MAX_REQUESTS = 500;

/** An empty table. */
export function createInvocations(options: InvocationsOptions): Invocations {
  const now = options.now ?? Date.now;
  const nowNs = (): bigint => BigInt(Math.floor(now())) * 1_000_000n;
  const requests = new Map<string, Request>();
  const startup = createStartup(options.initializationType);
  let invokes = 0;
  let runningId: string | undefined;
  const heard = Promise.withResolvers<void>();

  function upsert(id: string, timeNs: bigint): Request {
    const known = requests.get(id);
    if (known !== undefined) return known;
    if (requests.size >= MAX_REQUESTS) evict();
    const request = createRequest(id, startup.takeFirst(timeNs), timeNs);
    requests.set(id, request);
    heard.resolve();
    return request;
  }

  /** Forgets the oldest that is complete, else the oldest, whose verdict is then told as far as it is known. */
  function evict(): void {
    const all = [...requests.values()];
    const oldest = all.find((request) => request.told !== undefined && request.reported) ?? all[0];
    if (oldest === undefined) return;
    settle(oldest, oldest.startNs);
    requests.delete(oldest.id);
    wake(oldest);
  }

  /** Tells the verdict, or what has been learnt since it was told. */
  function settle(request: Request, timeNs: bigint): void {
    const seen = judge(request, options.countHandledErrors ?? true);
    const told = request.told;
    const fresh = (key: "errors" | "timeouts" | "outOfMemory"): 0 | 1 => seen[key] && !told?.[key] ? 1 : 0;
    const coldStart = told === undefined && startup.isColdStart(request.first, request.startNs);
    const verdict: Verdict = {
      requestId: request.id,
      timeNs,
      first: told === undefined,
      errors: fresh("errors"),
      timeouts: fresh("timeouts"),
      outOfMemory: fresh("outOfMemory"),
      coldStarts: coldStart ? 1 : 0,
    };
    if (told !== undefined && verdict.errors + verdict.timeouts + verdict.outOfMemory === 0) return;
    request.told = {
      errors: seen.errors || told?.errors === true,
      timeouts: seen.timeouts || told?.timeouts === true,
      outOfMemory: seen.outOfMemory || told?.outOfMemory === true,
    };
    options.onVerdict(verdict);
    if (told === undefined) options.onDone?.(describe(request, timeNs, seen.errors, coldStart));
  }

  /** After something was learnt about a request: ends it, or tells the difference if it has ended before. */
  function learnt(request: Request, ended: boolean, timeNs: bigint): void {
    if (ended || request.told !== undefined) settle(request, timeNs);
    wake(request);
  }

  function observeRuntimeDone(event: RuntimeDoneEvent, timeNs: bigint): Observation {
    const request = upsert(event.requestId, startOf(event.durationMs, timeNs));
    const repeated = request.runtimeDone;
    request.runtimeDone = true;
    request.runtimeMs ??= event.durationMs;
    request.producedBytes ??= event.producedBytes;
    worsen(request, event.status, event.errorType);
    learnt(request, true, timeNs);
    const postRuntimeMs = repeated ? undefined : postRuntime(request);
    return { requestId: request.id, repeated, postRuntimeMs };
  }

  function observeReport(event: ReportEvent, timeNs: bigint): Observation {
    const request = upsert(event.requestId, startOf(event.durationMs, timeNs));
    const repeated = request.reported;
    request.reported = true;
    request.durationMs ??= event.durationMs;
    const { maxMemoryUsedMb: usedMb, memorySizeMb: sizeMb } = event;
    request.memoryAtCap ||= usedMb !== undefined && sizeMb !== undefined && sizeMb > 0 && usedMb >= sizeMb;
    worsen(request, event.status, event.errorType);
    learnt(request, true, timeNs);
    if (repeated) return { requestId: request.id, repeated };
    return {
      requestId: request.id,
      repeated,
      // With an init inside the invocation the difference is mostly that init.
      postRuntimeMs: startup.repeatedInInvoke && request.first
        ? event.spans.extensionOverheadMs
        : postRuntime(request),
      initDurationMs: startup.takeInitDuration(event.initDurationMs),
      restoreDurationMs: startup.takeRestoreDuration(event.restoreDurationMs),
    };
  }

  function postRuntime({ runtimeMs, durationMs }: Request): number | undefined {
    if (options.managedInstance || runtimeMs === undefined || durationMs === undefined) return undefined;
    return durationMs >= runtimeMs ? durationMs - runtimeMs : undefined;
  }

  function observeLog(event: LogEvent, timeNs: bigint): Observation {
    const requestId = attribute(readRequestId(event.record));
    if (event.type === "extension") return { requestId };
    const evidence = readEvidence(event.record);
    if (evidence.timedOutRequestId !== undefined) {
      const request = upsert(evidence.timedOutRequestId, timeNs);
      worsen(request, "timeout", undefined);
      learnt(request, false, timeNs);
    }
    const request = requestId === undefined ? undefined : requests.get(requestId);
    if (request === undefined || (!evidence.outOfMemory && evidence.handledError === undefined)) {
      return { requestId };
    }
    request.outOfMemoryText ||= evidence.outOfMemory;
    // On managed instances the status itself tells of handler exceptions.
    if (!options.managedInstance && request.handledError !== "certain") {
      request.handledError = evidence.handledError ?? request.handledError;
    }
    learnt(request, false, timeNs);
    return { requestId };
  }

  /** A line belongs to the request it names, unless that is an id of the function's own making. */
  function attribute(named: string | undefined): string | undefined {
    if (options.managedInstance || runningId === undefined) return named;
    if (named === undefined) return runningId;
    return requests.has(named) || isUuid(named) ? named : runningId;
  }

  function observe(event: TelemetryEvent): Observation {
    const timeNs = event.timeNs ?? nowNs();
    switch (event.type) {
      case "function":
      case "extension":
        return observeLog(event, timeNs);
      case "platform.start": {
        const request = upsert(event.requestId, timeNs);
        if (!request.started) request.startNs = timeNs;
        request.started = true;
        runningId = request.id;
        return { requestId: request.id };
      }
      case "platform.runtimeDone":
        return observeRuntimeDone(event, timeNs);
      case "platform.report":
        return observeReport(event, timeNs);
      case "platform.initStart":
      case "platform.restoreStart":
        if (event.type === "platform.restoreStart") runningId = undefined;
        startup.begin(event, timeNs);
        return {};
      case "platform.initReport":
        return { initDurationMs: startup.endInit(event, timeNs) };
      case "platform.restoreReport":
        return { restoreDurationMs: startup.takeRestoreDuration(event.durationMs) };
      case "platform.fault": {
        if (event.requestId === undefined) return {};
        const request = upsert(event.requestId, timeNs);
        worsen(request, "error", undefined);
        learnt(request, false, timeNs);
        return { requestId: request.id };
      }
      default:
        return {};
    }
  }

  function waitFor(
    id: string,
    signal: AbortSignal,
    reached: (request: Request) => boolean,
  ): Promise<boolean> {
    const request = requests.get(id);
    if (request === undefined || signal.aborted) return Promise.resolve(false);
    if (reached(request)) return Promise.resolve(true);
    return new Promise((resolve) => {
      const end = (result: boolean): void => {
        request.waiting.delete(check);
        signal.removeEventListener("abort", abort);
        resolve(result);
      };
      const abort = (): void => end(false);
      const check = (): void => {
        if (reached(request)) end(true);
        // Forgotten: nothing will ever be learnt of it.
        else if (requests.get(id) !== request) end(false);
      };
      request.waiting.add(check);
      signal.addEventListener("abort", abort, { once: true });
    });
  }

  return {
    invoked: (event): void => {
      const timeNs = nowNs();
      const request = upsert(event.requestId, timeNs);
      request.invokeNumber ??= invokes++;
      // Requests run one after another: two INVOKEs later the end of one that telemetry never told is certain.
      for (const open of requests.values()) {
        if (open.told === undefined && open.invokeNumber !== undefined && open.invokeNumber < invokes - 2) {
          settle(open, timeNs);
        }
      }
    },
    observe,
    finished: (id, signal) => waitFor(id, signal, (request) => request.runtimeDone || request.reported),
    reported: (id, signal) => waitFor(id, signal, (request) => request.reported),
    lastReported: async (signal): Promise<boolean> => {
      if (requests.size === 0) {
        // An init repeated inside an invocation has failed: there was no INVOKE, but the platform tells of one.
        if (!startup.repeatedInInvoke) return true;
        if (!await settledBefore(heard.promise, signal)) return false;
      }
      const last = [...requests.keys()].at(-1) ?? "";
      return await waitFor(last, signal, (request) => request.reported);
    },
    shutdown: (reason): void => {
      const timeNs = nowNs();
      for (const request of requests.values()) {
        if (request.told !== undefined) continue;
        if (reason === "timeout") worsen(request, "timeout", undefined);
        if (reason === "failure") worsen(request, "error", undefined);
        settle(request, timeNs);
      }
    },
  };
}

function wake(request: Request): void {
  for (const check of [...request.waiting]) check();
}

function startOf(durationMs: number | undefined, endNs: bigint): bigint {
  return endNs - BigInt(Math.round((durationMs ?? 0) * 1e6));
}

function isUuid(text: string): boolean {
  return /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i.test(text);
}
