/** Runs of requests, as far as their spans are concerned: remembered for what comes after their end. */
import type { InvocationSpan } from "../../pipeline/receiver.ts";
import type { DurableExecution } from "../durable_execution.ts";
import type { PlatformPart } from "../telemetry_event.ts";
import type { SpanError } from "./platform_span.ts";
import { spanIdOf, traceIdOfRequest } from "./trace_ids.ts";
import type { XrayHeader } from "./xray_header.ts";

/** What the span of a run was written with: one that is written again must have the same ids. */
export interface Root {
  readonly traceId: string;
  readonly spanId: string;
  /** Unix time in nanoseconds. */
  readonly startNs: bigint;
  readonly durationMs: number;
  readonly coldStart: boolean;
  readonly error: SpanError | undefined;
}

/** None are to be written. */
export const NO_PARTS: readonly PlatformPart[] = [];

/** One run of a request. */
export interface Run {
  readonly requestId: string;
  header: XrayHeader | undefined;
  /** By the platform's clock. */
  startNs: bigint | undefined;
  /** Of its own span; kept, as each of its logs asks for it. */
  spanId: string | undefined;
  /** What a tracer told of it. */
  tracer: InvocationSpan | undefined;
  /** That are still to be written. */
  parts: readonly PlatformPart[];
  /** What extensions took after its response, as its report tells; until it is written. */
  overhead: PlatformPart | undefined;
  /** Its own span; an error that is learnt later writes it again. */
  root: Root | undefined;
  /** That span was written. */
  isWritten: boolean;
  isOver: boolean;
  /** What the runtime logged of its handler's exception. */
  failure: SpanError | undefined;
  /** The durable execution that its logs name. */
  durable: DurableExecution | undefined;
}

export interface Runs {
  get(requestId: string): Run | undefined;
  /** The run under way of that request; `startsAnew`: after its end this is the next one, under the same id. */
  of(requestId: string, startsAnew: boolean): Run;
  /** It is over; of those only the latest are remembered. */
  end(run: Run): void;
}

/** How many runs are remembered, of which each costs 300 bytes. */
interface Limits {
  /** After their end: reports, late errors and logs come a few requests later at most. */
  readonly over: number;
  /** In all; where they run one after another, more are ones whose end is never told. */
  readonly all: number;
}

const SERIAL: Limits = { over: 100, all: 500 };
/** A managed instance runs 1,600 side by side at most. */
const SIDE_BY_SIDE: Limits = { over: 500, all: 2_500 };

/** None yet. `managedInstance`: they run side by side. */
export function createRuns(managedInstance: boolean): Runs {
  const limits = managedInstance ? SIDE_BY_SIDE : SERIAL;
  const runs = new Map<string, Run>();
  let over = 0;

  function forget(run: Run): void {
    if (runs.get(run.requestId) !== run) return;
    runs.delete(run.requestId);
    if (run.isOver) over--;
  }

  function forgetFirst(which: (run: Run) => boolean): void {
    for (const run of runs.values()) {
      if (which(run)) return forget(run);
    }
  }

  return {
    get: (requestId) => runs.get(requestId),
    of: (requestId, startsAnew) => {
      const found = runs.get(requestId);
      // A failed asynchronous request comes again under its id, in a trace of its own spans.
      if (found !== undefined && !(startsAnew && found.isOver)) return found;
      const made: Run = {
        requestId,
        header: undefined,
        startNs: undefined,
        spanId: undefined,
        tracer: undefined,
        parts: NO_PARTS,
        overhead: undefined,
        root: undefined,
        isWritten: false,
        isOver: false,
        failure: undefined,
        durable: undefined,
      };
      if (found !== undefined) forget(found);
      runs.set(requestId, made);
      if (runs.size > limits.all) forgetFirst(() => true);
      return made;
    },
    end: (run) => {
      if (run.isOver) return;
      run.isOver = true;
      if (runs.get(run.requestId) !== run) return;
      over++;
      if (over > limits.over) forgetFirst(({ isOver }) => isOver);
    },
  };
}

/** The trace it belongs to: the tracer's, else X-Ray's, else the request's own. */
export function traceIdOfRun({ requestId, header, tracer }: Run): string {
  return tracer?.traceId ?? header?.traceId ?? traceIdOfRequest(requestId);
}

/** The id of its own span, once its start is known. */
export function spanIdOfRun(run: Run): string | undefined {
  const { requestId, startNs } = run;
  if (startNs === undefined) return undefined;
  run.spanId ??= spanIdOf(requestId, msOf(startNs), "aws.lambda");
  return run.spanId;
}

/** Unix time in ms. */
export function msOf(ns: bigint): number {
  return Number(ns / 1_000_000n);
}
