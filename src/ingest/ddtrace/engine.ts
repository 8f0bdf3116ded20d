/** All of the receiver that the first request loads: a cold start that traces nothing does not pay for it. */
import type { DdtraceConfig } from "../../config/ddtrace.ts";
import type { FinishedInvocation, ReceiverContext } from "../../pipeline/receiver.ts";
import { contextOfEvent } from "./event_context.ts";
import { readInvocationReport } from "./invocation_report.ts";
import { createInvocationSpans } from "./invocation_spans.ts";
import { hex16 } from "./span.ts";
import { extractContext } from "./trace_context.ts";
import { createTraceIntake, type TracePayload } from "./trace_intake.ts";

/** The work behind the routes. */
export interface Engine {
  /** Takes a trace payload: `undefined`, or why it could not be read to its end. */
  readonly take: (payload: TracePayload) => string | undefined;
  /** An invocation starts: returns the headers that tell the library of its trace context. */
  readonly startInvocation: (headers: Headers, event: Uint8Array) => Readonly<Record<string, string>>;
  /** An invocation ends. */
  readonly endInvocation: (headers: Headers, result: Uint8Array) => void;
  readonly invocationDone: (invocation: FinishedInvocation) => void;
  readonly collect: () => void;
}

const REQUEST_ID = "lambda-runtime-aws-request-id";

/** An engine with nothing under way. */
export function createEngine(config: DdtraceConfig, context: ReceiverContext): Engine {
  const { consume, refuse, now } = context;
  const invocations = createInvocationSpans({
    emit: (span) => traces.takeOwn(span),
    now,
    randomId,
    service: config.service,
    functionName: config.functionName,
  });
  const traces = createTraceIntake({ config, consume, refuse, now, claim: invocations.claim });

  return {
    take: traces.take,
    startInvocation: (headers, event) => {
      const found = contextOfEvent(new TextDecoder().decode(event)) ??
        extractContext((name) => headers.get(name) ?? undefined);
      invocations.started(headers.get(REQUEST_ID) ?? "", found);
      if (found === undefined) return {};
      return {
        "x-datadog-trace-id": found.traceId.toString(),
        "x-datadog-sampling-priority": String(found.priority ?? 1),
        ...(found.traceIdHigh === 0n ? {} : { "x-datadog-tags": `_dd.p.tid=${hex16(found.traceIdHigh)}` }),
      };
    },
    endInvocation: (headers, result) =>
      invocations.ended(headers.get(REQUEST_ID) ?? "", readInvocationReport(headers, result)),
    invocationDone: invocations.finished,
    collect: invocations.collect,
  };
}

/** 63 bits, as tracers make them, for those that read ids as signed. */
function randomId(): bigint {
  const [random = 0n] = crypto.getRandomValues(new BigUint64Array(1));
  return BigInt.asUintN(63, random) || 1n;
}
