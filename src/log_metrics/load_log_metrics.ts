/** Loads what takes metrics out of the log, where it is on. */
import { describeError, type Logger } from "@std/log";
import type { LogMetrics, LogMetricsOptions } from "./mod.ts";

export interface LoadLogMetricsOptions extends Omit<LogMetricsOptions, "stamp"> {
  /** Whether the input is on at all. */
  readonly enabled: boolean;
  /** Stamp with the time of arrival. */
  readonly useNowTime: boolean;
  readonly log: Logger;
}

/** `undefined` when it is off. Never rejects: what cannot be loaded is off, and said so. */
export async function loadLogMetrics(options: LoadLogMetricsOptions): Promise<LogMetrics | undefined> {
  const { enabled, formats, useNowTime, now, log } = options;
  if (!enabled || formats.size === 0) return undefined;
  try {
    const { createLogMetrics } = await import("./mod.ts");
    const stamp = (timeNs: bigint): bigint => useNowTime ? BigInt(Math.floor(now())) * 1_000_000n : timeNs;
    return createLogMetrics({ ...options, stamp });
  } catch (error) {
    log.error("Metrics from logs are off as they could not be loaded", { error: describeError(error) });
    return undefined;
  }
}
