/** The init phase. @see https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html */
import { createGeneration, type Fatal, type Generation, type Sandbox } from "./generation.ts";
import { startExtensions, startFunction } from "./programs.ts";
import {
  extensionRecord,
  initReport,
  initRuntimeDone,
  initStart,
  type Phase,
  type Verdict,
} from "./records.ts";
import { before, nowMs } from "./waiters.ts";

/** How an init went. After anything but `success` the caller has to end the generation. */
export interface InitResult {
  readonly status: Verdict["status"];
  readonly errorType?: string;
  readonly durationMs: number;
}

/** Begins a new generation and brings it to Ready, until `limitAt` (epoch ms) at the latest. */
export async function initialize(sandbox: Sandbox, phase: Phase, limitAt: number): Promise<InitResult> {
  const startedAt = nowMs();
  const generation = createGeneration(sandbox, phase);
  sandbox.generation = generation;
  sandbox.generations.push(generation);
  generation.tell({ kind: "initStarted", at: startedAt, life: generation.life, phase });
  generation.telemetry.emit(initStart(identity(sandbox), phase));
  startExtensions(sandbox, generation);
  const verdict = await bringUp(sandbox, generation, limitAt);
  const durationMs = nowMs() - startedAt;
  reportInit(sandbox, generation, verdict, durationMs);
  if (verdict.status === "success" && phase === "init") generation.untoldInitMs = durationMs;
  const result = { ...verdict, durationMs };
  generation.tell({ kind: "initialized", at: nowMs(), life: generation.life, phase, result });
  return result;
}

/** Waits for `step`, the first fatal error or the limit, whichever comes first. */
export function stepOf<T>(
  generation: Generation,
  step: Promise<T>,
  limitAt: number,
): Promise<{ readonly done: T } | { readonly fatal: Fatal } | "late"> {
  // A fatal error that is already known must win over a step that is done as well.
  const raced = Promise.race([
    generation.fatal.then((fatal) => ({ fatal })),
    step.then((done) => ({ done })),
  ]);
  return before(raced, limitAt);
}

/** The runtime starts only when every extension has registered; both have to be ready in the end. */
async function bringUp(sandbox: Sandbox, generation: Generation, limitAt: number): Promise<Verdict> {
  const { initializationType } = sandbox.settings;
  const { extensions, runtime, telemetry, phase } = generation;
  const registered = extensions.until((extension) => extension.state !== "Started");
  const steps: readonly (() => Promise<void>)[] = [
    () => registered,
    () => {
      startFunction(sandbox, generation);
      return runtime.ready;
    },
    () => {
      extensions.closeRegistration();
      telemetry.emit(initRuntimeDone(initializationType, phase, { status: "success" }));
      return extensions.until((extension) => extension.state === "Ready");
    },
  ];
  for (const [index, step] of steps.entries()) {
    const outcome = await stepOf(generation, step(), limitAt);
    if (outcome !== "late" && "done" in outcome) continue;
    const verdict: Verdict = outcome === "late"
      ? { status: "timeout" }
      : { status: "error", errorType: outcome.fatal.errorType };
    if (index < 2) telemetry.emit(initRuntimeDone(initializationType, phase, verdict));
    return verdict;
  }
  return { status: "success" };
}

function reportInit(sandbox: Sandbox, generation: Generation, verdict: Verdict, durationMs: number): void {
  const { settings, journal } = sandbox;
  const { telemetry, extensions, phase } = generation;
  // After a failed init it stays open, as AWS's open emulator leaves it: a late subscriber learns of the failure.
  if (verdict.status === "success") telemetry.closeSubscription();
  for (const { name, state, events, errorType } of extensions.list) {
    telemetry.emit(extensionRecord(name, state, events, errorType));
    journal.log("platform", `EXTENSION\tName: ${name}\tState: ${state}\tEvents: [${events.join(", ")}]`);
  }
  telemetry.emit(initReport(settings.initializationType, phase, verdict, durationMs));
  if (verdict.status === "success" && settings.initializationType === "on-demand") return;
  const type = verdict.errorType === undefined ? "" : `\tError Type: ${verdict.errorType}`;
  const figures = `Init Duration: ${durationMs.toFixed(2)} ms\tPhase: ${phase}\tStatus: ${verdict.status}`;
  journal.log("platform", `INIT_REPORT ${figures}${type}`);
}

/** What tells this sandbox from others. */
export function identity(sandbox: Sandbox): Parameters<typeof initStart>[0] {
  const { settings } = sandbox;
  return {
    initializationType: settings.initializationType,
    functionName: settings.functionName,
    functionVersion: settings.functionVersion,
    runtimeVersion: settings.runtimeVersion,
    runtimeVersionArn: `arn:aws:lambda:${settings.region}::runtime:4fda00c3a1b2`,
    instanceId: sandbox.logStream,
    instanceMaxMemory: settings.memorySizeMb * 1_048_576,
  };
}
