import type { Logger } from "@std/log";

/**
 * Keeps a platform that promised telemetry and does not tell invocations' ends (a subscription that is answered and
 * stays silent, an emulator that sends lines only, or ends under other ids) from holding each to its deadline.
 */
export interface TelemetryFuse {
  /** Whether the runtime's end may be waited for. */
  readonly whole: boolean;
  /** The wait for an invocation's end is over: in vain, or not. */
  waited(inVain: boolean): void;
  /** The end of an invocation was told, however late. */
  told(): void;
}

/** Invocations in a row whose end was waited for in vain, and no end was told meanwhile. */
const UNTOLD_INVOCATIONS = 2;

/** A whole one. */
export function createTelemetryFuse(log: Logger): TelemetryFuse {
  let untold = 0;
  let logged = false;
  return {
    get whole() {
      return untold < UNTOLD_INVOCATIONS;
    },
    waited: (inVain) => {
      untold = inVain ? untold + 1 : 0;
      if (untold < UNTOLD_INVOCATIONS || logged) return;
      logged = true;
      log.warn("Invocations are not waited for any more as the platform does not tell their end", {
        invocations: untold,
      });
    },
    told: () => {
      untold = 0;
    },
  };
}
