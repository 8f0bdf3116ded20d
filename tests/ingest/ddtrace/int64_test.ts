import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  divide,
  MAX_DIGITS,
  putDecimal,
  putHex,
  quotient,
  toBigInt,
} from "../../../src/ingest/ddtrace/int64.ts";

const half = fc.oneof(
  fc.integer({ min: 0, max: 0xffff_ffff }),
  fc.constantFrom(0, 1, 9, 10, 9999, 10_000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff),
);
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const unsigned = (low: number, high: number): bigint => BigInt.asUintN(64, toBigInt(low, high));

Deno.test("toBigInt() is the signed integer of two halves", () => {
  fc.assert(fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
    const bits = BigInt.asUintN(64, value);
    assertEquals(toBigInt(Number(bits & 0xffff_ffffn), Number(bits >> 32n)), value);
  }));
});

Deno.test("divide() gives the quotient and remainder that bigint gives", () => {
  fc.assert(fc.property(half, half, fc.integer({ min: 1, max: 0xffff }), (low, high, divisor) => {
    const value = unsigned(low, high);
    const rest = divide(low, high, divisor);
    assertEquals(
      [unsigned(quotient.low, quotient.high), BigInt(rest)],
      [value / BigInt(divisor), value % BigInt(divisor)],
    );
  }));
});

Deno.test("putDecimal() and putHex() write what bigint writes, where they are told", () => {
  fc.assert(fc.property(half, half, (low, high) => {
    const value = unsigned(low, high);
    const target = new Uint8Array(3 + MAX_DIGITS);
    assertEquals(decode(target.subarray(3, putDecimal(target, 3, low, high))), String(value));
    assertEquals(
      decode(target.subarray(3, putHex(target, 3, low, high))),
      value.toString(16).padStart(16, "0"),
    );
  }));
});
