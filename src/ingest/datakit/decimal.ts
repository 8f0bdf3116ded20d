/** Integers of 64 bits read from digits and multiplied as two halves, without a bigint for each. */

/** Two's complement, in two halves of 32 bits: both have a sign, which V8 keeps without an object. */
export interface Halves {
  low: number;
  high: number;
}

const TWO_32 = 0x1_0000_0000;
/** The upper half of the least integer. */
const LEAST_HIGH = -0x8000_0000;
const ZERO = 48;
const NINE = 57;
/** Digits that a number holds exactly. */
const SAFE_DIGITS = 15;
const LOW_DIGITS = 9;
const LOW_FACTOR = 1_000_000_000;

/** Whether `bytes[from, to)` are digits, at least one. */
export function areDigits(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    const byte = bytes[i] ?? 0;
    if (byte < ZERO || byte > NINE) return false;
  }
  return from < to;
}

/** The value of at most 16 digits: right if it is a safe integer. */
export function safeDecimal(bytes: Uint8Array, from: number, to: number): number {
  let value = 0;
  for (let i = from; i < to; i++) value = value * 10 + ((bytes[i] ?? ZERO) - ZERO);
  return value;
}

/** Reads at most 20 digits; `false`: their value takes more than 64 bits. */
export function readDecimal(bytes: Uint8Array, from: number, to: number, into: Halves): boolean {
  if (to - from <= SAFE_DIGITS) {
    const value = safeDecimal(bytes, from, to);
    setHalves(value % TWO_32, Math.floor(value / TWO_32), into);
    return true;
  }
  const middle = to - LOW_DIGITS;
  return multiplyAdd(safeDecimal(bytes, from, middle), LOW_FACTOR, safeDecimal(bytes, middle, to), into);
}

/** `value` × `factor` + `added`, where `value` is a safe integer and the others are below 2^30, none negative. */
export function multiplyAdd(value: number, factor: number, added: number, into: Halves): boolean {
  const low = value % TWO_32;
  // Pieces of 16 bits: each product is exact.
  const first = (low & 0xffff) * factor + added;
  const second = (low >>> 16) * factor;
  const lower = first + (second % 0x1_0000) * 0x1_0000;
  const higher = Math.floor(value / TWO_32) * factor + Math.floor(second / 0x1_0000) +
    Math.floor(lower / TWO_32);
  if (higher >= TWO_32) return false;
  setHalves(lower % TWO_32, higher, into);
  return true;
}

function setHalves(low: number, high: number, into: Halves): void {
  into.low = low | 0;
  into.high = high | 0;
}

/** Makes 64 bits without a sign some with one; `false`: their value does not fit. */
export function withSign(value: Halves, isNegative: boolean): boolean {
  const { low, high } = value;
  if (high < 0) return isNegative && high === LEAST_HIGH && low === 0;
  if (isNegative) setHalves(-low, low === 0 ? -high : ~high, value);
  return true;
}

/** The halves of an integer within 64 bits. */
export function createHalves(value: bigint): Halves {
  return { low: Number(BigInt.asIntN(32, value)), high: Number(BigInt.asIntN(32, value >> 32n)) };
}
