import type { SettingReader } from "./reader.ts";

/** Settings of the ddtrace receiver. */
export interface DdtraceConfig {
  readonly enabled: boolean;
}

/** Reads `ENV_INPUT_DDTRACE_*`. */
export function readDdtraceConfig(_read: SettingReader, enabled: boolean): DdtraceConfig {
  return { enabled };
}
