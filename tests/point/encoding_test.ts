import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { createPoint } from "../../src/point/create_point.ts";
import { ENCODINGS } from "../../src/point/encoding.ts";
import type { FieldValue, Point } from "../../src/point/point.ts";
import { decodeLineProtocol } from "../support/wire/decode_line_protocol.ts";
import { decodeProtobuf } from "../support/wire/decode_protobuf.ts";
import type { DecodedPoint } from "../support/wire/decoded_point.ts";

const NO_TAGS = new Map<string, string>();

/** Any code point but lone surrogates, those that escapes turn on more often than the rest. */
const text = fc.string({
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
  text,
  double,
  int64,
  uint64,
  bytes,
  fc.boolean(),
  fc.array(text),
  fc.array(double),
  fc.array(int64),
  fc.array(uint64),
  fc.array(bytes),
  fc.array(fc.boolean()),
);
const point = fc.record({
  measurement: text,
  tags: fc.array(fc.tuple(text, text), { maxLength: 6 }),
  fields: fc.array(fc.tuple(text, value), { minLength: 1, maxLength: 8 }),
  timeNs: fc.bigInt(-(2n ** 63n) + 2n, 2n ** 63n - 2n),
}).map((parts) => createPoint({ category: "tracing", ...parts })).filter((made) => made !== undefined);

function sorted<T>(map: ReadonlyMap<string, T>): [string, T][] {
  return [...map].sort(([a], [b]) => a < b ? -1 : 1);
}

function assertSame(actual: DecodedPoint | undefined, expected: Point): void {
  assertEquals(actual?.measurement, expected.measurement);
  assertEquals(sorted(actual?.tags ?? NO_TAGS), sorted(expected.tags));
  assertEquals(sorted(actual?.fields ?? NO_TAGS), sorted(expected.fields));
  assertEquals(actual?.timeNs, expected.timeNs);
}

/** What line protocol cannot say: blanks and `#` that start a name, backslashes before a field key's escapes. */
function isWritableAsLine({ measurement, fields }: Point): boolean {
  return !/^[#\t\0]/.test(measurement) && [...fields.keys()].every((key) => !/^[#\t\0]|\\[,= "]/.test(key));
}

Deno.test("ENCODINGS.v1 brings every point back through a strict parser", () => {
  fc.assert(
    fc.property(fc.array(point.filter(isWritableAsLine), { maxLength: 3 }), (points) => {
      const decoded = decodeLineProtocol(ENCODINGS.v1.encode(points, NO_TAGS));
      assertEquals(decoded.length, points.length);
      points.forEach((expected, i) => assertSame(decoded[i], expected));
    }),
    { numRuns: 300 },
  );
});

Deno.test("ENCODINGS.v1 keeps points with awkward names legal and whole", () => {
  fc.assert(
    fc.property(point, (awkward) => {
      const [decoded] = decodeLineProtocol(ENCODINGS.v1.encode([awkward], NO_TAGS));
      assertEquals(decoded?.fields.size, awkward.fields.size, "no two names may become one");
      const valuesOf = (point: DecodedPoint | Point | undefined): string[] =>
        [...point?.fields.values() ?? []].map(textOf).sort();
      assertEquals(valuesOf(decoded), valuesOf(awkward));
    }),
    { numRuns: 300 },
  );
});

Deno.test("ENCODINGS.v1 keeps two fields apart whose names it cannot write", () => {
  const fields = new Map([["#", 1n], ["\\#", 2n], ["a\\,b", 3n], ["a,b", 4n]]);
  const point: Point = { category: "logging", measurement: "m", tags: new Map(), fields, timeNs: 1n };
  const [decoded] = decodeLineProtocol(ENCODINGS.v1.encode([point], NO_TAGS));
  assertEquals(decoded?.fields, new Map([["\\#", 2n], ["\\#_", 1n], ["a,b", 4n], ["a,b_", 3n]]));
});

Deno.test("ENCODINGS.v2 brings every point back through a strict parser", () => {
  fc.assert(
    fc.property(fc.array(point, { maxLength: 3 }), (points) => {
      const decoded = decodeProtobuf(ENCODINGS.v2.encode(points, NO_TAGS));
      assertEquals(decoded.length, points.length);
      points.forEach((expected, i) => assertSame(decoded[i], expected));
    }),
    { numRuns: 300 },
  );
});

for (const name of ["v1", "v2"] as const) {
  Deno.test(`ENCODINGS.${name}.sizeOf() is never below the true size and never far above`, () => {
    const tags = fc.array(fc.tuple(text, text), { maxLength: 5 }).map((pairs) => new Map(pairs));
    fc.assert(
      fc.property(point, tags, (one, commonTags) => {
        const actual = ENCODINGS[name].encode([one], commonTags).length;
        const bound = ENCODINGS[name].sizeOf(one, commonTags);
        assert(bound >= actual, `${bound} is below ${actual}`);
        const alone = ENCODINGS[name].sizeOf(one, NO_TAGS);
        const actualAlone = ENCODINGS[name].encode([one], NO_TAGS).length;
        // Integers and floats are taken at their longest, and v1 counts each quote as an escape.
        assert(alone <= actualAlone * 12, `${alone} is far above ${actualAlone}`);
      }),
      { numRuns: 500 },
    );
  });
}

Deno.test("ENCODINGS.sizeOf() is close for an ordinary log", () => {
  const log = createPoint({
    category: "logging",
    measurement: "awslambda",
    tags: [["aws_log_from", "function"], ["request_id", "6b3a4c1e-8f0a-4d5e-9c1b-2f7e8d9a0b1c"]],
    fields: [["message", '2026-11-22 INFO handled the order "4711" in 12 ms\n'.repeat(4)], [
      "status",
      "info",
    ]],
    timeNs: 1795339862019000000n,
  });
  assert(log !== undefined);
  for (const encoding of [ENCODINGS.v1, ENCODINGS.v2]) {
    const actual = encoding.encode([log], NO_TAGS).length;
    const bound = encoding.sizeOf(log, NO_TAGS);
    assert(bound >= actual && bound <= actual * 1.15, `${bound} for ${actual}`);
  }
});

Deno.test("ENCODINGS.v1.sizeOf() covers tags that are written as fields", () => {
  const tags = Array.from({ length: 100 }, (_, i) => [`t${i}`, '"'.repeat(1000)] as const);
  const large = createPoint({ category: "tracing", measurement: "m", tags, fields: [["v", 1]], timeNs: 0n });
  assert(large !== undefined);
  const actual = ENCODINGS.v1.encode([large], NO_TAGS).length;
  assert(ENCODINGS.v1.sizeOf(large, NO_TAGS) >= actual);
});

Deno.test("ENCODINGS name themselves to Dataway", () => {
  assertEquals(ENCODINGS.v1.contentType, "application/line-protocol");
  assertEquals(ENCODINGS.v2.contentType, "application/protobuf; proto=com.guance.Point");
});

/** A value as text that tells types apart. */
function textOf(value: FieldValue): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part === "bigint") return `${part}i`;
    if (Object.is(part, -0)) return "-0";
    return part instanceof Uint8Array ? `bytes ${part.toHex()}` : part;
  });
}
