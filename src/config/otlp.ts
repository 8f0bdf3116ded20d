import type { SettingReader } from "./reader.ts";

/** Settings of the OpenTelemetry receiver. */
export interface OtlpConfig {
  readonly enabled: boolean;
}

/** Reads `ENV_INPUT_OTEL_*`. */
export function readOtlpConfig(_read: SettingReader, enabled: boolean): OtlpConfig {
  return { enabled };
}
