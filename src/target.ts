/** The second target, which is loaded only where one is set. */
import { describeError, type Logger } from "@std/log";
import type { FlushTarget } from "./lambda/flushes.ts";
import type { OtlpTarget, OtlpTargetOptions } from "./otlp_target/mod.ts";

export interface TargetOptions extends Omit<OtlpTargetOptions, "config"> {
  readonly config: OtlpTargetOptions["config"] | undefined;
}

/** Loads it; `undefined`: it is off. Never rejects: what cannot be loaded is off, and said so. */
export async function loadTarget({ config, ...options }: TargetOptions): Promise<OtlpTarget | undefined> {
  if (config === undefined) return undefined;
  try {
    const { createOtlpTarget } = await import("./otlp_target/mod.ts");
    const target = createOtlpTarget({ ...options, config });
    const { problems } = target;
    if (problems.length > 0) {
      options.log.warn("Some settings of the OTLP target cannot be used as they are", { problems });
    }
    return target;
  } catch (error) {
    options.log.error("The OTLP target is off as it could not be loaded", { error: describeError(error) });
    return undefined;
  }
}

/**
 * Whom the loop sends to. Where there is no Dataway the target stands in its place: nobody waits for a flush that never
 * sends anything.
 */
export function flushTargets(
  hasDataway: boolean,
  dataway: FlushTarget,
  target: OtlpTarget | undefined,
): FlushTarget & { readonly others: readonly FlushTarget[] } {
  if (target === undefined) return { ...dataway, others: [] };
  return hasDataway ? { ...dataway, others: [target.flushes] } : { ...target.flushes, others: [] };
}

/** Its account, for the extension's own figures: only what there is. */
export function targetCounters(target: OtlpTarget | undefined): Readonly<Record<string, number>> {
  if (target === undefined) return {};
  const { received, exported, dropped } = target.status();
  const lost = Object.entries(dropped).map(([reason, count]) => [`target_dropped_${reason}`, count]);
  return { target_received: received, target_exported: exported, ...Object.fromEntries(lost) };
}

/** One line if anything of its data was lost; none when all is well. */
export function reportTargetEnd(log: Logger, target: OtlpTarget | undefined): void {
  if (target === undefined) return;
  const { dropped, held, refused } = target.status();
  if (held === 0 && Object.keys(dropped).length === 0) return;
  log.error("Data for the OTLP target was lost in this sandbox", { dropped, held, refused });
}
