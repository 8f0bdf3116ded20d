import type { Unsigned } from "./point.ts";

/**
 * An unsigned 64-bit field of an integer or of a number read from JSON (its fraction is cut); `undefined`, which
 * the rules leave out, for NaN and the infinities. Values outside the type are left to the rules.
 */
export function unsigned(value: bigint): Unsigned;
export function unsigned(value: bigint | number): Unsigned | undefined;
export function unsigned(value: bigint | number): Unsigned | undefined {
  const whole = integer(value);
  return whole === undefined ? undefined : { unsigned: whole };
}

/**
 * A signed 64-bit field of an integer or of a number read from JSON (its fraction is cut); `undefined`, which
 * the rules leave out, for NaN and the infinities.
 */
export function integer(value: bigint): bigint;
export function integer(value: bigint | number): bigint | undefined;
export function integer(value: bigint | number): bigint | undefined {
  if (typeof value === "bigint") return value;
  return Number.isFinite(value) ? BigInt(Math.trunc(value)) : undefined;
}
