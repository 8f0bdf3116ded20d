/**
 * What becomes of the function's output: each line of its standard streams and each frame of the log pipe goes to
 * the log group and to the subscribers, in the log format and above the level that the settings name.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html
 */
import type { LogFrame } from "./log_frames.ts";
import type { LambdaSettings } from "./options.ts";
import { isoTime } from "./records.ts";

/** Levels of Lambda's setting, from the least. */
export const LOG_LEVELS = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

/** Of a line that names none, or one that Lambda does not know. */
const DEFAULT_LEVEL: LogLevel = "INFO";

/** A line or a frame as it was read. */
export type LogText = Pick<LogFrame, "text" | "level">;

/** The record of a line in the JSON log format: its own object, or one that is made around it. */
export function toJsonRecord({ text, level }: LogText, at: number): object {
  return parseObject(text) ??
    { timestamp: isoTime(at), level: level ?? DEFAULT_LEVEL, message: text };
}

/** Whether the level of a line lets it through: only lines that are objects have one, in the JSON format. */
export function passesLevel({ text, level }: LogText, settings: LambdaSettings): boolean {
  if (settings.logFormat !== "JSON") return true;
  const own = parseObject(text);
  const named = own === undefined ? level : own["level"];
  return rank(toLevel(named)) >= rank(settings.applicationLogLevel);
}

function toLevel(value: unknown): LogLevel {
  const word = String(value).toUpperCase();
  return LOG_LEVELS.find((level) => level === word) ?? DEFAULT_LEVEL;
}

function rank(level: LogLevel): number {
  return LOG_LEVELS.indexOf(level);
}

/** The object a text is; `undefined` for any other value. */
function parseObject(text: string): Record<string, unknown> | undefined {
  if (!text.trimStart().startsWith("{")) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
