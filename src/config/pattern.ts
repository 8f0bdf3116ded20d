import { linearRegExp } from "../linear_regexp.ts";
import type { SettingReader } from "./reader.ts";

/** One regular expression of the setting `name`, in a list to be joined; empty, and a problem, when it has none. */
export function readPattern(read: SettingReader, name: string, pattern: string): RegExp[] {
  const found = linearRegExp(pattern);
  if ("regexp" in found) return [found.regexp];
  read.problem({
    name,
    message: `Cannot use a pattern of ${name} as it ${found.broken}: current value is ${read.quote(pattern)}`,
    used: "the others",
  });
  return [];
}
