/** Managed instances: many invocations at once, no freeze, no `runtimeDone`. @see https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances.html */
import type { Sandbox } from "./generation.ts";
import { stepOf } from "./init.ts";
import { type InvokeOptions, suffer } from "./invoke.ts";
import { arnOf, type InvokeResult, runtimeSpans, tracingOf } from "./invocation.ts";
import { micros, report, start, type Verdict } from "./records.ts";
import type { RuntimeAnswer } from "./runtime_state.ts";
import type { FunctionScript } from "./script.ts";
import { nowMs } from "./waiters.ts";

/** Runs one of many invocations. A timeout leaves the sandbox alive; the death of the runtime fails them all. */
export async function invokeManaged(
  sandbox: Sandbox,
  script: FunctionScript,
  options: InvokeOptions,
): Promise<InvokeResult> {
  const { settings, generation, journal } = sandbox;
  if (generation === undefined) throw new Error("Cannot invoke as the instance is not initialized");
  const requestId = options.requestId ?? crypto.randomUUID();
  const startedAt = nowMs();
  const tracing = tracingOf(settings.traceHeader);
  generation.outcomes.set(requestId, script.outcome ?? "success");
  const { life } = generation;
  const payload = options.payload ?? JSON.stringify(script);
  generation.tell({ kind: "invoked", at: startedAt, life, requestId, payload });
  generation.telemetry.emit(start(requestId, settings.functionVersion, tracing));
  const open = options.fault === undefined
    ? generation.runtime.dispatch({
      requestId,
      payload,
      deadlineAt: Math.round(startedAt + settings.timeoutMs),
      functionArn: arnOf(sandbox),
      ...(settings.traceHeader === "" ? {} : { traceId: settings.traceHeader }),
    })
    : suffer(generation, requestId, options.fault);
  const step = await stepOf(generation, open.answered, startedAt + settings.timeoutMs);
  const answer = step !== "late" && "done" in step ? step.done : undefined;
  const verdict = verdictOf(step);
  const durationMs = step === "late" ? settings.timeoutMs : nowMs() - startedAt;
  const spans = settings.runtimeDoneSpans ? runtimeSpans(answer, startedAt, nowMs()).slice(0, 2) : [];
  generation.telemetry.emit(report(requestId, verdict, { durationMs }, spans, tracing));
  generation.outcomes.delete(requestId);
  if (verdict.status !== "success") {
    journal.log("platform", `REPORT RequestId: ${requestId}\tStatus: ${verdict.status}`);
  }
  const result = {
    requestId,
    startedAt,
    response: answer === undefined ? "" : new TextDecoder().decode(answer.body),
    ...(verdict.errorType === undefined ? {} : { functionError: verdict.errorType }),
    ...verdict,
    callerMs: nowMs() - startedAt,
    durationMs: micros(durationMs),
    billedDurationMs: Math.ceil(durationMs),
    maxMemoryUsedMb: 0,
  };
  generation.tell({ kind: "invocationEnded", at: nowMs(), result });
  return result;
}

/** Unlike on default Lambda, an error the runtime handled shows in the status. */
function verdictOf(step: Awaited<ReturnType<typeof stepOf<RuntimeAnswer>>>): Verdict {
  if (step === "late") return { status: "timeout", errorType: "Sandbox.Timedout" };
  if ("fatal" in step) return { status: "error", errorType: step.fatal.errorType };
  if (step.done.kind === "response") return { status: "success" };
  const told = step.done.errorType ?? "";
  return { status: "error", errorType: /^(Runtime|Function)\.[A-Z]/.test(told) ? told : "Function.Unknown" };
}
