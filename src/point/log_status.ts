/**
 * Levels of logs in Guance's words, once for all that makes logs: lines of functions, OTLP logs, StatsD's checks.
 * @see https://docs.guance.com/logs/manage/status/
 */

import { stripAnsi } from "./ansi.ts";

/** The scale of Guance's log explorer. */
export type LogStatus =
  | "emerg"
  | "alert"
  | "critical"
  | "error"
  | "warning"
  | "notice"
  | "info"
  | "debug"
  | "OK";

/** What loggers, syslog and runtimes call their levels, in lower case. */
const WORDS: Readonly<Record<LogStatus, string>> = {
  emerg: "emerg emergency panic",
  alert: "alert",
  critical: "critical crit fatal ftl dpanic",
  error: "error err severe fail failure eror erro",
  warning: "warning warn wrn",
  notice: "notice ntc",
  info: "info information informational inf http",
  debug: "debug debu dbug dbg trace trce trac trc verbose silly fine finer finest config",
  OK: "ok success",
};

const STATUS_OF_WORD: ReadonlyMap<string, LogStatus> = new Map(
  Object.entries(WORDS).flatMap(([status, words]) =>
    words.split(" ").map((word) => [word, status as LogStatus] as const)
  ),
);
/** Longest word, with what may stand around it. */
const MAX_LENGTH = 32;
/** Brackets around a word; a rank within it (`INFO2` of OpenTelemetry, `ERROR+4` of slog) after it. */
const WORD = /^[\s[(<]*([a-z]+)(?:\d|[+-]\d{1,2})?[\s\])>:]*$/;

/** The status of a level's word, whatever its case; `undefined` for a word that is no level. */
export function wordToStatus(word: string): LogStatus | undefined {
  if (word.length > MAX_LENGTH) return undefined;
  const lower = word.toLowerCase();
  return STATUS_OF_WORD.get(lower) ?? STATUS_OF_WORD.get(WORD.exec(stripAnsi(lower))?.[1] ?? "");
}

/** How a number tells a level. */
export type LevelNumbers =
  /** OpenTelemetry's `SeverityNumber`, 1 to 24. */
  | "otel"
  /** Pino and bunyan, 10 (trace) to 60 (fatal); below 8 syslog; hundreds are Google's `LogSeverity`. */
  | "logger"
  /** Python and loguru, 5 (trace) to 50 (critical). */
  | "python"
  /** Logback, 5000 (trace) to 40000 (error). */
  | "logback";

/** Syslog's severities, from 0. */
const SYSLOG: readonly LogStatus[] = [
  "emerg",
  "alert",
  "critical",
  "error",
  "warning",
  "notice",
  "info",
  "debug",
];
const OTEL: readonly LogStatus[] = ["debug", "debug", "info", "warning", "error", "critical"];
/** By hundreds; the first means no level. */
const GOOGLE: readonly (LogStatus | undefined)[] = [
  undefined,
  "debug",
  "info",
  "notice",
  "warning",
  "error",
  "critical",
  "alert",
  "emerg",
];

/** The status of a level's number; `undefined` for one outside of its scale. */
export function numberToStatus(level: number, numbers: LevelNumbers): LogStatus | undefined {
  switch (numbers) {
    case "otel":
      return Number.isInteger(level) && level >= 1 ? OTEL[Math.ceil(level / 4) - 1] : undefined;
    case "logger":
      if (Number.isInteger(level) && level >= 0 && level <= 7) return SYSLOG[level];
      if (level >= 100 && level % 100 === 0) return GOOGLE[level / 100];
      return level > 60 ? undefined : ranked(level, [10, 30, 40, 50, 60]);
    case "python":
      return level > 50 ? undefined : ranked(level, [5, 20, 30, 40, 50]);
    case "logback":
      return level > 50_000 ? undefined : ranked(level, [5_000, 20_000, 30_000, 40_000, 50_000]);
  }
}

const RANKED: readonly LogStatus[] = ["debug", "info", "warning", "error", "critical"];

/** The status whose least level is the last at or below `level`. */
function ranked(level: number, least: readonly number[]): LogStatus | undefined {
  return RANKED[least.findLastIndex((from) => level >= from)];
}
