/** What one invocation carries, reports and results in. */
import type { ShutdownResult } from "./ending.ts";
import type { Generation, Sandbox } from "./generation.ts";
import type { InitResult } from "./init.ts";
import { measureMemoryMb } from "./programs.ts";
import { micros, report, type Span, type Verdict } from "./records.ts";
import type { RuntimeAnswer } from "./runtime_state.ts";
import { nowMs } from "./waiters.ts";

/** What came of one invocation. */
export interface InvokeResult {
  readonly requestId: string;
  /** What the caller got. */
  readonly response: string;
  /** `X-Amz-Function-Error`'s cause: a handled error or the platform's verdict. */
  readonly functionError?: string;
  /** The platform's verdict; a handled error is a success. */
  readonly status: Verdict["status"];
  readonly errorType?: string;
  /** The caller's request, in epoch ms. */
  readonly startedAt: number;
  /** From then to the caller's answer, in ms. */
  readonly callerMs: number;
  /** `platform.report`'s duration, in ms. */
  readonly durationMs: number;
  readonly billedDurationMs: number;
  readonly maxMemoryUsedMb: number;
  /** From `runtimeDone` to the last extension's `next`, in ms; undefined when it never came. */
  readonly extensionHoldMs?: number;
  /** The init that was part of this invocation ("suppressed init"). */
  readonly init?: InitResult;
  /** The reset that ended this invocation. */
  readonly reset?: ShutdownResult;
}

/** Everything one invocation carries through its phases. */
export interface Call {
  readonly sandbox: Sandbox;
  readonly generation: Generation;
  readonly requestId: string;
  readonly startedAt: number;
  readonly deadlineAt: number;
  readonly tracing: object | undefined;
  readonly init: InitResult | undefined;
  /** When the event was handed to the runtime, in epoch ms. */
  handedAt?: number;
  answer?: { readonly answer: RuntimeAnswer; readonly at: number };
}

/** Figures only the report knows. */
export interface Told {
  readonly billedDurationMs: number;
  readonly maxMemoryUsedMb: number;
}

/** Emits `platform.report`, and the REPORT line. */
export function emitReport(call: Call, verdict: Verdict, durationMs: number, spans: readonly Span[]): Told {
  const { sandbox, generation, requestId } = call;
  const { memorySizeMb, initializationType } = sandbox.settings;
  const untoldMs = initializationType === "on-demand" ? generation.untoldInitMs : undefined;
  const restoreMs = generation.untoldRestoreMs;
  delete generation.untoldInitMs;
  delete generation.untoldRestoreMs;
  const told: Told = {
    billedDurationMs: Math.ceil(durationMs + (untoldMs ?? 0)),
    maxMemoryUsedMb: measureMemoryMb(sandbox, generation),
  };
  const metrics = {
    durationMs,
    billedDurationMs: told.billedDurationMs,
    memorySizeMB: memorySizeMb,
    maxMemoryUsedMB: told.maxMemoryUsedMb,
    ...(untoldMs === undefined ? {} : { initDurationMs: untoldMs }),
    ...(restoreMs === undefined
      ? {}
      : { restoreDurationMs: restoreMs, billedRestoreDurationMs: Math.ceil(restoreMs) }),
  };
  generation.telemetry.emit(report(requestId, verdict, metrics, spans, call.tracing));
  const parts = [
    `REPORT RequestId: ${requestId}`,
    `Duration: ${durationMs.toFixed(2)} ms`,
    `Billed Duration: ${told.billedDurationMs} ms`,
    `Memory Size: ${memorySizeMb} MB`,
    `Max Memory Used: ${told.maxMemoryUsedMb} MB`,
    ...(untoldMs === undefined ? [] : [`Init Duration: ${untoldMs.toFixed(2)} ms`]),
    ...(verdict.status === "success" ? [] : [`Status: ${verdict.status}`]),
    ...(verdict.errorType === undefined ? [] : [`Error Type: ${verdict.errorType}`]),
  ];
  sandbox.journal.log("platform", `END RequestId: ${requestId}`);
  sandbox.journal.log("platform", parts.join("\t"));
  return told;
}

/** What the caller of the emulator is told. */
export function invokeResult(
  call: Call,
  verdict: Verdict,
  durationMs: number,
  told: Told,
  extra: Partial<InvokeResult>,
): InvokeResult {
  const { answer } = call;
  const handled = answer?.answer.kind === "error"
    ? { functionError: answer.answer.errorType ?? "Unhandled" }
    : {};
  return {
    requestId: call.requestId,
    startedAt: call.startedAt,
    response: answer === undefined ? "" : new TextDecoder().decode(answer.answer.body),
    ...handled,
    ...verdict,
    callerMs: (answer?.at ?? nowMs()) - call.startedAt,
    durationMs: micros(durationMs),
    ...told,
    ...(call.init === undefined ? {} : { init: call.init }),
    ...extra,
  };
}

/** Bytes of the response: an error is none, however long. */
export function producedBytes(answer: RuntimeAnswer | undefined): number {
  return answer?.kind === "response" ? answer.body.length : 0;
}

/**
 * Only a runtime that posted to `/response` has a response to time: after `/error` there are none of these.
 * @see https://github.com/aws/aws-lambda-runtime-interface-emulator `internal/lambda/telemetry/events_api.go`
 */
export function runtimeSpans(
  answer: RuntimeAnswer | undefined,
  handedAt: number,
  doneAt: number,
): readonly Span[] {
  if (answer?.kind !== "response") return [];
  return [
    { name: "responseLatency", at: handedAt, durationMs: answer.startedAt - handedAt },
    { name: "responseDuration", at: answer.startedAt, durationMs: answer.finishedAt - answer.startedAt },
    { name: "runtimeOverhead", at: answer.finishedAt, durationMs: Math.max(0, doneAt - answer.finishedAt) },
  ];
}

/** The ARN as the caller used it. */
export function arnOf(sandbox: Sandbox): string {
  const { region, accountId, functionName, qualifier } = sandbox.settings;
  const suffix = qualifier === "" ? "" : `:${qualifier}`;
  return `arn:aws:lambda:${region}:${accountId}:function:${functionName}${suffix}`;
}

/** The `tracing` member of records, or nothing without a trace header. */
export function tracingOf(traceHeader: string): object | undefined {
  if (traceHeader === "") return undefined;
  return { spanId: "54565fb41ac79632", type: "X-Amzn-Trace-Id", value: traceHeader };
}
