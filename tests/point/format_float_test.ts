import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { formatFloat } from "../../src/point/format_float.ts";

const CASES: readonly (readonly [number, string])[] = [
  [0, "0"],
  [-0, "-0"],
  [3.0, "3"],
  [1.5, "1.5"],
  [0.1 + 0.2, "0.30000000000000004"],
  [1e20, "100000000000000000000"],
  [1e21, "1000000000000000000000"],
  [-1.25e22, "-12500000000000000000000"],
  [1e-6, "0.000001"],
  [1e-7, "0.0000001"],
  [-1.5e-7, "-0.00000015"],
  [1e308, "1" + "0".repeat(308)],
  [5e-324, "0." + "0".repeat(323) + "5"],
  [1.7976931348623157e308, "17976931348623157" + "0".repeat(292)],
];

for (const [value, text] of CASES) {
  Deno.test(`formatFloat() writes ${value} without exponent`, () => assertEquals(formatFloat(value), text));
}

Deno.test("formatFloat() reads back as the same double", () => {
  fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
    const text = formatFloat(value);
    return /^-?\d+(\.\d+)?$/.test(text) && Object.is(Number(text), value);
  }));
});
