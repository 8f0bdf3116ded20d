/** Values of line protocol that are not quoted: numbers and booleans. */
import { createByteTable } from "../../point/byte_table.ts";
import { areDigits, type Halves, readDecimal, withSign } from "./decimal.ts";
import { Part, type PartType } from "./line_parts.ts";

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
const UPPER_E = 69;
const LETTER_E = 101;
const LETTER_I = 105;
const LETTER_N = 110;
const LETTER_U = 117;
/** The bit that a letter has when it is no capital. */
const LOWER_CASE = 32;
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
/** How clients write NaN and the infinities. */
const NOT_FINITE = /^[+-]?(nan|inf|infinity)$/i;
const LONGEST_NAME = 9;

/** Reads values one by one; what the last one was stays until the next. */
export interface TokenReader {
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
    if (boolean === undefined) return readLong(from);
    first = boolean;
    second = 0;
    return Part.bool;
  }

  function readInteger(from: number, to: number, isUnsigned: boolean): PartType {
    const isNegative = body[from] === MINUS;
    const digits = afterSign(body, from);
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
    const digits = afterSign(body, from);
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

  /** A number of more digits or with an exponent, or what stands for one that nothing can store. */
  function readLong(from: number): PartType {
    if (!isDecimal(body, from, end)) {
      return isNotFinite(from) ? Part.nothing : Part.malformed;
    }
    const value = Number(decoder.decode(body.subarray(from, end)));
    if (!Number.isFinite(value)) return Part.nothing;
    setFloat(value);
    return Part.float;
  }

  function isNotFinite(from: number): boolean {
    const letter = (body[afterSign(body, from)] ?? 0) | LOWER_CASE;
    if (end - from > LONGEST_NAME || (letter !== LETTER_I && letter !== LETTER_N)) return false;
    return NOT_FINITE.test(decoder.decode(body.subarray(from, end)));
  }

  return {
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

/** Whether `bytes[from, to)` is a number in decimal or exponent form. */
function isDecimal(bytes: Uint8Array, from: number, to: number): boolean {
  let at = afterSign(bytes, from);
  const whole = afterDigits(bytes, at, to);
  let digits = whole - at;
  at = whole;
  if (at < to && bytes[at] === DOT) {
    const part = afterDigits(bytes, at + 1, to);
    digits += part - at - 1;
    at = part;
  }
  if (digits === 0) return false;
  if (at < to && (bytes[at] === LETTER_E || bytes[at] === UPPER_E)) {
    const exponent = afterSign(bytes, at + 1);
    return areDigits(bytes, exponent, to);
  }
  return at === to;
}

function afterSign(bytes: Uint8Array, at: number): number {
  return bytes[at] === MINUS || bytes[at] === PLUS ? at + 1 : at;
}

function afterDigits(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  for (; at < to; at++) {
    const byte = bytes[at] ?? 0;
    if (byte < ZERO || byte > NINE) break;
  }
  return at;
}
