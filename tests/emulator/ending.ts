/** Ends a generation: shutdown of an idle sandbox, or reset of a failed one. @see https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html */
import type { Generation, Sandbox } from "./generation.ts";
import type { Program } from "./program.ts";
import { before, nowMs } from "./waiters.ts";

export type ShutdownReason = "spindown" | "timeout" | "failure";

/** How one program ended. */
export interface ProgramEnd {
  readonly name: string;
  readonly exitCode: number;
  /** It had to be killed at the deadline. */
  readonly killed: boolean;
}

/** How the sandbox ended; the figures are those of the first extension, or of nothing. */
export interface ShutdownResult {
  readonly reason: ShutdownReason;
  readonly exitCode: number;
  readonly killed: boolean;
  /** From the start of the shutdown to the end of the last program, in ms. */
  readonly tookMs: number;
  /** From the SHUTDOWN event's release to the end of the last extension, in ms. */
  readonly afterEventMs: number;
  readonly extensions: readonly ProgramEnd[];
}

/** The runtime's part of the budget. */
const RUNTIME_SHARE = 0.3;
/** Managed instances flush telemetry before extensions are told, within this time, in ms. */
const MANAGED_FLUSH_MS = 1000;
/** Code of the test process has this long to notice that it was killed, in ms. */
const SETTLE_MS = 1000;

/** Stops everything. `onReleased` runs when the SHUTDOWN event is out: late records may follow. */
export async function endGeneration(
  sandbox: Sandbox,
  generation: Generation,
  reason: ShutdownReason,
  onReleased: () => void = () => {},
): Promise<ShutdownResult> {
  const { life } = generation;
  generation.tell({ kind: "ending", at: nowMs(), life, reason });
  const result = generation.ending
    ? await endVanished(sandbox, generation, reason)
    : await stopAll(sandbox, generation, reason, onReleased);
  generation.tell({ kind: "ended", at: nowMs(), life, result });
  return result;
}

async function stopAll(
  sandbox: Sandbox,
  generation: Generation,
  reason: ShutdownReason,
  onReleased: () => void,
): Promise<ShutdownResult> {
  const { settings, journal } = sandbox;
  const startedAt = nowMs();
  const deadlineAt = startedAt + settings.shutdownBudgetMs;
  generation.ending = true;
  thaw(generation);
  await stopFunction(generation, startedAt + settings.shutdownBudgetMs * RUNTIME_SHARE);
  if (settings.initializationType === "lambda-managed-instances") {
    await generation.telemetry.flush(MANAGED_FLUSH_MS);
  }
  const releasedAt = nowMs();
  generation.extensions.offer({
    eventType: "SHUTDOWN",
    shutdownReason: reason,
    deadlineMs: Math.round(deadlineAt),
  });
  onReleased();
  const ends = await Promise.all(
    generation.programs.map((program) => stopExtension(generation, program, deadlineAt)),
  );
  for (const end of ends) {
    if (end.killed) journal.violation(`extension ${end.name} had to be killed after SHUTDOWN ${reason}`);
    else if (end.exitCode !== 0) {
      journal.violation(`extension ${end.name} ended with exit code ${end.exitCode}`);
    }
  }
  const endedAt = nowMs();
  await closeGeneration(sandbox, generation);
  return {
    reason,
    exitCode: ends[0]?.exitCode ?? 0,
    killed: ends[0]?.killed ?? false,
    tookMs: endedAt - startedAt,
    afterEventMs: endedAt - releasedAt,
    extensions: ends,
  };
}

/** Kills what runs and answers what waits. Safe to call twice. */
export async function closeGeneration(sandbox: Sandbox, generation: Generation): Promise<void> {
  generation.ending = true;
  const programs = [
    ...generation.programs,
    ...(generation.functionProgram === undefined ? [] : [generation.functionProgram]),
  ];
  for (const program of programs) program.kill();
  await Promise.all(programs.map((program) => program.exited));
  generation.runtime.abandon();
  generation.extensions.abandon();
  await generation.telemetry.close();
  const settled = Promise.all(programs.map((program) => program.settled));
  if (await before(settled, nowMs() + SETTLE_MS) === "late") {
    sandbox.journal.violation("a program of the test's process did not end when it was killed");
  }
  if (sandbox.generation === generation) delete sandbox.generation;
}

/** The host was lost meanwhile: nobody was told anything. */
async function endVanished(
  sandbox: Sandbox,
  generation: Generation,
  reason: ShutdownReason,
): Promise<ShutdownResult> {
  await closeGeneration(sandbox, generation);
  return { reason, exitCode: 137, killed: true, tookMs: 0, afterEventMs: 0, extensions: [] };
}

/** Lets processes and deliveries go on. */
export function thaw(generation: Generation): void {
  if (generation.frozen) generation.tell({ kind: "thawed", at: nowMs(), life: generation.life });
  generation.frozen = false;
  for (const program of generation.programs) program.thaw();
  generation.functionProgram?.thaw();
  generation.telemetry.release();
}

/** Stops processes and holds deliveries back. */
export function freeze(generation: Generation): void {
  if (!generation.frozen) generation.tell({ kind: "frozen", at: nowMs(), life: generation.life });
  generation.frozen = true;
  generation.telemetry.hold();
  for (const program of generation.programs) program.freeze();
  generation.functionProgram?.freeze();
}

/** SIGTERM, then SIGKILL at `limitAt`; without an external extension there is no grace. */
async function stopFunction(generation: Generation, limitAt: number): Promise<void> {
  const program = generation.functionProgram;
  if (program === undefined) return;
  if (generation.programs.length === 0) program.kill();
  else program.terminate();
  if (await before(program.exited, limitAt) === "late") {
    program.kill();
    await program.exited;
  }
}

async function stopExtension(
  generation: Generation,
  program: Program,
  deadlineAt: number,
): Promise<ProgramEnd> {
  const { extensions } = generation;
  const record = extensions.list.find((extension) => extension.name === program.name);
  const subscribed = record?.events.includes("SHUTDOWN") ?? false;
  if (!subscribed) program.kill();
  const exit = await before(program.exited, deadlineAt);
  if (exit === "late") {
    extensions.mark(program.name, "ShutdownFailed");
    program.kill();
    return { name: program.name, exitCode: (await program.exited).code, killed: true };
  }
  extensions.mark(program.name, exit.code === 0 ? "Exited" : "ShutdownFailed");
  return { name: program.name, exitCode: exit.code, killed: !subscribed && exit.signal === "SIGKILL" };
}
