/** The way of the function's output to the log group and to the subscribers. */
import { type LogText, passesLevel } from "./function_log.ts";
import type { Generation, Sandbox } from "./generation.ts";
import type { LogFrame } from "./log_frames.ts";
import { nowMs } from "./waiters.ts";

/** Takes what the function writes. */
export interface FunctionOutput {
  /** A line of one of its standard streams. */
  line(text: string): void;
  /** A record of the log pipe: the runtime has filtered it by itself. */
  frame(frame: LogFrame): void;
}

/** The output of one generation's function. */
export function createFunctionOutput(sandbox: Sandbox, generation: Generation): FunctionOutput {
  const { settings, journal } = sandbox;

  function tell({ text, level }: LogText, at: number, passes: boolean): void {
    if (passes) journal.log("function", text, at);
    if (!passes && settings.levelFilter === "telemetry") return;
    const known = level === undefined ? {} : { level };
    generation.telemetry.emit({ at, type: "function", record: text, ...known });
  }

  /** Learnt later, a record still has the time at which it was written. */
  function learn(work: () => void): void {
    if (settings.logPipeDelayMs > 0) setTimeout(() => generation.ending || work(), settings.logPipeDelayMs);
    else work();
  }

  return {
    line: (text) => {
      const at = nowMs();
      const line: LogText = { text, level: undefined };
      learn(() => tell(line, at, passesLevel(line, settings)));
    },
    frame: (frame) => {
      const at = frame.at ?? nowMs();
      learn(() => tell(frame, at, true));
    },
  };
}
