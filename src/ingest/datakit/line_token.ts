/** Values of line protocol that are not quoted: numbers and booleans. */
import { createByteTable } from "../../point/byte_table.ts";
import { areDigits, type Halves, readDecimal, withSign } from "./decimal.ts";
import { Part, type PartType } from "./line_parts.ts";
import { parseLineScalar } from "./line_scalar.ts";

const LF = 10;
const CR = 13;
const SPACE = 32;
const PLUS = 43;
const COMMA = 44;
const MINUS = 45;
const DOT = 46;
const ZERO = 48;
const NINE = 57;
const CLOSE_BRACKET = 93;
const LETTER_I = 105;
const LETTER_U = 117;
const MAX_INTEGER_DIGITS = 20;
/** Digits of a number that is exact, and so is its quotient by a power of ten of as many. */
const MAX_FLOAT_DIGITS = 15;
const POWERS_OF_TEN = Array.from({ length: MAX_FLOAT_DIGITS + 1 }, (_, n) => 10 ** n);

/** The booleans of line protocol. */
const BOOLEANS = createByteTable([
  ...["t", "T", "true", "True", "TRUE"].map((text) => [text, 1] as const),
  ...["f", "F", "false", "False", "FALSE"].map((text) => [text, 0] as const),
]);
const LONGEST_BOOLEAN = 5;

/** Reads values one by one; what the last one was stays until the next. */
export interface TokenReader {
  /** Where the value that begins at `from` ends. */
  endOf(from: number): number;
  /** Reads the value that begins at `from`. */
  read(from: number): PartType;
  /** Where the value ended. */
  readonly end: number;
  /** Halves of an integer or of a float's bits; a boolean is 1 or 0. */
  readonly first: number;
  readonly second: number;
}

/** A reader of a body's values. */
export function createTokenReader(body: Uint8Array): TokenReader {
  const { length } = body;
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const double = new Float64Array(1);
  const doubleHalves = new Int32Array(double.buffer);
  const halves: Halves = { low: 0, high: 0 };
  let end = 0;
  let first = 0;
  let second = 0;

  function endOf(from: number): number {
    let at = from;
    for (; at < length; at++) {
      const byte = body[at];
      if (byte === COMMA || byte === SPACE || byte === LF || byte === CR || byte === CLOSE_BRACKET) break;
    }
    return at;
  }

  function read(from: number): PartType {
    end = endOf(from);
    const last = body[end - 1];
    if (from < end && (last === LETTER_I || last === LETTER_U)) {
      return readInteger(from, end - 1, last === LETTER_U);
    }
    if (readFloat(from)) return Part.float;
    const boolean = end - from <= LONGEST_BOOLEAN ? BOOLEANS.get(body, from, end) : undefined;
    if (boolean === undefined) return readSlowly(from);
    first = boolean;
    second = 0;
    return Part.bool;
  }

  function readInteger(from: number, to: number, isUnsigned: boolean): PartType {
    const isNegative = body[from] === MINUS;
    const digits = isNegative || body[from] === PLUS ? from + 1 : from;
    if (to - digits > MAX_INTEGER_DIGITS || !areDigits(body, digits, to)) return Part.malformed;
    if (!readDecimal(body, digits, to, halves)) return Part.malformed;
    first = halves.low;
    second = halves.high;
    if (isUnsigned) return isNegative && (first !== 0 || second !== 0) ? Part.malformed : Part.uint;
    if (!withSign(halves, isNegative)) return Part.malformed;
    first = halves.low;
    second = halves.high;
    return Part.int;
  }

  /** A number of at most 15 digits with a dot among them; `false`: it is something else. */
  function readFloat(from: number): boolean {
    const isNegative = body[from] === MINUS;
    const digits = isNegative || body[from] === PLUS ? from + 1 : from;
    if (end - digits > MAX_FLOAT_DIGITS + 1) return false;
    let value = 0;
    let dot = -1;
    for (let at = digits; at < end; at++) {
      const byte = body[at] ?? 0;
      if (byte >= ZERO && byte <= NINE) value = value * 10 + (byte - ZERO);
      else if (byte === DOT && dot < 0) dot = at;
      else return false;
    }
    const count = end - digits - (dot < 0 ? 0 : 1);
    if (count < 1 || count > MAX_FLOAT_DIGITS) return false;
    const size = dot < 0 ? value : value / (POWERS_OF_TEN[end - dot - 1] ?? 1);
    setFloat(isNegative ? -size : size);
    return true;
  }

  function setFloat(value: number): void {
    double[0] = value;
    first = doubleHalves[0] ?? 0;
    second = doubleHalves[1] ?? 0;
  }

  function readSlowly(from: number): PartType {
    const parsed = parseLineScalar(decoder.decode(body.subarray(from, end)));
    if (parsed === "malformed") return Part.malformed;
    if (typeof parsed.value !== "number") return Part.nothing;
    setFloat(parsed.value);
    return Part.float;
  }

  return {
    endOf,
    read,
    get end() {
      return end;
    },
    get first() {
      return first;
    },
    get second() {
      return second;
    },
  };
}
