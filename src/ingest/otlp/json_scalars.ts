/** Scalar values of JSON into protobuf: the forms that encoders write at once, those that others write by a detour. */
import { tryParseExactJson } from "../../json/exact_json.ts";
import {
  hexDigit,
  type JsonScanner,
  OPEN_BRACE,
  OPEN_BRACKET,
  peek,
  QUOTE,
  rawText,
  skipString,
  skipStringTo,
  skipToken,
  stringText,
} from "../../json/json_scanner.ts";
import { createSkip, LONG_STEP } from "../../json/json_skip.ts";
import type { JsonField } from "./json_schema.ts";
import {
  JsonValueError,
  toBoolean,
  toDouble,
  toInt32,
  toInteger,
  toSeverity,
  toUint64,
} from "./json_values.ts";
import { OWN_UNSIGNED, OWN_UNSIGNED_POINT } from "./own_fields.ts";
import {
  type ProtoOutput,
  putDoubleValue,
  putFixed32,
  putFixed64,
  putTag,
  putVarint,
} from "./proto_output.ts";
import { ensure } from "./text_buffer.ts";

const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;
/** The field of a text in `AnyValue`. */
const STRING_VALUE = 1;
const TWO_32 = 0x1_0000_0000;
const MAX_INT64 = 2n ** 63n - 1n;
const ZERO = 0x30;
/** Longer numbers are not read as such. */
const MAX_TOKEN = 4096;

/** The integer that was read last, as halves. */
const integer = { low: 0, high: 0 };
const encoder = new TextEncoder();

/**
 * Reads the value that the scanner stands before, which is not `null`, and writes the field; `isPacked`: the value
 * only. Where it could not, the scanner stands before it still: `other`, it is not of the field's type; `long` and
 * `longBytes`, it is a text or base64 that is to be read in steps.
 */
export function putJsonScalar(
  s: JsonScanner,
  out: ProtoOutput,
  field: JsonField,
  isPacked: boolean,
): "put" | "other" | "long" | "longBytes" {
  const start = s.at;
  const outAt = out.at;
  try {
    if (putPlain(s, out, field, isPacked)) return "put";
    s.at = start;
    if (isLongString(s)) {
      return field.type === "text" ? "long" : field.type === "bytes" ? "longBytes" : "other";
    }
    s.at = start;
    putLoose(s, out, field, isPacked);
    return "put";
  } catch (error) {
    if (!(error instanceof JsonValueError)) throw error;
    s.at = start;
    out.at = outAt;
    return "other";
  }
}

/** Whether the scanner stands before a string that is too long to be read in one go; else it is passed over. */
function isLongString(s: JsonScanner): boolean {
  return s.bytes[s.at] === QUOTE && skipStringTo(s, s.at + 1 + LONG_STEP) === undefined;
}

/** Writes NaN, which JavaScript writes as `null`. */
export function putNaN(out: ProtoOutput, field: JsonField, isPacked: boolean): void {
  putDouble(out, field.number, NaN, isPacked);
}

/** Writes a text field. */
export function putTextField(out: ProtoOutput, number: number, text: string): void {
  const bytes = encoder.encode(text);
  putSlice(out, number, bytes, 0, bytes.length);
}

/** The forms that are common; `false`: another, of which something may have been passed over. */
function putPlain(s: JsonScanner, out: ProtoOutput, field: JsonField, isPacked: boolean): boolean {
  const isString = peek(s) === QUOTE;
  switch (field.type) {
    case "text": {
      if (!isString) return false;
      const from = s.at + 1;
      if (skipStringTo(s, from + LONG_STEP) !== false) return false;
      putSlice(out, field.number, s.bytes, from, s.at - 1);
      return true;
    }
    case "id": {
      if (!isString) return false;
      const from = s.at + 1;
      return skipStringTo(s, from + LONG_STEP) === false &&
        putHex(out, field.number, s.bytes, from, s.at - 1);
    }
    case "fixed64":
      if (!readDigits(s, isString)) return false;
      if (!isPacked) putTag(out, field.number, FIXED64);
      putFixed64(out, integer.low, integer.high);
      return true;
    case "int64":
      if (!readDigits(s, isString) || integer.high > 0x7fff_ffff) return false;
      putTag(out, field.number, VARINT);
      putVarint(out, integer.low, integer.high);
      return true;
    case "sfixed64":
      if (!readDigits(s, isString) || integer.high > 0x7fff_ffff) return false;
      putTag(out, field.number, FIXED64);
      putFixed64(out, integer.low, integer.high);
      return true;
    case "uint32":
      if (isString || !readDigits(s, false) || integer.high !== 0) return false;
      putTag(out, field.number, VARINT);
      putVarint(out, integer.low, 0);
      return true;
    default:
      return false;
  }
}

/** All other forms, as lenient as clients need it. Throws {@link JsonValueError} for none. */
function putLoose(s: JsonScanner, out: ProtoOutput, field: JsonField, isPacked: boolean): void {
  const { number } = field;
  const value = readLoose(s, field.type === "text" ? Infinity : MAX_TOKEN);
  switch (field.type) {
    case "text":
      return putTextField(out, number, textOf(value));
    case "id":
      // What is no hex is no id; without ids it can do without, a span is refused with the reason.
      if (field.loss === "part" && value !== "") {
        throw new JsonValueError("Cannot read an id as it must be hex");
      }
      return void textOf(value);
    case "bytes":
      return putBase64(out, number, textOf(value));
    case "bool":
      putTag(out, number, VARINT);
      return putVarint(out, toBoolean(value) ? 1 : 0, 0);
    case "flag":
      if (value !== true) return;
      putTag(out, number, VARINT);
      return putVarint(out, 1, 0);
    case "double":
      return putDouble(out, number, toDouble(value), isPacked);
    case "fixed64":
      setInteger(toUint64(value));
      if (!isPacked) putTag(out, number, FIXED64);
      return putFixed64(out, integer.low, integer.high);
    case "uint64":
      setInteger(toUint64(value));
      if (!isPacked) putTag(out, number, VARINT);
      return putVarint(out, integer.low, integer.high);
    case "int64":
      return putInteger(out, number, toInteger(value));
    case "sfixed64":
      return putPointInteger(out, number, toInteger(value));
    case "uint32":
      putTag(out, number, VARINT);
      return putVarint(out, toInt32(value, field.names, field.prefix), 0);
    case "severity":
      putTag(out, number, VARINT);
      return putVarint(out, toSeverity(value), 0);
    case "fixed32":
      putTag(out, number, FIXED32);
      return putFixed32(out, toInt32(value));
    case "sint32": {
      const signed = toInt32(value);
      putTag(out, number, VARINT);
      return putVarint(out, signed << 1 ^ signed >> 31, 0);
    }
    case "message":
      throw new JsonValueError("Cannot read a message as it must be an object");
  }
}

/** Any value: numbers as the text that they are, so that no digit is lost, up to `maxToken` characters. */
function readLoose(s: JsonScanner, maxToken: number): unknown {
  const byte = peek(s);
  const start = s.at;
  if (byte === QUOTE) {
    const hasEscapes = skipString(s);
    return stringText(s, start + 1, s.at - 1, hasEscapes);
  }
  if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
    if (!createSkip(s)()) throw new JsonValueError("Cannot read a value as it is too long");
    return tryParseExactJson(rawText(s, start, s.at), { integers: "text" });
  }
  if (!skipToken(s, start + maxToken)) throw new JsonValueError("Cannot read a number as it is too long");
  const token = rawText(s, start, s.at);
  return token === "true" ? true : token === "false" ? false : token;
}

/** Numbers and booleans are taken as their text. */
function textOf(value: unknown): string {
  if (typeof value === "string" || typeof value === "boolean") return String(value);
  throw new JsonValueError(`Cannot read a text as it is ${typeof value}`);
}

/**
 * Reads an unsigned integer of digits only, bare or as a string, into {@link integer}; `false`: it is not one of 64
 * bits.
 */
function readDigits(s: JsonScanner, isString: boolean): boolean {
  const { bytes, end } = s;
  let at = isString ? s.at + 1 : s.at;
  const from = at;
  let low = 0;
  let high = 0;
  for (; at < end; at++) {
    const digit = (bytes[at] ?? 0) - ZERO;
    if (digit < 0 || digit > 9) break;
    const next = low * 10 + digit;
    low = next >>> 0;
    high = high * 10 + (next - low) / TWO_32;
    if (high >= TWO_32) return false;
  }
  if (at === from) return false;
  const byte = bytes[at];
  // A fraction or exponent is another form.
  if (isString ? byte !== QUOTE : byte === 0x2e || byte === 0x65 || byte === 0x45) return false;
  s.at = isString ? at + 1 : at;
  integer.low = low;
  integer.high = high;
  return true;
}

function setInteger(value: bigint): void {
  integer.low = Number(BigInt.asUintN(32, value));
  integer.high = Number(BigInt.asUintN(32, value >> 32n));
}

/** `AnyValue`'s integer; beyond the signed ones in a field of our own, beyond 64 bits as double. */
function putInteger(out: ProtoOutput, number: number, value: bigint | number): void {
  if (typeof value === "number") return putDouble(out, number + 1, value, false);
  setInteger(value);
  if (value > MAX_INT64) putVarint(out, OWN_UNSIGNED, 0);
  else putTag(out, number, VARINT);
  putVarint(out, integer.low, integer.high);
}

/** A data point's integer, likewise. */
function putPointInteger(out: ProtoOutput, number: number, value: bigint | number): void {
  // The double has the number before the next.
  if (typeof value === "number") return putDouble(out, number - 2, value, false);
  setInteger(value);
  if (value > MAX_INT64) putVarint(out, OWN_UNSIGNED_POINT, 0);
  else putTag(out, number, FIXED64);
  putFixed64(out, integer.low, integer.high);
}

function putDouble(out: ProtoOutput, number: number, value: number, isPacked: boolean): void {
  if (!isPacked) putTag(out, number, FIXED64);
  putDoubleValue(out, value);
}

/** Base64 of either alphabet; other text is kept as text, which loses nothing. */
function putBase64(out: ProtoOutput, number: number, text: string): void {
  let bytes: Uint8Array;
  try {
    bytes = Uint8Array.fromBase64(text.replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    return putTextField(out, STRING_VALUE, text);
  }
  putSlice(out, number, bytes, 0, bytes.length);
}

function putSlice(out: ProtoOutput, number: number, source: Uint8Array, from: number, to: number): void {
  const length = to - from;
  putTag(out, number, LENGTH_DELIMITED);
  putVarint(out, length, 0);
  ensure(out, length);
  const { bytes, at } = out;
  if (length < 48) { for (let i = 0; i < length; i++) bytes[at + i] = source[from + i] ?? 0; }
  else bytes.set(source.subarray(from, to), at);
  out.at = at + length;
}

/** Hex of any case; `false`: it is not hex, and nothing was written. */
function putHex(out: ProtoOutput, number: number, source: Uint8Array, from: number, to: number): boolean {
  if ((to - from) % 2 !== 0) return false;
  const start = out.at;
  putTag(out, number, LENGTH_DELIMITED);
  putVarint(out, (to - from) / 2, 0);
  ensure(out, to - from);
  for (let i = from; i < to; i += 2) {
    const byte = hexDigit(source[i] ?? 0) * 16 + hexDigit(source[i + 1] ?? 0);
    if (byte < 0) {
      out.at = start;
      return false;
    }
    out.bytes[out.at++] = byte;
  }
  return true;
}
