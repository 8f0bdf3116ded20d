/**
 * Values of JSON by protobuf's mapping as OTLP bends it, and as real clients bend that. Numbers may come as text: a
 * bare one is given so, too, and keeps its digits.
 * @see https://protobuf.dev/programming-guides/json/
 */
import { isJsonObject } from "../../json/exact_json.ts";

/** A value is not of the form its member may have. */
export class JsonValueError extends Error {
  override name = "JsonValueError";
}

/** A number, or its text, with `NaN` and the infinities. */
export function toDouble(value: unknown): number {
  if (typeof value === "number") return value;
  if (typeof value === "string") {
    const number = Number(value);
    if (value.trim() !== "" && (!Number.isNaN(number) || value === "NaN")) return number;
  }
  throw new JsonValueError(`Cannot read a number as it is ${kindOf(value)}`);
}

/** A 32-bit number or an enum given by number; by name if `names` lists it, `prefix` being optional. */
export function toInt32(value: unknown, names: readonly string[] = [], prefix = ""): number {
  if (typeof value === "string" && names.length > 0) {
    const index = names.indexOf(value.startsWith(prefix) ? value.slice(prefix.length) : value);
    if (index >= 0) return index;
  }
  if (typeof value === "boolean") return Number(value);
  return toDouble(value) | 0;
}

/** `SeverityNumber` by number, or by a name such as `SEVERITY_NUMBER_WARN2`. */
export function toSeverity(value: unknown): number {
  const name = typeof value === "string" ? /^SEVERITY_NUMBER_([A-Z]+)([234])?$/.exec(value) : null;
  if (name === null) return toInt32(value);
  const group = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"].indexOf(name[1] ?? "");
  return group < 0 ? 0 : group * 4 + Number(name[2] ?? 1);
}

/** A boolean, or its text or number. */
export function toBoolean(value: unknown): boolean {
  if (typeof value === "boolean") return value;
  if (value === "true" || value === "1") return true;
  if (value === "false" || value === "0") return false;
  throw new JsonValueError(`Cannot read a boolean as it is ${kindOf(value)}`);
}

/**
 * An integer of up to 64 bits from text, number, or the `{low, high}` of old JavaScript SDKs. A double for a number
 * with a fraction or beyond 64 bits, which is no such integer.
 */
export function toInteger(value: unknown): bigint | number {
  if (typeof value === "bigint") return fits(value) ? value : Number(value);
  if (typeof value === "number") return fromNumber(value);
  if (typeof value === "string") {
    // 64 bits have 20 digits, and making a bigint of very many takes long.
    if (/^[-+]?\d{1,40}$/.test(value)) return toInteger(BigInt(value.replace("+", "")));
    return fromNumber(toDouble(value));
  }
  if (isJsonObject(value) && "low" in value && "high" in value) {
    return BigInt(unsigned32(value["high"])) << 32n | BigInt(unsigned32(value["low"]));
  }
  throw new JsonValueError(`Cannot read an integer as it is ${kindOf(value)}`);
}

/** A `fixed64` or `uint64`. Throws for what is negative or no integer. */
export function toUint64(value: unknown): bigint {
  const integer = toInteger(value);
  if (typeof integer !== "bigint" || integer < 0n) {
    throw new JsonValueError(`Cannot read an unsigned integer as it is ${kindOf(value)}`);
  }
  return integer;
}

function fromNumber(value: number): bigint | number {
  if (!Number.isInteger(value)) return value;
  const integer = BigInt(value);
  return fits(integer) ? integer : value;
}

/** Within both the signed and the unsigned 64-bit range. */
function fits(value: bigint): boolean {
  return value >= -(2n ** 63n) && value < 2n ** 64n;
}

function unsigned32(value: unknown): number {
  return toDouble(value) >>> 0;
}

function kindOf(value: unknown): string {
  return Array.isArray(value) ? "an array" : typeof value;
}
