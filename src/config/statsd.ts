import type { SettingReader } from "./reader.ts";

/** Settings of the StatsD receiver. */
export interface StatsdConfig {
  readonly enabled: boolean;
}

/** Reads `ENV_INPUT_STATSD_*`. */
export function readStatsdConfig(_read: SettingReader, enabled: boolean): StatsdConfig {
  return { enabled };
}
