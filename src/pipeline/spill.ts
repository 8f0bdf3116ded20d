import { describeError, type Logger } from "@std/log";
import type { BreakerState } from "./circuit_breaker.ts";
import type { Flusher } from "./flusher.ts";
import type { MemoryGuard } from "./memory_guard.ts";
import type { Spool } from "./spool.ts";
import { isStoreLease } from "./store.ts";
import type { Uploads } from "./uploads.ts";

export interface SpillOptions {
  readonly flusher: Pick<Flusher, "stuck">;
  readonly uploads: Pick<Uploads, "replaceLeases">;
  readonly breaker: () => BreakerState;
  /** Off when there is none. */
  readonly spool?: Pick<Spool, "spill" | "secure" | "audit"> | undefined;
  readonly memory?: MemoryGuard | undefined;
  readonly log: Logger;
}

/**
 * What becomes of data that a flush left in memory: into files where there is a spool, and dropped as far as the
 * process uses too much memory. Data that only waits for its plan stays: it is sent soon, without the way over the
 * disk. `last`: nothing will be sent any more. `comesAgain`: what does not fit into the time is asked for again soon, so
 * that nothing is dropped for it yet. The result never throws, and tells whether there is such a rest; `maxMs` bounds its
 * time.
 */
export function createSpill(
  options: SpillOptions,
): (maxMs: number, last: boolean, comesAgain?: boolean) => boolean {
  const { flusher, uploads, breaker, spool, memory, log } = options;
  return (maxMs, last, comesAgain = false) => {
    let hasRest = false;
    try {
      const isStuck = last || flusher.stuck || breaker() !== "closed" || memory?.short === true;
      if (isStuck && spool !== undefined) {
        // What is on its way may be frozen with the sandbox, and that may be killed.
        uploads.replaceLeases((lease) => isStoreLease(lease) ? spool.secure(lease) ?? lease : lease);
        hasRest = spool.spill(maxMs);
      }
      if (last) spool?.audit();
      if (!hasRest || !comesAgain) memory?.relieve();
    } catch (error) {
      log.error("What is held could not be put away", { error: describeError(error) });
    }
    return hasRest;
  };
}
