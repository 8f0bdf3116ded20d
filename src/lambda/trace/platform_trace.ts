/**
 * A trace of each invocation out of what the platform tells, without a tracer or a wrapper. Where there is a tracer its
 * span of the invocation is the root, and only what it cannot see (init, restore, the extensions' part) is added.
 */
import type { TraceMode } from "../../config/awslambda.ts";
import type { FinishedInvocation, InvocationSpan } from "../../pipeline/receiver.ts";
import type { DurableExecution } from "../durable_execution.ts";
import type { InvokeEvent } from "../extensions_api.ts";
import type { Outcome } from "../outcome.ts";
import type { PlatformPart, TelemetryEvent } from "../telemetry_event.ts";
import type { Operation, PlatformSpan, SpanError } from "./platform_span.ts";
import { createRuns, msOf, NO_PARTS, type Run, spanIdOfRun, traceIdOfRun } from "./runs.ts";
import { createStartup, type Part, waitedFor } from "./startup_spans.ts";
import { spanIdOf, traceIdOf } from "./trace_ids.ts";
import { parseXrayHeader } from "./xray_header.ts";

/** Ids for the logs of a request. */
export interface LogContext {
  readonly traceId: string;
  readonly spanId: string | undefined;
}

export interface PlatformTraceOptions {
  readonly mode: Exclude<TraceMode, "off">;
  /** Part of the traces that is kept, 0 to 1; errors and cold starts always are. */
  readonly keep: (traceId: string) => boolean;
  /** What tells this sandbox from all others, where the platform does not. */
  readonly instanceId: () => string;
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
  /** What the runtime logged of an exception of the handler's. */
  failed(requestId: string, failure: SpanError): void;
  /** A log of the request named the durable execution that it is a part of. */
  belongsTo(requestId: string, execution: DurableExecution): void;
  /** What has been learnt of how an invocation ended. */
  ended(outcome: Outcome): void;
  /** A tracer's span came, of whatever request. */
  tracerSeen(): void;
  /** A tracer tells of an invocation. */
  traced(span: InvocationSpan): void;
  /** What the logs of a request are linked by, as known now. */
  contextOf(requestId: string): LogContext | undefined;
  /** Nothing more will come: what was held is written. */
  close(): void;
}

const NO_PARENT = "0";
const NO_META: PlatformSpan["meta"] = {};
const PART_OPERATIONS: Readonly<Record<string, Operation>> = {
  responseLatency: "aws.lambda.response_latency",
  responseDuration: "aws.lambda.response",
  runtimeOverhead: "aws.lambda.runtime_overhead",
  extensionOverhead: "aws.lambda.extension_overhead",
};

/** Nothing was seen yet. */
export function createPlatformTrace(options: PlatformTraceOptions): PlatformTrace {
  const { mode, managedInstance, write } = options;
  const isFull = mode === "full";
  const runs = createRuns(managedInstance);
  const startup = createStartup();
  let tracerSeen = false;
  /** The first run's spans wait for the next one: a tracer that sends late must not find a root of ours there. */
  let held: (() => void) | undefined;
  let heldRun: Run | undefined;
  let isFirst = true;
  let lastInvoked: string | undefined;

  function observe(event: TelemetryEvent): void {
    startup.observe(event);
    switch (event.type) {
      case "platform.start": {
        const run = runs.of(event.requestId, true);
        if (run.startNs !== event.timeNs) run.spanId = undefined;
        run.startNs = event.timeNs;
        run.header ??= parseXrayHeader(event.traceHeader);
        break;
      }
      case "platform.runtimeDone": {
        const run = runs.of(event.requestId, false);
        run.header ??= parseXrayHeader(event.traceHeader);
        if (isFull) run.parts = event.spans.parts;
        break;
      }
      case "platform.report": {
        const run = runs.get(event.requestId);
        if (run === undefined) break;
        if (managedInstance) {
          if (isFull) run.parts = event.spans.parts;
        } else if (isFull || run.root === undefined) {
          run.overhead = event.spans.parts.find(({ name }) => name === "extensionOverhead");
          if (run !== heldRun) writeOverhead(run);
        }
        break;
      }
      case "platform.initReport":
        startup.takeUnrequested().forEach(writeUnrequested);
    }
  }

  /** An init that no request waited for has a trace of its own. */
  function writeUnrequested(part: Part): void {
    const startMs = msOf(part.startNs);
    const traceId = traceIdOf(startup.instance ?? options.instanceId(), startMs);
    writePart(part, traceId, NO_PARENT, traceId, startMs);
  }

  function writePart(part: Part, traceId: string, parentId: string, seed: string, startMs: number): void {
    const { operation, startNs, durationMs, error } = part;
    // A failed init and the one that is repeated inside the request have one name.
    const spanId = spanIdOf(seed, startMs, `${operation}${part.isInside ? "|invoke" : ""}`);
    write({ operation, traceId, spanId, parentId, startNs, durationMs, error, meta: NO_META });
    for (const child of part.children) {
      writePart({ ...child, isInside: part.isInside }, traceId, spanId, seed, startMs);
    }
  }

  /** The extensions' part is told with the report, mostly an invocation late; its ids need no memory but the start. */
  function writeOverhead(run: Run): void {
    const { overhead } = run;
    run.overhead = undefined;
    if (overhead === undefined || run.startNs === undefined) return;
    // Beside a root of ours it is a detail; a tracer cannot see it.
    if (!isFull && run.root !== undefined) return;
    if (run.root === undefined ? options.keep(traceIdOfRun(run)) : run.isWritten) {
      writeDetail(run, overhead, msOf(run.startNs));
    }
  }

  /** A part of the invocation, below its span if there is one. */
  function writeDetail(run: Run, part: PlatformPart, startMs: number): void {
    const operation = PART_OPERATIONS[part.name];
    const parentId = run.tracer?.spanId ?? run.root?.spanId;
    if (operation === undefined || part.startNs === undefined || parentId === undefined) return;
    write({
      operation,
      traceId: traceIdOfRun(run),
      spanId: spanIdOf(run.requestId, startMs, operation),
      parentId,
      startNs: part.startNs,
      durationMs: part.durationMs,
      meta: NO_META,
    });
  }

  function ended(outcome: Outcome): void {
    const { requestId, finished } = outcome;
    if (finished === undefined) {
      if (outcome.errors === 1) failedLate(outcome);
      return;
    }
    const run = runs.of(requestId, true);
    runs.end(run);
    run.startNs ??= finished.startNs;
    settleHeld();
    // The startup belongs to this request whatever becomes of its own spans.
    // One ahead of demand was for no request, and is told with the first.
    const begun = finished.coldStart || isFirst ? startup.take(run.startNs) : [];
    const finish = (): void => writeRun(run, finished, outcome, begun);
    if (isFirst && !tracerSeen) {
      held = finish;
      heldRun = run;
    } else finish();
    isFirst = false;
  }

  function settleHeld(): void {
    const [finish, run] = [held, heldRun];
    held = undefined;
    heldRun = undefined;
    finish?.();
    if (run !== undefined) writeOverhead(run);
  }

  function writeRun(
    run: Run,
    finished: FinishedInvocation,
    outcome: Outcome,
    begun: readonly Part[],
  ): void {
    const startNs = run.startNs ??= finished.startNs;
    const startMs = msOf(startNs);
    const traceId = traceIdOfRun(run);
    const error = errorOf(run, finished, outcome);
    const spanId = run.tracer?.spanId ?? spanIdOfRun(run) ?? "";
    for (const part of begun) {
      if (!waitedFor(part, startNs)) writeUnrequested(part);
      else {
        const parentId = part.isInside ? spanId : run.tracer?.parentId ?? NO_PARENT;
        writePart(part, traceId, parentId, run.requestId, startMs);
      }
    }
    const isKept = error !== undefined || begun.length > 0 || options.keep(traceId);
    if (run.tracer === undefined && !tracerSeen) {
      const { durationMs, coldStart } = finished;
      run.root = { traceId, spanId, startNs, durationMs, coldStart, error };
      if (isKept) writeRoot(run);
    }
    if (isKept) { for (const part of run.parts) writeDetail(run, part, startMs); }
    else options.sampledOut();
    run.parts = NO_PARTS;
  }

  function writeRoot(run: Run): void {
    const { root, requestId, durable } = run;
    if (root === undefined) return;
    run.isWritten = true;
    const { traceId, spanId, startNs, durationMs, coldStart, error } = root;
    write({
      operation: "aws.lambda",
      traceId,
      spanId,
      parentId: NO_PARENT,
      startNs,
      durationMs,
      error,
      meta: metaOf(run, coldStart),
      invocation: { requestId, coldStart, durable },
    });
  }

  /** The same span again, with what has been learnt since: by its ids it takes the place of the first. */
  function failedLate(outcome: Outcome): void {
    settleHeld();
    const run = runs.get(outcome.requestId);
    if (run?.root === undefined || run.root.error !== undefined) return;
    run.root = { ...run.root, error: { ...run.failure, type: run.failure?.type ?? typeOf(outcome) } };
    writeRoot(run);
  }

  return {
    invoked: (event) => {
      lastInvoked = event.requestId;
      const run = runs.of(event.requestId, true);
      run.header ??= parseXrayHeader(event.traceHeader);
    },
    observe,
    failed: (requestId, failure) => {
      const run = runs.of(requestId, false);
      run.failure = failure;
      // The line may come after the end that it explains.
      if (!run.isWritten || run.root?.error === undefined || run.root.error.message !== undefined) return;
      run.root = { ...run.root, error: { ...failure, type: run.root.error.type ?? failure.type } };
      writeRoot(run);
    },
    belongsTo: (requestId, execution) => void (runs.of(requestId, false).durable = execution),
    ended,
    tracerSeen: () => void (tracerSeen = true),
    traced: (span) => {
      tracerSeen = true;
      // Old libraries do not name the request.
      const requestId = span.requestId === "" ? lastInvoked : span.requestId;
      if (requestId === undefined) return;
      const run = runs.of(requestId, false);
      if (run.tracer?.spanId === undefined) run.tracer = span;
    },
    contextOf: (requestId) => {
      const run = runs.get(requestId);
      if (run === undefined) return undefined;
      const { tracer } = run;
      if (tracer !== undefined) return { traceId: tracer.traceId, spanId: tracer.spanId };
      return { traceId: traceIdOfRun(run), spanId: tracerSeen ? undefined : spanIdOfRun(run) };
    },
    close: settleHeld,
  };
}

function errorOf({ failure }: Run, finished: FinishedInvocation, outcome: Outcome): SpanError | undefined {
  const { status, errorType } = finished;
  if (status === "success") return undefined;
  const type = outcome.outOfMemory === 1 ? "Runtime.OutOfMemory" : errorType ?? failure?.type;
  return { ...failure, type: type ?? typeOf(outcome) };
}

/** What the platform calls it. */
function typeOf({ timeouts, outOfMemory }: Outcome): string | undefined {
  return timeouts === 1 ? "Sandbox.Timedout" : outOfMemory === 1 ? "Runtime.OutOfMemory" : undefined;
}

/** Names of the semantic conventions for FaaS. */
function metaOf({ requestId, header }: Run, coldStart: boolean): PlatformSpan["meta"] {
  const meta: Record<string, string> = {
    "faas.invocation_id": requestId,
    "faas.coldstart": coldStart ? "true" : "false",
  };
  if (header?.parentId !== undefined) meta["aws.xray.parent_id"] = header.parentId;
  if (header?.sampled !== undefined) meta["aws.xray.sampled"] = header.sampled ? "true" : "false";
  return meta;
}
