import type { Scalar } from "../../point/point.ts";

/** A read value; `undefined` in it for NaN and the infinities. */
export type ParsedScalar = { readonly value: Scalar | undefined } | "malformed";

/** For a longer text the check takes longer than an exception. */
const LONG_LENGTH = 4096;

/** Bytes of base64 with its padding, or malformed. */
export function parseBase64(text: string): ParsedScalar {
  // Checked first: a body of many wrong ones would spend seconds in exceptions.
  if (text.length % 4 !== 0) return "malformed";
  if (text.length <= LONG_LENGTH && !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return "malformed";
  try {
    const value = Uint8Array.fromBase64(text);
    // What is left of the length is white space, which the runtime takes and DataKit does not.
    const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
    return value.length === text.length / 4 * 3 - padding ? { value } : "malformed";
  } catch {
    return "malformed";
  }
}

/** A whole number within 64 bits, or malformed. */
export function parseInteger(text: string, isUnsigned: boolean): ParsedScalar {
  // Twenty digits hold every 64-bit number; BigInt's cost grows with the square of them.
  if (!/^[+-]?\d{1,20}$/.test(text)) return "malformed";
  const value = BigInt(text.replace("+", ""));
  if (isUnsigned) return BigInt.asUintN(64, value) === value ? { value: { unsigned: value } } : "malformed";
  return BigInt.asIntN(64, value) === value ? { value } : "malformed";
}
