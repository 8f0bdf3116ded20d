/** Integers of 64 bits read from digits and multiplied as two halves, without a bigint for each. */

/** Two's complement, in two halves of 32 bits without sign. */
export interface Halves {
  low: number;
  high: number;
}

const TWO_32 = 0x1_0000_0000;
const TWO_31 = 0x8000_0000;
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
    setSafe(safeDecimal(bytes, from, to), into);
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
  into.low = lower % TWO_32;
  into.high = higher;
  return true;
}

function setSafe(value: number, into: Halves): void {
  into.low = value % TWO_32;
  into.high = Math.floor(value / TWO_32);
}

/** Makes an integer without sign one with a sign; `false`: it does not fit 64 bits. */
export function withSign(value: Halves, isNegative: boolean): boolean {
  const { low, high } = value;
  if (high >= TWO_31) return isNegative && high === TWO_31 && low === 0;
  if (isNegative) {
    value.low = -low >>> 0;
    value.high = (low === 0 ? -high : ~high) >>> 0;
  }
  return true;
}

/** The halves of an integer within 64 bits. */
export function createHalves(value: bigint): Halves {
  return { low: Number(BigInt.asUintN(32, value)), high: Number(BigInt.asUintN(32, value >> 32n)) };
}
