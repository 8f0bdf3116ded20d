/**
 * SnapStart: the memory of an init at publish wakes up in new sandboxes. One process cannot be in many places, so
 * it goes through its restores one after the other: stopped, continued, and told a new identity each time.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/snapstart.html
 */
import { thaw } from "./ending.ts";
import type { Generation, Sandbox } from "./generation.ts";
import { identity, stepOf } from "./init.ts";
import { restoreReport, restoreRuntimeDone, restoreStart, type Verdict } from "./records.ts";
import { nowMs } from "./waiters.ts";

/** The platform's buffer and a POST, in ms. */
const TOLD_MS = 200;

/** How a restore went. After anything but `success` the caller has to end the generation. */
export interface RestoreResult {
  readonly status: Verdict["status"];
  readonly errorType?: string;
  readonly durationMs: number;
}

/** Wakes the snapshot up and runs the runtime's hooks, which happens only once: they wait in the snapshot. */
export async function restore(sandbox: Sandbox, generation: Generation): Promise<RestoreResult> {
  const { telemetry } = generation;
  const startedAt = nowMs();
  generation.restored = true;
  generation.tell({ kind: "restoreStarted", at: startedAt, life: generation.life });
  telemetry.emit(restoreStart(identity(sandbox)));
  thaw(generation);
  const limitAt = startedAt + sandbox.settings.restoreTimeoutMs;
  const outcome = await stepOf(generation, generation.runtime.restore(), limitAt);
  const verdict = verdictOf(outcome);
  const durationMs = nowMs() - startedAt;
  telemetry.emit(restoreRuntimeDone(verdict));
  telemetry.emit(restoreReport(verdict, durationMs));
  const figures = `Restore Duration: ${durationMs.toFixed(2)} ms\tStatus: ${verdict.status}`;
  sandbox.journal.log("platform", `RESTORE_REPORT ${figures}`);
  if (verdict.status === "success") generation.untoldRestoreMs = durationMs;
  // Without it an INVOKE could overtake this: harmless to a snapshot, which knows no request, but this memory may.
  await telemetry.flush(TOLD_MS);
  const result = { ...verdict, durationMs };
  generation.tell({ kind: "restored", at: nowMs(), life: generation.life, result });
  return result;
}

function verdictOf(outcome: Awaited<ReturnType<typeof stepOf>>): Verdict {
  if (outcome === "late") return { status: "error", errorType: "Runtime.Unknown" };
  return "fatal" in outcome ? { status: "error", errorType: outcome.fatal.errorType } : { status: "success" };
}
