import type { Scalar } from "../../point/point.ts";

/** A read value; `undefined` in it for NaN and the infinities. */
export type ParsedScalar = { readonly value: Scalar | undefined } | "malformed";

/**
 * Reads a line protocol value that is not quoted: `1i`, `1u`, `1.5e3`, `t`, `true` …; as `base64` the text between
 * the quotes of bytes.
 */
export function parseLineScalar(text: string, form: "plain" | "base64" = "plain"): ParsedScalar {
  if (form === "base64") return parseBase64(text);
  switch (text) {
    case "t":
    case "T":
    case "true":
    case "True":
    case "TRUE":
      return { value: true };
    case "f":
    case "F":
    case "false":
    case "False":
    case "FALSE":
      return { value: false };
  }
  const last = text.charCodeAt(text.length - 1);
  if (last === 105 || last === 117) return parseInteger(text.slice(0, -1), last === 117);
  return parseFloat64(text);
}

/** Bytes of base64 with its padding, or malformed. */
export function parseBase64(text: string): ParsedScalar {
  // Checked first: a body of many wrong ones would spend seconds in exceptions.
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return "malformed";
  try {
    return { value: Uint8Array.fromBase64(text) };
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

/** A float in decimal or exponent form. */
export function parseFloat64(text: string): ParsedScalar {
  if (/^[+-]?(nan|inf|infinity)$/i.test(text)) return { value: undefined };
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) return "malformed";
  const value = Number(text);
  return { value: Number.isFinite(value) ? value : undefined };
}
