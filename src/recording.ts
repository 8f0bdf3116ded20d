/** Loads the flight recorder where it is on: a function that has not asked for it does not wait for it. */
import { describeError, type Logger } from "@std/log";
import type { RecorderConfig } from "./config/recorder.ts";
import type { SpoolFiles } from "./pipeline/spool_folder.ts";
import type { FlightRecorder, FlightRecorderOptions } from "./recorder/flight_recorder.ts";

export interface RecordingOptions extends Omit<FlightRecorderOptions, "config" | "file" | "createProbe"> {
  /** `undefined`: it is off. */
  readonly config: RecorderConfig | undefined;
  /** The spool's folder, if there is a spool. */
  readonly files: SpoolFiles | undefined;
  readonly log: Logger;
}

/** `undefined` when it is off. Never rejects: a recorder that cannot be loaded is off, and said so. */
export async function loadRecorder(options: RecordingOptions): Promise<FlightRecorder | undefined> {
  const { config, files, log } = options;
  if (config === undefined) return undefined;
  try {
    const [{ createFlightRecorder }, { createBoxFile }, { createSandboxProbe }, { SYSTEM_CALLS }] =
      await Promise.all([
        import("./recorder/flight_recorder.ts"),
        import("./recorder/box_file.ts"),
        import("./recorder/sandbox_probe.ts"),
        import("./lambda/usage/system_calls.ts"),
      ]);
    const { cpus, memory } = SYSTEM_CALLS;
    return createFlightRecorder({
      ...options,
      config,
      createProbe: () => createSandboxProbe({ cpus, memory, elapsedMs: () => performance.now() }),
      ...(files === undefined ? {} : { file: createBoxFile(files, log) }),
    });
  } catch (error) {
    log.error("The flight recorder is off as it could not be loaded", { error: describeError(error) });
    return undefined;
  }
}
