import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { createHalves, multiplyAdd, readDecimal, withSign } from "../../../src/ingest/datakit/decimal.ts";
import { readLineTime } from "../../../src/ingest/datakit/line_time.ts";
import { type Precision, toNs } from "../../../src/ingest/datakit/precision.ts";

const EDGES = [
  0n,
  1n,
  2n ** 31n,
  2n ** 32n,
  10n ** 9n,
  10n ** 15n,
  2n ** 53n,
  10n ** 17n,
  2n ** 63n,
  2n ** 64n,
  10n ** 19n,
];
/** Numbers of every size, and those around the edges. */
const whole = fc.oneof(
  fc.bigInt({ min: 0n, max: 10n ** 20n - 1n }),
  fc.tuple(fc.constantFrom(...EDGES), fc.integer({ min: -3, max: 3 })).map(([edge, by]) => edge + BigInt(by))
    .filter((value) => value >= 0n),
);

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const join = ({ low, high }: { low: number; high: number }): bigint =>
  (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);

Deno.test("readDecimal() reads what BigInt reads, up to 64 bits", () => {
  fc.assert(
    fc.property(whole, fc.integer({ min: 0, max: 20 }), (value, zeros) => {
      const text = String(value).padStart(zeros, "0");
      const read = createHalves(0n);
      assertEquals(readDecimal(bytesOf(text), 0, text.length, read), value < 2n ** 64n);
      if (value < 2n ** 64n) assertEquals(join(read), value);
    }),
    { numRuns: 5000 },
  );
});

Deno.test("withSign() makes two's complement of what fits", () => {
  fc.assert(
    fc.property(whole.filter((value) => value < 2n ** 64n), fc.boolean(), (size, isNegative) => {
      const value = isNegative ? -size : size;
      const halves = createHalves(size);
      const fits = BigInt.asIntN(64, value) === value;
      assertEquals(withSign(halves, isNegative), fits);
      if (fits) assertEquals(BigInt.asIntN(64, join(halves)), value);
    }),
    { numRuns: 5000 },
  );
});

Deno.test("multiplyAdd() is exact up to 64 bits", () => {
  const factor = fc.integer({ min: 1, max: 2 ** 30 - 1 });
  fc.assert(
    fc.property(fc.maxSafeNat(), factor, fc.integer({ min: 0, max: 2 ** 30 - 1 }), (value, by, added) => {
      const halves = createHalves(0n);
      const product = BigInt(value) * BigInt(by) + BigInt(added);
      assertEquals(multiplyAdd(value, by, added, halves), product < 2n ** 64n);
      if (product < 2n ** 64n) assertEquals(join(halves), product);
    }),
    { numRuns: 5000 },
  );
});

Deno.test("readLineTime() is what the precision makes of the number, in each unit", () => {
  const unit = fc.constantFrom<Precision>("n", "u", "ms", "s", "m", "h", "auto");
  const space = fc.constantFrom("", " ", "\r", "\t", " \r", "\u00a0");
  fc.assert(
    fc.property(whole, fc.constantFrom("", "-", "+"), space, unit, (size, sign, around, precision) => {
      const text = bytesOf(`${around}${sign}${size}${around}`);
      const time = { isSet: false, low: 0, high: 0, wide: undefined };
      const isRead = readLineTime(text, 0, text.length, precision, time);
      assertEquals(isRead, size < 10n ** 19n);
      if (!isRead) return;
      const read = time.isSet ? BigInt.asIntN(64, join(time)) : time.wide;
      assertEquals(read, toNs(sign === "-" ? -size : size, precision));
    }),
    { numRuns: 5000 },
  );
});
