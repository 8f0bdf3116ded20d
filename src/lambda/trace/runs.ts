/** Runs of requests, as far as their spans are concerned: remembered for what comes after their end. */
import type { InvocationSpan } from "../../pipeline/receiver.ts";
import type { DurableExecution } from "../durable_execution.ts";
import type { PlatformPart } from "../telemetry_event.ts";
import type { PlatformSpan, SpanError } from "./platform_span.ts";
import { spanIdOf, traceIdOfRequest } from "./trace_ids.ts";
import type { XrayHeader } from "./xray_header.ts";

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
  parts: readonly PlatformPart[];
  /** What extensions took after its response, as its report tells. */
  overhead: PlatformPart | undefined;
  /** Its own span; an error that is learnt later writes it again. */
  root: PlatformSpan | undefined;
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
}

/** Their reports, late errors and tracers' spans come after their end. */
const MAX_RUNS = 500;

/** None yet. */
export function createRuns(): Runs {
  const runs = new Map<string, Run>();
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
        parts: [],
        overhead: undefined,
        root: undefined,
        isWritten: false,
        isOver: false,
        failure: undefined,
        durable: undefined,
      };
      runs.delete(requestId);
      runs.set(requestId, made);
      if (runs.size > MAX_RUNS) runs.delete(runs.keys().next().value ?? "");
      return made;
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
