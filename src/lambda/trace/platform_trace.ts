/**
 * A trace of each invocation out of what the platform tells, without a tracer or a wrapper. Where there is a tracer its
 * span of the invocation is the root, and only what it cannot see (init, restore, the extensions' part) is added.
 */
import type { TraceMode } from "../../config/awslambda.ts";
import type { FinishedInvocation } from "../../pipeline/receiver.ts";
import type { InvokeEvent } from "../extensions_api.ts";
import type { Outcome } from "../outcome.ts";
import type { PlatformPart, TelemetryEvent } from "../telemetry_event.ts";
import type { Operation, PlatformSpan, SpanError, SpanIdentity } from "./platform_span.ts";
import { createStartup, type Part, waitedFor } from "./startup_spans.ts";
import { spanIdOf, traceIdOf, traceIdOfRequest } from "./trace_ids.ts";
import { parseXrayHeader, type XrayHeader } from "./xray_header.ts";

/** A tracer's span of an invocation, its ids as its points have them. */
export interface TracerSpan {
  readonly requestId: string;
  readonly traceId: string;
  readonly spanId: string;
  /** `0`: it has none. */
  readonly parentId: string;
}

/** Ids for the logs of a request. */
export interface LogContext {
  readonly traceId: string;
  readonly spanId: string | undefined;
}

export interface PlatformTraceOptions {
  readonly mode: Exclude<TraceMode, "off">;
  /** Part of the traces that is kept, 0 to 1; errors and cold starts always are. */
  readonly keep: (traceId: string) => boolean;
  readonly identity: SpanIdentity;
  readonly managedInstance: boolean;
  /** Takes a span. One whose error is learnt late comes again, under its ids. */
  readonly write: (span: PlatformSpan) => void;
  /** A span was left out by sampling. */
  readonly sampledOut: () => void;
}

export interface PlatformTrace {
  /** An INVOKE came. */
  invoked(event: InvokeEvent): void;
  /** A platform's event came; before the outcome that it leads to. */
  observe(event: TelemetryEvent): void;
  /** What has been learnt of how an invocation ended. */
  ended(outcome: Outcome): void;
  /** A tracer's span came, of whatever request. */
  tracerSeen(): void;
  /** A tracer tells of an invocation. */
  traced(span: TracerSpan): void;
  /** What the logs of a request are linked by, as known now. */
  contextOf(requestId: string): LogContext | undefined;
  /** Nothing more will come: what was held is written. */
  close(): void;
}

/** One run of a request. */
interface Run {
  readonly requestId: string;
  header: XrayHeader | undefined;
  /** By the platform's clock. */
  startNs: bigint | undefined;
  tracer: TracerSpan | undefined;
  parts: readonly PlatformPart[];
  /** Its spans, once they were written; an error that is learnt later writes the root again. */
  root: PlatformSpan | undefined;
  isOver: boolean;
}

/** Runs remembered: their reports, late errors and tracers' spans come after their end. */
const MAX_RUNS = 500;
const NO_PARENT = "0";
const NO_META: ReadonlyMap<string, string> = new Map();
const PART_OPERATIONS: Readonly<Record<string, Operation>> = {
  responseLatency: "aws.lambda.response_latency",
  responseDuration: "aws.lambda.response",
  runtimeOverhead: "aws.lambda.runtime_overhead",
  extensionOverhead: "aws.lambda.extension_overhead",
};

/** Nothing was seen yet. */
export function createPlatformTrace(options: PlatformTraceOptions): PlatformTrace {
  const { mode, identity, managedInstance, write } = options;
  const runs = new Map<string, Run>();
  const startup = createStartup();
  let tracerSeen = false;
  /** The first run's spans wait for the next one: a tracer that sends late must not find a root of ours there. */
  let held: (() => void) | undefined;
  let isFirst = true;

  function runOf(requestId: string, startsAnew: boolean): Run {
    const found = runs.get(requestId);
    // A failed asynchronous request comes again under its id, in a trace of its own spans.
    if (found !== undefined && !(startsAnew && found.isOver)) return found;
    const made: Run = {
      requestId,
      header: undefined,
      startNs: undefined,
      tracer: undefined,
      parts: [],
      root: undefined,
      isOver: false,
    };
    runs.delete(requestId);
    runs.set(requestId, made);
    if (runs.size > MAX_RUNS) runs.delete(runs.keys().next().value ?? "");
    return made;
  }

  function traceIdOfRun({ requestId, header, tracer }: Run): string {
    return tracer?.traceId ?? header?.traceId ?? traceIdOfRequest(requestId);
  }

  function observe(event: TelemetryEvent): void {
    startup.observe(event);
    switch (event.type) {
      case "platform.start": {
        const run = runOf(event.requestId, true);
        run.startNs = event.timeNs;
        run.header ??= parseXrayHeader(event.traceHeader);
        break;
      }
      case "platform.runtimeDone": {
        const run = runOf(event.requestId, false);
        run.header ??= parseXrayHeader(event.traceHeader);
        run.parts = event.spans.parts;
        break;
      }
      case "platform.report": {
        const run = runs.get(event.requestId);
        if (run === undefined) break;
        if (managedInstance) run.parts = event.spans.parts;
        else writeOverhead(run, event.spans.parts);
        break;
      }
      case "platform.initReport": {
        const part = startup.takeUnrequested();
        if (part !== undefined) writeUnrequested(part);
      }
    }
  }

  /** An init that no request waited for has a trace of its own. */
  function writeUnrequested(part: Part): void {
    const startMs = msOf(part.startNs);
    const traceId = traceIdOf(identity.resource, "init", startMs);
    writePart(part, traceId, NO_PARENT, traceId, startMs);
  }

  function writePart(part: Part, traceId: string, parentId: string, seed: string, startMs: number): void {
    const spanId = spanIdOf(seed, startMs, part.operation);
    const { operation, startNs, durationMs } = part;
    write({ operation, traceId, spanId, parentId, startNs, durationMs, meta: NO_META });
    for (const child of part.children) writePart(child, traceId, spanId, seed, startMs);
  }

  /** The extensions' part is told with the report, mostly an invocation late; its ids need no memory but the start. */
  function writeOverhead(run: Run, parts: readonly PlatformPart[]): void {
    const overhead = parts.find(({ name }) => name === "extensionOverhead");
    if (overhead === undefined || run.startNs === undefined || !isKept(run)) return;
    if (mode === "full" || run.root === undefined) writeDetail(run, overhead, msOf(run.startNs));
  }

  function writeDetail(run: Run, part: PlatformPart, startMs: number): void {
    const operation = PART_OPERATIONS[part.name];
    if (operation === undefined || part.startNs === undefined) return;
    write({
      operation,
      traceId: traceIdOfRun(run),
      spanId: spanIdOf(run.requestId, startMs, operation),
      parentId: run.tracer?.spanId ?? spanIdOf(run.requestId, startMs, "aws.lambda"),
      startNs: part.startNs,
      durationMs: part.durationMs,
      meta: NO_META,
    });
  }

  function isKept(run: Run): boolean {
    return run.root?.error !== undefined || options.keep(traceIdOfRun(run));
  }

  function ended({ requestId, errors, finished }: Outcome): void {
    if (finished === undefined) {
      if (errors === 1) failedLate(requestId);
      return;
    }
    const run = runOf(requestId, true);
    run.isOver = true;
    run.startNs ??= finished.startNs;
    held?.();
    held = undefined;
    // The startup belongs to this request whatever becomes of its own spans.
    const begun = finished.coldStart ? startup.take(run.startNs) : undefined;
    const finish = (): void => writeRun(run, finished, begun);
    if (isFirst && mode === "auto" && !tracerSeen) held = finish;
    else finish();
    isFirst = false;
  }

  function writeRun(run: Run, finished: FinishedInvocation, begun: Part | undefined): void {
    const startNs = run.startNs ?? finished.startNs;
    const startMs = msOf(startNs);
    const traceId = traceIdOfRun(run);
    const error = errorOf(finished);
    if (error === undefined && begun === undefined && !options.keep(traceId)) return options.sampledOut();
    const spanId = spanIdOf(run.requestId, startMs, "aws.lambda");
    if (begun !== undefined && waitedFor(begun, startNs)) {
      const around = run.tracer?.parentId ?? NO_PARENT;
      writePart(
        begun,
        traceId,
        begun.isInside ? run.tracer?.spanId ?? spanId : around,
        run.requestId,
        startMs,
      );
    }
    const isOwnRoot = mode === "full" ? run.tracer === undefined : !tracerSeen;
    if (isOwnRoot) {
      run.root = {
        operation: "aws.lambda",
        traceId,
        spanId,
        parentId: NO_PARENT,
        startNs,
        durationMs: finished.durationMs,
        error,
        meta: metaOf(run, finished),
      };
      write(run.root);
    }
    if (mode === "full") { for (const part of run.parts) writeDetail(run, part, startMs); }
  }

  /** The same span again, with what has been learnt since: by its ids it takes the place of the first. */
  function failedLate(requestId: string): void {
    held?.();
    held = undefined;
    const run = runs.get(requestId);
    if (run?.root === undefined || run.root.error !== undefined) return;
    run.root = { ...run.root, error: {} };
    write(run.root);
  }

  return {
    invoked: (event) => {
      const run = runOf(event.requestId, true);
      run.header ??= parseXrayHeader(event.traceHeader);
    },
    observe,
    ended,
    tracerSeen: () => void (tracerSeen = true),
    traced: (span) => {
      tracerSeen = true;
      const run = runOf(span.requestId, false);
      run.tracer = span;
    },
    contextOf: (requestId) => {
      const run = runs.get(requestId);
      if (run === undefined) return undefined;
      const { tracer, startNs } = run;
      if (tracer !== undefined) return { traceId: tracer.traceId, spanId: tracer.spanId };
      const isOwnRoot = startNs !== undefined && !tracerSeen;
      const spanId = isOwnRoot ? spanIdOf(requestId, msOf(startNs), "aws.lambda") : undefined;
      return { traceId: traceIdOfRun(run), spanId };
    },
    close: () => {
      held?.();
      held = undefined;
    },
  };
}

function errorOf({ status, errorType, errorMessage }: FinishedInvocation): SpanError | undefined {
  if (status === "success") return undefined;
  const type = errorType ?? (status === "timeout" ? "Sandbox.Timedout" : undefined);
  return { type, message: errorMessage };
}

/** Names of the semantic conventions for FaaS. */
function metaOf({ requestId, header }: Run, { coldStart }: FinishedInvocation): ReadonlyMap<string, string> {
  const meta = new Map([["faas.invocation_id", requestId], ["faas.coldstart", String(coldStart)]]);
  if (header?.parentId !== undefined) meta.set("aws.xray.parent_id", header.parentId);
  if (header?.sampled !== undefined) meta.set("aws.xray.sampled", String(header.sampled));
  return meta;
}

function msOf(ns: bigint): number {
  return Number(ns / 1_000_000n);
}
