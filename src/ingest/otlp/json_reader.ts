/**
 * Reads values out of parsed JSON by protobuf's JSON mapping as OTLP bends it, and as real clients bend that.
 * @see `spec/ingest.md` 2.2
 */

import { isJsonObject, type JsonObject, parseExactJson } from "../../json/exact_json.ts";
import { maxMessages } from "./max_messages.ts";

/** A value is not of the form its field may have. */
export class JsonError extends Error {
  override name = "JsonError";
}

/**
 * Parses JSON; integers of many digits become text, as protobuf's JSON writes 64-bit ones. Throws when the bytes are
 * no JSON, or would become more objects than {@link maxMessages}.
 */
export function parseJson(bytes: Uint8Array): unknown {
  const maxContainers = maxMessages(bytes.length);
  return parseExactJson(new TextDecoder().decode(bytes), { integers: "text", maxContainers });
}

/** A member by its lowerCamelCase name, or by the name in the `.proto` file; `undefined` for `null` too. */
export function member(object: JsonObject, name: string, protoName?: string): unknown {
  const value = object[name] ?? (protoName === undefined ? undefined : object[protoName]);
  return value ?? undefined;
}

export function toObject(value: unknown): JsonObject {
  if (!isJsonObject(value)) {
    throw new JsonError(`Cannot read a message as it must be an object: it is ${kindOf(value)}`);
  }
  return value;
}

/** Absent is an empty list. */
export function toList(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) {
    throw new JsonError(`Cannot read a list as it must be an array: it is ${kindOf(value)}`);
  }
  return value;
}

/** Absent is empty; numbers and booleans are taken as their text. */
export function toText(value: unknown): string {
  switch (typeof value) {
    case "string":
      return value;
    case "undefined":
      return "";
    case "number":
    case "bigint":
    case "boolean":
      return String(value);
    default:
      throw new JsonError(`Cannot read a text as it must be a string: it is ${kindOf(value)}`);
  }
}

/** A boolean, or its text or number. */
export function toBoolean(value: unknown): boolean {
  if (typeof value === "boolean") return value;
  if (value === "true" || value === 1) return true;
  if (value === "false" || value === 0) return false;
  throw new JsonError(`Cannot read a boolean as it is ${kindOf(value)}`);
}

/** Hex of any case to lower case; what is no hex stays as it is and is refused by its length or alphabet later. */
export function toHexId(value: unknown): string {
  return toText(value).toLowerCase();
}

/** A number, or its text, with `NaN` and the infinities. `undefined` for absent and for `null`, as JS writes NaN. */
export function toDouble(value: unknown): number | undefined {
  switch (typeof value) {
    case "undefined":
      return undefined;
    case "number":
      return value;
    case "bigint":
      return Number(value);
    case "string": {
      const number = Number(value);
      if (value.trim() !== "" && (!Number.isNaN(number) || value === "NaN")) return number;
    }
  }
  throw new JsonError(`Cannot read a number as it is ${kindOf(value)}`);
}

/** A 32-bit number or an enum given by number; by name if `names` lists it, `prefix` being optional. */
export function toInt32(value: unknown, names: readonly string[] = [], prefix = ""): number {
  if (value === undefined) return 0;
  if (typeof value === "string" && names.length > 0) {
    const index = names.indexOf(value.startsWith(prefix) ? value.slice(prefix.length) : value);
    if (index >= 0) return index;
  }
  if (typeof value === "boolean") return Number(value);
  return (toDouble(value) ?? 0) | 0;
}

/**
 * An integer of up to 64 bits from text, number, or the `{low, high}` of old JavaScript SDKs. `undefined` for
 * absent; a double without a fraction if it is beyond 64 bits, as there is no integer then.
 */
export function toInteger(value: unknown): bigint | number | undefined {
  switch (typeof value) {
    case "undefined":
      return undefined;
    case "bigint":
      return fits(value) ? value : Number(value);
    case "number":
      return fromNumber(value);
    case "string":
      if (/^[-+]?\d{1,40}$/.test(value)) return toInteger(BigInt(value.replace("+", "")));
      return fromNumber(toDouble(value) ?? NaN);
    case "object":
      if (isJsonObject(value) && "low" in value && "high" in value) {
        return BigInt(unsigned32(value["high"])) << 32n | BigInt(unsigned32(value["low"]));
      }
  }
  throw new JsonError(`Cannot read an integer as it is ${kindOf(value)}`);
}

/** A `fixed64` or `uint64`: 0 when absent. Throws for what is negative or no integer. */
export function toUint64(value: unknown): bigint {
  const integer = toInteger(value) ?? 0n;
  if (typeof integer !== "bigint" || integer < 0n) {
    throw new JsonError(`Cannot read an unsigned integer as it is ${kindOf(value)}`);
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
  return (toDouble(value) ?? 0) >>> 0;
}

function kindOf(value: unknown): string {
  return Array.isArray(value) ? "an array" : typeof value;
}
