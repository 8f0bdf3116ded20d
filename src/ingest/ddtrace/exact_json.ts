/** JSON without loss: integers beyond 2^53 are `bigint` in, and bare numbers out. */
import type { Json } from "./span.ts";

/** Text of one JSON value. `bigint` is a bare number, NaN and infinities are null, bytes are base64 text. */
export function toJsonText(value: Json): string {
  if (typeof value === "bigint") return value.toString();
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (value instanceof Uint8Array) return JSON.stringify(value.toBase64());
  if (isList(value)) return `[${value.map(toJsonText).join(",")}]`;
  let members = "";
  for (const [key, member] of value) {
    members += `${members === "" ? "" : ","}${JSON.stringify(key)}:${toJsonText(member)}`;
  }
  return `{${members}}`;
}

/**
 * A JSON text's value; integers that a double cannot hold are `bigint`. `undefined` when the text is none.
 * Objects keep a member `__proto__` as an own property.
 */
export function parseExactJson(text: string): unknown {
  try {
    // The reviver costs more than parsing, so only where a number is long enough to lose digits.
    return /[\d.]{16}/.test(text) ? JSON.parse(text, exactInteger) : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function exactInteger(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  const source = context?.source ?? "";
  return /^-?\d{16,20}$/.test(source) ? BigInt(source) : value;
}

function isList(value: readonly Json[] | ReadonlyMap<string, Json>): value is readonly Json[] {
  return Array.isArray(value);
}
