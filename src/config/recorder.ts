import type { SettingReader } from "./reader.ts";
import { parseKnown, readWords } from "./words.ts";

/** What the flight recorder holds. */
export type RecorderPart = (typeof PARTS)[number];
const PARTS = ["logs", "traces", "blackbox"] as const;

/** Why what was held of a request is sent. */
export type RecorderCause = (typeof CAUSES)[number];
const CAUSES = ["timeout", "oom", "error", "cold", "slow"] as const;

/** A level of logs below which they are held. */
export type RecorderLevel = (typeof LEVELS)[number];
const LEVELS = ["info", "notice", "warning", "error", "critical"] as const;

/** Settings of the flight recorder. */
export interface RecorderConfig {
  readonly parts: ReadonlySet<RecorderPart>;
  readonly level: RecorderLevel;
  /** For which requests everything is sent. */
  readonly causes: ReadonlySet<RecorderCause>;
  /** What is slow, in ms; 0: three times the p95. */
  readonly slowMs: number;
  /** Part of all other requests of which everything is sent, 0 to 1. */
  readonly share: number;
}

/** Reads `ENV_AWSLAMBDA_RECORDER*`; `undefined`: it is off. */
export function readRecorderConfig(read: SettingReader): RecorderConfig | undefined {
  const parts = readParts(read);
  const level = read.choice("ENV_AWSLAMBDA_RECORDER_LEVEL", LEVELS, {
    default: "info",
    description: "Logs below this level are held by the recorder: with `info` those of `debug`",
    aliases: { warn: "warning" },
  });
  const causes = readKnown(read, "ENV_AWSLAMBDA_RECORDER_KEEP", CAUSES, {
    default: CAUSES,
    description:
      "Requests of which everything that was held is sent: `timeout`, `oom` (out of memory), `error` (handled ones " +
      "too), `cold` (cold starts), `slow`",
  });
  const slowMs = read.durationMs("ENV_AWSLAMBDA_RECORDER_SLOW", {
    default: 0,
    min: 0,
    description:
      "A request that takes so long is slow. 0: three times the p95 of the last hundred, once there were 50",
  });
  const share = read.decimal("ENV_AWSLAMBDA_RECORDER_SAMPLE", {
    default: 0,
    min: 0,
    max: 1,
    description: "Part of all other requests of which everything is sent too, by request id",
  });
  return parts.size === 0 ? undefined : { parts, level, causes: new Set(causes), slowMs, share };
}

function readParts(read: SettingReader): ReadonlySet<RecorderPart> {
  const words = readKnown(read, "ENV_AWSLAMBDA_RECORDER", ["off", "on", ...PARTS], {
    default: ["off"],
    description:
      "Flight recorder: logs below a level and what sampling leaves out are held in memory, and sent only for requests " +
      "that failed, were slow or cold. `on`: all of `logs`, `traces` (sampled-out spans), `blackbox` (what a request " +
      "was doing when it timed out); or a list of these",
  });
  if (words.includes("off")) return new Set();
  return words.includes("on") ? new Set(PARTS) : new Set(PARTS.filter((part) => words.includes(part)));
}

/** A list of known words, any case. */
function readKnown<T extends string>(
  read: SettingReader,
  name: string,
  known: readonly T[],
  options: { readonly default: readonly T[]; readonly description: string },
): readonly T[] {
  return readWords(read, name, {
    ...options,
    parse: parseKnown(known),
    complain: (quoted) => `Cannot use ${quoted} of ${name} as it must be one of ${known.join(", ")}`,
  });
}
