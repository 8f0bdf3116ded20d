import type { Logger } from "@std/log";

/**
 * Keeps a platform that promised telemetry and sends none (a subscription that is answered and stays silent, an
 * emulator) from holding each invocation to its deadline.
 */
export interface TelemetryFuse {
  /** Whether the runtime's end may be waited for. */
  readonly whole: boolean;
  /** The wait for an invocation's end is over: in vain, or not. */
  waited(inVain: boolean): void;
}

export interface TelemetryFuseOptions {
  /** Telemetry POSTs taken so far. */
  readonly batches: () => number;
  readonly log: Logger;
}

/** Invocations in a row whose end was waited for in vain while not a single POST came. */
const SILENT_INVOCATIONS = 2;

/** A whole one. */
export function createTelemetryFuse({ batches, log }: TelemetryFuseOptions): TelemetryFuse {
  let silent = 0;
  let heard = 0;
  let told = false;
  return {
    get whole() {
      // Whatever comes, however late, is telemetry.
      if (batches() !== heard) silent = 0;
      return silent < SILENT_INVOCATIONS;
    },
    waited: (inVain) => {
      silent = inVain && batches() === heard ? silent + 1 : 0;
      heard = batches();
      if (silent < SILENT_INVOCATIONS || told) return;
      told = true;
      log.warn("Invocations are not waited for any more as the platform sends no telemetry", {
        invocations: silent,
      });
    },
  };
}
