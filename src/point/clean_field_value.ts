import type { FieldValue, PointChange, Scalar, Unsigned } from "./point.ts";
import { cutUtf8 } from "./utf8.ts";

/** Longest string or bytes field, in bytes. */
const MAX_STRING_BYTES = 32 * 1024 * 1024;

type Changed = ((change: PointChange) => void) | undefined;

/**
 * A field's value under the rules, or `undefined` if it has none, which `changed` hears as `value_dropped`.
 * What Dataway has no type for becomes text, so that nothing is lost: integers beyond 64 bits and arrays of mixed
 * types (as JSON). A metric takes no text, so there those are dropped like any string.
 */
export function cleanFieldValue(
  value: FieldValue,
  isMetric: boolean,
  changed?: Changed,
): FieldValue | undefined {
  const clean = isArray(value) ? cleanArray(value, isMetric, changed) : cleanScalar(value, isMetric, changed);
  if (clean === undefined) changed?.("value_dropped");
  return clean;
}

/** Tells a field's array from its scalars; `Array.isArray` alone does not narrow readonly arrays. */
export function isArray(value: FieldValue): value is readonly Scalar[] {
  return Array.isArray(value);
}

function cleanScalar(value: Scalar, isMetric: boolean, changed: Changed): Scalar | undefined {
  switch (typeof value) {
    case "string":
      return isMetric ? undefined : cleanString(value, changed);
    case "number":
      return Number.isFinite(value) ? value : undefined;
    case "bigint":
      return BigInt.asIntN(64, value) === value ? value : cleanWideInteger(value, isMetric);
    case "boolean":
      return value;
    default:
      if (value instanceof Uint8Array) return isMetric ? undefined : cleanBytes(value, changed);
      return BigInt.asUintN(64, value.unsigned) === value.unsigned
        ? value
        : cleanScalar(value.unsigned, isMetric, changed);
  }
}

/** Only for integers outside int64. */
function cleanWideInteger(value: bigint, isMetric: boolean): Unsigned | string | undefined {
  if (BigInt.asUintN(64, value) === value) return { unsigned: value };
  return isMetric ? undefined : value.toString();
}

function cleanString(value: string, changed: Changed): string {
  const text = value.isWellFormed() ? value : value.toWellFormed();
  const cut = cutUtf8(text, MAX_STRING_BYTES);
  if (cut.length !== text.length) changed?.("value_cut");
  return cut;
}

function cleanBytes(value: Uint8Array, changed: Changed): Uint8Array {
  if (value.length <= MAX_STRING_BYTES) return value;
  changed?.("value_cut");
  return value.subarray(0, MAX_STRING_BYTES);
}

function cleanArray(
  values: readonly Scalar[],
  isMetric: boolean,
  changed: Changed,
): readonly Scalar[] | string | undefined {
  const clean = values.map((value) => cleanScalar(value, isMetric, changed));
  if (isOfOneType(clean)) return clean;
  const unsigned = toUnsignedArray(clean);
  if (unsigned !== undefined) return unsigned;
  return isMetric ? undefined : cleanString(toJson(clean), changed);
}

function isOfOneType(values: readonly (Scalar | undefined)[]): values is readonly Scalar[] {
  const type = typeOf(values[0]);
  return values.every((value) => value !== undefined && typeOf(value) === type);
}

/** Signed and unsigned together fit one type unless one is negative. */
function toUnsignedArray(values: readonly (Scalar | undefined)[]): readonly Unsigned[] | undefined {
  const unsigned: Unsigned[] = [];
  for (const value of values) {
    const integer = isUnsigned(value) ? value.unsigned : value;
    if (typeof integer !== "bigint" || integer < 0n) return undefined;
    unsigned.push({ unsigned: integer });
  }
  return unsigned;
}

function typeOf(value: Scalar | undefined): string {
  return isUnsigned(value) ? "unsigned" : value instanceof Uint8Array ? "bytes" : typeof value;
}

function isUnsigned(value: Scalar | undefined): value is Unsigned {
  return typeof value === "object" && !(value instanceof Uint8Array);
}

/** `JSON.stringify` knows no bigint and would round what it is given as a number. */
function toJson(values: readonly (Scalar | undefined)[]): string {
  return `[${values.map(elementToJson).join(",")}]`;
}

/** A value of a list that becomes JSON text, as it stands in that text. */
export function scalarToJson(value: Scalar): string {
  return elementToJson(cleanScalar(value, false, undefined));
}

function elementToJson(value: Scalar | undefined): string {
  if (value === undefined) return "null";
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Uint8Array) return `"${value.toBase64()}"`;
  return isUnsigned(value) ? value.unsigned.toString() : JSON.stringify(value);
}
