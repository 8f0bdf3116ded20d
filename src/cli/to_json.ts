import type { Redact } from "../secrets.ts";

/** JSON for persons and programs. Texts are redacted one by one: in the whole a secret's own quotes would be escaped. */
export function toJson(value: unknown, redact: Redact): string {
  return JSON.stringify(value, (_key, part: unknown) => typeof part === "string" ? redact(part) : part, 2);
}

/** A list that is longer is not put into one line. */
const LONG_CHARS = 80;

/**
 * The same in few lines, as each may become an event of the function's log: a line for each member, and for each
 * element of a list in one.
 */
export function toShortJson(value: Readonly<Record<string, unknown>>, redact: Redact): string {
  const text = (part: unknown): string => JSON.stringify(JSON.parse(toJson(part, redact)));
  const members = Object.entries(value).map(([key, part]) => {
    const lines = Array.isArray(part) && part.length > 1 && text(part).length > LONG_CHARS
      ? `[\n${part.map((element) => `    ${text(element)}`).join(",\n")}\n  ]`
      : text(part);
    return `  ${JSON.stringify(key)}: ${lines}`;
  });
  return `{\n${members.join(",\n")}\n}`;
}
