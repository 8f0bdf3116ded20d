/** 64-bit integers as two halves, without `bigint`, which costs hundreds of nanoseconds each time. */

/** The quotient of the last division. */
export const quotient = { low: 0, high: 0 };

/** Divides an unsigned integer by one below 65536 into {@link quotient}; returns the remainder. */
export function divide(low: number, high: number, divisor: number): number {
  const top = high >>> 16;
  let digit = Math.floor(top / divisor);
  let rest = top - digit * divisor;
  let upper = digit << 16;
  let dividend = rest * 0x1_0000 + (high & 0xffff);
  digit = Math.floor(dividend / divisor);
  rest = dividend - digit * divisor;
  upper |= digit;
  dividend = rest * 0x1_0000 + (low >>> 16);
  digit = Math.floor(dividend / divisor);
  rest = dividend - digit * divisor;
  let lower = digit << 16;
  dividend = rest * 0x1_0000 + (low & 0xffff);
  digit = Math.floor(dividend / divisor);
  rest = dividend - digit * divisor;
  lower |= digit;
  quotient.low = lower >>> 0;
  quotient.high = upper >>> 0;
  return rest;
}

/** Most digits of an unsigned 64-bit integer. */
export const MAX_DIGITS = 20;

/** Writes an unsigned integer in decimal and returns where it ends. There must be room for {@link MAX_DIGITS}. */
export function putDecimal(target: Uint8Array, start: number, low: number, high: number): number {
  let at = MAX_DIGITS;
  let rest = low >>> 0;
  let upper = high >>> 0;
  while (upper !== 0) {
    let group = divide(rest, upper, 10_000);
    rest = quotient.low;
    upper = quotient.high;
    for (let i = 0; i < 4; i++) {
      const next = Math.floor(group / 10);
      digits[--at] = 0x30 + group - next * 10;
      group = next;
    }
  }
  while (rest > 0 || at === MAX_DIGITS) {
    const next = Math.floor(rest / 10);
    digits[--at] = 0x30 + rest - next * 10;
    rest = next;
  }
  let to = start;
  while (at < MAX_DIGITS) target[to++] = digits[at++] ?? 0;
  return to;
}

const digits = new Uint8Array(MAX_DIGITS);
const HEX = new TextEncoder().encode("0123456789abcdef");

/** Writes 16 hexadecimal digits and returns where they end. */
export function putHex(target: Uint8Array, start: number, low: number, high: number): number {
  for (let i = 0; i < 8; i++) {
    target[start + i] = HEX[(high >>> (28 - 4 * i)) & 15] ?? 0;
    target[start + 8 + i] = HEX[(low >>> (28 - 4 * i)) & 15] ?? 0;
  }
  return start + 16;
}

/** The signed integer of two halves. */
export function toBigInt(low: number, high: number): bigint {
  return BigInt(high | 0) << 32n | BigInt(low >>> 0);
}
