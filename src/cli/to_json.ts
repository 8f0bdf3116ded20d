import type { Redact } from "../secrets.ts";

/** JSON for persons and programs. Texts are redacted one by one: in the whole a secret's own quotes would be escaped. */
export function toJson(value: unknown, redact: Redact): string {
  return JSON.stringify(value, (_key, part: unknown) => typeof part === "string" ? redact(part) : part, 2);
}
