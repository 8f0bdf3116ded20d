/**
 * The program's own log: one JSON line an event on stderr, which Lambda puts into the function's log group.
 * Quiet by default, because every line costs the user ingestion, and rate-limited, because a fault that repeats
 * with each batch must not become a flood. The only user of `console`; the stand-in for `@std/log`, which has
 * left Deno's standard library and is on no npm mirror.
 *
 * ERROR = data lost. WARN = degraded, nothing lost. INFO = once a process. DEBUG = the start, each flush and refusal.
 */

import { createRedactor, type Redact, redactLooks } from "./secrets.ts";

export type LogLevel = "debug" | "info" | "warn" | "error" | "off";

/** Extra facts of a line. Values are redacted and printed as JSON. */
export type LogFields = Readonly<Record<string, unknown>>;

export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** Changes the level; lines already written stay written. */
  setLevel(level: LogLevel): void;
  /** Whether a line of the level would be written: for what costs something to put together. */
  isOn(level: Exclude<LogLevel, "off">): boolean;
  /** Never to be printed from now on, nor what looks like a secret: each occurrence in any line becomes `***`. */
  addSecret(secret: string): void;
}

export interface LoggerOptions {
  readonly level?: LogLevel;
  /** Where lines go. @default stderr */
  readonly write?: (line: string) => void;
  readonly now?: () => number;
}

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3, off: 4 };

/** The same message is printed at most once in this time; a later line says how many were left out. In ms. */
const REPEAT_MS = 60_000;
/** At most this many different messages are remembered for that. */
const MAX_REMEMBERED = 100;

/** A logger. Logging never throws. */
export function createLogger(options: LoggerOptions = {}): Logger {
  const write = options.write ?? ((line: string): void => {
    // deno-lint-ignore no-console
    console.error(line);
  });
  const now = options.now ?? Date.now;
  let threshold = RANK[options.level ?? "info"];
  const secrets = new Set<string>();
  let redact: Redact = redactLooks;
  const recent = new Map<string, { at: number; suppressed: number }>();

  function log(level: Exclude<LogLevel, "off">, message: string, fields: LogFields = {}): void {
    if (RANK[level] < threshold) return;
    const at = now();
    const seen = recent.get(message);
    if (level !== "debug" && seen !== undefined && at - seen.at < REPEAT_MS && at >= seen.at) {
      seen.suppressed++;
      return;
    }
    if (recent.size >= MAX_REMEMBERED) recent.delete(recent.keys().next().value ?? "");
    recent.set(message, { at, suppressed: 0 });
    const repeated = seen !== undefined && seen.suppressed > 0 ? { repeated: seen.suppressed } : {};
    try {
      const line = {
        time: new Date(at).toISOString(),
        level,
        logger: "datakit",
        message,
        ...fields,
        ...repeated,
      };
      write(redact(JSON.stringify(line, (_key, value) => printable(value, redact))));
    } catch {
      // A line that cannot be printed is not worth the function's life.
    }
  }

  return {
    debug: (message, fields) => log("debug", message, fields),
    info: (message, fields) => log("info", message, fields),
    warn: (message, fields) => log("warn", message, fields),
    error: (message, fields) => log("error", message, fields),
    setLevel: (level) => void (threshold = RANK[level]),
    isOn: (level) => RANK[level] >= threshold,
    addSecret: (secret) => {
      secrets.add(secret);
      redact = createRedactor(secrets);
    },
  };
}

/** Text of any thrown value, its causes included, in one line. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : `: ${describeError(error.cause)}`;
  return `${error.name === "Error" ? "" : `${error.name}: `}${error.message}${cause}`;
}

/** Texts are redacted one by one: in the whole line a secret's own quotes would be escaped. */
function printable(value: unknown, redact: Redact): unknown {
  if (typeof value === "string") return redact(value);
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Error) return redact(describeError(value));
  return value;
}
