import type { SettingReader } from "./reader.ts";

/** Lines of the platform by the names that settings have for them. */
const PLATFORM_LINES = ["start", "end", "report"] as const;
export type PlatformLine = (typeof PLATFORM_LINES)[number];

/** Reads which lines of the platform become logs. */
export function readPlatformLines(read: SettingReader): ReadonlySet<PlatformLine> {
  const name = "ENV_AWSLAMBDA_PLATFORM_LOGS";
  const words = read.list(name, {
    default: ["off"],
    description:
      "Lines of the platform that become logs, as CloudWatch has them: `start`, `end`, `report`; `on`: all; `off`: none",
  });
  const lines = new Set<PlatformLine>();
  for (const word of words.map((each) => each.toLowerCase())) {
    const line = PLATFORM_LINES.find((known) => known === word);
    if (line !== undefined) lines.add(line);
    else if (word === "on") PLATFORM_LINES.forEach((each) => lines.add(each));
    else if (word !== "off") {
      read.problem({
        name,
        message: `Cannot use ${read.quote(word)} of ${name} as it must be one of ${
          PLATFORM_LINES.join(", ")
        }, on or off`,
        used: "the others",
      });
    }
  }
  return lines;
}
