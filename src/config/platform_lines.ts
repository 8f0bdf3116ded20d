import type { SettingReader } from "./reader.ts";
import { parseKnown, readWords } from "./words.ts";

/** Lines of the platform by the names that settings have for them. */
const PLATFORM_LINES = ["start", "end", "report"] as const;
export type PlatformLine = (typeof PLATFORM_LINES)[number];

/** Reads which lines of the platform become logs. */
export function readPlatformLines(read: SettingReader): ReadonlySet<PlatformLine> {
  const name = "ENV_AWSLAMBDA_PLATFORM_LOGS";
  const parse = parseKnown(PLATFORM_LINES, ["off"]);
  return new Set(readWords(read, name, {
    default: ["off"],
    description:
      "Lines of the platform that become logs, as CloudWatch has them: `start`, `end`, `report`; `on`: all; `off`: none",
    parse: (word) => word.toLowerCase() === "on" ? PLATFORM_LINES : parse(word),
    complain: (quoted) =>
      `Cannot use ${quoted} of ${name} as it must be one of ${PLATFORM_LINES.join(", ")}, on or off`,
  }));
}
