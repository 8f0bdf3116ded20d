/** One invocation of an on-demand sandbox. @see https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html */
import { endGeneration, freeze, thaw } from "./ending.ts";
import type { Fatal, Generation, Sandbox } from "./generation.ts";
import { initialize, type InitResult, stepOf } from "./init.ts";
import {
  arnOf,
  type Call,
  emitReport,
  type InvokeResult,
  invokeResult,
  producedBytes,
  runtimeSpans,
  type Told,
  tracingOf,
} from "./invocation.ts";
import { measureMemoryMb } from "./programs.ts";
import { runtimeDone, type Span, start, type Verdict } from "./records.ts";
import type { OpenInvocation } from "./runtime_state.ts";
import type { FunctionScript } from "./script.ts";
import { before, nowMs, sleep } from "./waiters.ts";

/** What can be chosen about one invocation besides its script. */
export interface InvokeOptions {
  /** The id of an asynchronous invocation stays the same when Lambda runs it again. @default a new one */
  readonly requestId?: string;
  /** The event as JSON, for a function that plays no scripts. @default the script */
  readonly payload?: string;
  /** The event does not reach the function: it hangs until its timeout, or its process is killed. */
  readonly fault?: "timeout" | "crash";
}

/** Runs one invocation to its very end: until the extensions are done, or the sandbox was reset. */
export async function invokeOnce(
  sandbox: Sandbox,
  script: FunctionScript,
  options: InvokeOptions,
): Promise<InvokeResult> {
  const { settings } = sandbox;
  const startedAt = nowMs();
  const deadlineAt = startedAt + settings.timeoutMs;
  // Without a sandbox that is ready, its init is part of this invocation and of its time.
  const init = sandbox.generation === undefined ? await initialize(sandbox, "invoke", deadlineAt) : undefined;
  const { generation } = sandbox;
  if (generation === undefined) throw new Error("Cannot invoke as the sandbox ended during its init");
  const tracing = tracingOf(settings.traceHeader);
  const call: Call = {
    sandbox,
    generation,
    requestId: options.requestId ?? crypto.randomUUID(),
    startedAt,
    deadlineAt,
    tracing,
    init,
  };
  const { requestId } = call;
  generation.outcomes.set(requestId, script.outcome ?? "success");
  const payload = options.payload ?? JSON.stringify(script);
  generation.tell({ kind: "invoked", at: startedAt, life: generation.life, requestId, payload });
  thaw(generation);
  generation.telemetry.emit(start(call.requestId, settings.functionVersion, call.tracing));
  sandbox.journal.log("platform", `START RequestId: ${call.requestId} Version: ${settings.functionVersion}`);
  const result = init !== undefined && init.status !== "success"
    ? await failedInit(call, init)
    : await run(call, payload, options.fault);
  generation.outcomes.delete(requestId);
  generation.tell({ kind: "invocationEnded", at: nowMs(), result });
  return result;
}

async function run(
  call: Call,
  payload: string,
  fault: InvokeOptions["fault"],
): Promise<InvokeResult> {
  const { generation, deadlineAt } = call;
  const handedAt = nowMs();
  const { open, offered } = dispatch(call, payload, fault);
  call.handedAt = handedAt;
  void open.answered.then((answer) => void (call.answer = { answer, at: nowMs() }));
  const runtime = await stepOf(generation, open.done, deadlineAt);
  if (runtime === "late") return await timedOut(call);
  if ("fatal" in runtime) return await crashed(call, runtime.fatal, handedAt);
  const doneAt = runtime.done;
  call.answer ??= { answer: await open.answered, at: nowMs() };
  emitRuntimeDone(call, { status: "success" }, doneAt - handedAt, doneAt);
  await before(offered, deadlineAt);
  const waited = generation.extensions.until((extension) =>
    extension.state === "Ready" || !extension.events.includes("INVOKE")
  );
  const extensions = await stepOf(generation, waited, deadlineAt);
  if (extensions === "late") return await timedOut(call);
  if ("fatal" in extensions) return await crashed(call, extensions.fatal, handedAt);
  return await succeeded(call, handedAt, doneAt);
}

/** The event goes to the runtime and the extensions at the same moment, unless the settings say otherwise. */
function dispatch(
  call: Call,
  payload: string,
  fault: InvokeOptions["fault"],
): { readonly open: OpenInvocation; readonly offered: Promise<void> } {
  const { generation, requestId } = call;
  const { settings } = call.sandbox;
  const functionArn = arnOf(call.sandbox);
  const deadlineMs = Math.round(call.deadlineAt);
  const offer = (): void => {
    const tracing = settings.traceHeader === "" ? {} : {
      tracing: { type: "X-Amzn-Trace-Id", value: settings.traceHeader },
    };
    if (generation.ending) return;
    generation.extensions.offer({
      eventType: "INVOKE",
      deadlineMs,
      requestId,
      invokedFunctionArn: functionArn,
      ...tracing,
    });
  };
  const event = {
    requestId,
    payload,
    deadlineAt: deadlineMs,
    functionArn,
    ...(settings.traceHeader === "" ? {} : { traceId: settings.traceHeader }),
  };
  if (fault !== undefined) {
    offer();
    return { open: suffer(generation, requestId, fault), offered: Promise.resolve() };
  }
  if (settings.invokeDelayMs > 0) {
    return { open: generation.runtime.dispatch(event), offered: sleep(settings.invokeDelayMs).then(offer) };
  }
  offer();
  if (settings.dispatchDelayMs === 0) {
    return { open: generation.runtime.dispatch(event), offered: Promise.resolve() };
  }
  const late = sleep(settings.dispatchDelayMs).then(() => generation.runtime.dispatch(event));
  const answered = late.then((open) => open.answered);
  const done = late.then((open) => open.done);
  return { open: { requestId, answered, done }, offered: Promise.resolve() };
}

/** An invocation that never reaches the function. */
export function suffer(
  generation: Generation,
  requestId: string,
  fault: "timeout" | "crash",
): OpenInvocation {
  if (fault === "crash") generation.functionProgram?.kill();
  return { requestId, answered: new Promise(() => {}), done: new Promise(() => {}) };
}

/** Tells that the runtime is done with the invocation `at` epoch ms, or was ended. */
function emitRuntimeDone(call: Call, verdict: Verdict, durationMs: number, at: number): void {
  const { generation, requestId, tracing, handedAt = call.startedAt } = call;
  generation.tell({ kind: "runtimeDone", at, requestId, status: verdict.status });
  const answer = call.answer?.answer;
  const spans = call.sandbox.settings.runtimeDoneSpans ? runtimeSpans(answer, handedAt, at) : [];
  generation.telemetry.emit(
    runtimeDone(requestId, verdict, durationMs, producedBytes(answer), spans, tracing),
  );
}

async function succeeded(call: Call, handedAt: number, doneAt: number): Promise<InvokeResult> {
  const { generation, sandbox } = call;
  const readyAt = nowMs();
  const holdMs = readyAt - doneAt;
  const hasExtensions = generation.extensions.list.some(({ events }) => events.includes("INVOKE"));
  const spans: readonly Span[] = hasExtensions
    ? [{ name: "extensionOverhead", at: doneAt, durationMs: holdMs }]
    : [];
  const { settings } = sandbox;
  await settings.beforeFreeze();
  if (settings.freeze && settings.reportDelivery !== "immediate") freeze(generation);
  const suppressedMs = generation.phase === "invoke" ? call.init?.durationMs ?? 0 : 0;
  const durationMs = readyAt - handedAt + suppressedMs;
  const told = emitReport(call, { status: "success" }, durationMs, spans);
  if (settings.freeze && settings.reportDelivery === "immediate") {
    await generation.telemetry.flush(100);
    freeze(generation);
  }
  return invokeResult(
    call,
    { status: "success" },
    durationMs,
    told,
    hasExtensions ? { extensionHoldMs: holdMs } : {},
  );
}

/** The response may have been out already. */
async function timedOut(call: Call): Promise<InvokeResult> {
  const { sandbox, generation, requestId } = call;
  const { settings, journal } = sandbox;
  const seconds = (settings.timeoutMs / 1000).toFixed(2);
  const line = `${new Date().toISOString()} ${requestId} Task timed out after ${seconds} seconds`;
  journal.log("platform", line);
  if (settings.timeoutLineAsFunctionLog) generation.telemetry.emit({ type: "function", record: line });
  const verdict: Verdict = { status: "timeout" };
  emitRuntimeDone(call, verdict, settings.timeoutMs, nowMs());
  return await resetAfter(call, verdict, settings.timeoutMs, "timeout", {
    errorType: "Sandbox.Timedout",
    message: `Task timed out after ${seconds} seconds`,
  });
}

/** The runtime or an extension has ended. */
async function crashed(call: Call, fatal: Fatal, handedAt: number): Promise<InvokeResult> {
  const verdict: Verdict = {
    status: fatal.errorType.startsWith("Sandbox.") ? "failure" : "error",
    errorType: fatal.errorType,
  };
  const endedAt = nowMs();
  const durationMs = endedAt - handedAt;
  emitRuntimeDone(call, verdict, durationMs, endedAt);
  return await resetAfter(call, verdict, durationMs, "failure", fatal);
}

/** The invocation whose own init failed: nothing was dispatched. */
async function failedInit(call: Call, init: InitResult): Promise<InvokeResult> {
  if (init.status === "timeout") return await timedOut(call);
  return await crashed(call, await call.generation.fatal, call.startedAt);
}

async function resetAfter(
  call: Call,
  verdict: Verdict,
  durationMs: number,
  reason: "timeout" | "failure",
  fatal: Fatal,
): Promise<InvokeResult> {
  const { sandbox, generation } = call;
  const callerMs = (call.answer?.at ?? nowMs()) - call.startedAt;
  const outcome = generation.outcomes.get(call.requestId);
  if (outcome === "oom_killed" || outcome === "oom_reported") {
    sandbox.peakMemoryMb = sandbox.settings.memorySizeMb;
  }
  let told: Told = {
    billedDurationMs: Math.ceil(durationMs),
    maxMemoryUsedMb: measureMemoryMb(sandbox, generation),
  };
  const reset = await endGeneration(sandbox, generation, reason, () => {
    if (sandbox.settings.reportDelivery !== "never-after-reset") {
      told = emitReport(call, verdict, durationMs, []);
    }
  });
  const errorMessage = `RequestId: ${call.requestId} Error: ${fatal.message}`;
  const response = JSON.stringify({ errorType: fatal.errorType, errorMessage });
  return invokeResult(call, verdict, durationMs, told, {
    reset,
    callerMs,
    ...(call.answer === undefined ? { response, functionError: fatal.errorType } : {}),
  });
}
