import fc from "fast-check";
import { createPoint } from "./create_point.ts";
import type { FieldValue, Point } from "../../src/point/point.ts";

/** Any code point but lone surrogates, those that escapes turn on more often than the rest. */
export const anyText = fc.string({
  unit: fc.oneof(
    {
      weight: 2,
      arbitrary: fc.constantFrom(",", "=", " ", '"', "\\", "\n", "\t", "\0", "#", "\r", "é", "😀", "\uff5e"),
    },
    { weight: 1, arbitrary: fc.string({ unit: "binary", minLength: 1, maxLength: 1 }) },
  ),
  maxLength: 30,
});
const double = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(
    -0,
    5e-324,
    2.2250738585072014e-308,
    1e308,
    1.7976931348623157e308,
    1e21,
    1e-7,
    123456789e12,
  ),
);
const int64 = fc.oneof(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.bigInt(-200n, 200n));
const uint64 = fc.bigInt(0n, 2n ** 64n - 1n).map((unsigned) => ({ unsigned }));
const bytes = fc.uint8Array();
const value: fc.Arbitrary<FieldValue> = fc.oneof(
  anyText,
  double,
  int64,
  uint64,
  bytes,
  fc.boolean(),
  fc.array(anyText),
  fc.array(double),
  fc.array(int64),
  fc.array(uint64),
  fc.array(bytes),
  fc.array(fc.boolean()),
);
/** Points under Dataway's rules, awkward ones more often than not. */
export const anyPoint = fc.record({
  measurement: anyText,
  tags: fc.array(fc.tuple(anyText, anyText), { maxLength: 6 }),
  fields: fc.array(fc.tuple(anyText, value), { minLength: 1, maxLength: 8 }),
  timeNs: fc.bigInt(-(2n ** 63n) + 2n, 2n ** 63n - 2n),
}).map((parts) => createPoint({ category: "tracing", ...parts })).filter((made) => made !== undefined);

/** Without what line protocol cannot say: blanks that start a name, backslashes before what is escaped. */
export function isWritableAsLine({ measurement, tags, fields }: Point): boolean {
  return !/^[#\t\0]|\\[,= "]/.test(measurement) &&
    [...tags].flat().every((text) => !/\\[,= ]/.test(text)) &&
    [...fields.keys()].every((key) => !/^[\t\0]|\\[,= "]/.test(key));
}

/** The point as a line can say it: arrays of text with commas as JSON, and without empty bytes and arrays, which are empty texts where there is nothing else. */
export function asLine(point: Point): Point {
  const all = [...point.fields];
  const said = all.filter(([, value]) =>
    !(Array.isArray(value) || value instanceof Uint8Array) || value.length > 0
  );
  const fields = said.length > 0 ? said : all.map(([key]): [string, FieldValue] => [key, ""]);
  return {
    ...point,
    fields: new Map(fields.map(([key, value]) => [key, hasComma(value) ? JSON.stringify(value) : value])),
  };
}

function hasComma(value: FieldValue): boolean {
  return Array.isArray(value) &&
    value.some((element) => typeof element === "string" && element.includes(","));
}
