/** Members of JSON logs as fields: under which keys, and as which values. */
import { toJson } from "../json/exact_json.ts";
import type { MemberMask } from "../log_rules/rules.ts";
import type { FieldValue } from "../point/point.ts";
import type { Key } from "../point/point_keys.ts";
import { utf8Length } from "../point/utf8.ts";

/** Dataway cuts longer keys, in bytes. */
const MAX_KEY_BYTES = 256;
const MAX_INT64 = 2n ** 63n - 1n;
/** Keys remembered with what becomes of them. */
const MAX_KNOWN_KEYS = 4096;
/** Never fields of their own: Dataway drops the first two from logs, the third is a tag, the fourth is ours. */
const RESERVED: readonly string[] = ["source", "date", "aws_log_from", "extra"];

/** Leaves texts as they are. */
export const unmasked: MemberMask = (text) => text;

/** A number is masked as its digits are: a key may say that it is a secret. */
export function maskValue(value: FieldValue, name: string, mask: MemberMask): FieldValue {
  if (mask === unmasked || typeof value === "boolean") return value;
  if (typeof value === "string") return mask(value, name);
  if (typeof value === "number" || typeof value === "bigint") {
    const digits = String(value);
    const masked = mask(digits, name);
    return masked === digits ? value : masked;
  }
  if (!Array.isArray(value)) return value;
  const texts = value.map(String);
  const masked = texts.map((text) => mask(text, name));
  return masked.some((text, index) => text !== texts[index]) ? masked : value;
}

/** The field of a record's key, dots turned into `_`; `undefined` for one that does not stay as it is. */
export function createFieldKeys(keyOf: (name: string) => Key): (name: string) => Key | undefined {
  const known = new Map<string, Key | undefined>();
  return (name) => {
    const found = known.get(name);
    if (found !== undefined || known.has(name)) return found;
    const plain = name.replaceAll(".", "_");
    const made = isPlainKey(plain) ? keyOf(plain) : undefined;
    if (known.size < MAX_KNOWN_KEYS) known.set(name, made);
    return made;
  };
}

/** Whether a key stays as it is under Dataway's rules. */
function isPlainKey(key: string): boolean {
  if (key === "" || RESERVED.includes(key) || /[\n\r]|\\$/.test(key)) return false;
  return key.length * 3 <= MAX_KEY_BYTES || utf8Length(key) <= MAX_KEY_BYTES;
}

/** What a member's value is as a field; `arrays`: lists of one scalar type stay lists. */
export function toFieldValue(value: unknown, arrays: boolean): FieldValue {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      return Number.isFinite(value) ? value : String(value);
    case "bigint":
      return value >= -MAX_INT64 - 1n && value <= MAX_INT64 ? value : String(value);
    default:
      return (arrays ? toArray(value) : undefined) ?? toJson(value);
  }
}

/** An array of one scalar type, which DataKit sends as such. */
export function toArray(value: unknown): FieldValue | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const list: readonly unknown[] = value;
  if (list.every((item) => typeof item === "string")) return list;
  if (list.every((item) => typeof item === "number")) return list;
  return list.every((item) => typeof item === "boolean") ? list : undefined;
}
