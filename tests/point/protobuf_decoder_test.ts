import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { createPoint } from "../support/create_point.ts";
import type { FieldValue, Point, Scalar } from "../../src/point/point.ts";
import { createByteTable } from "../../src/point/byte_table.ts";
import { decodePoint } from "../../src/point/point_range.ts";
import { encodePoint, encodeProtobuf } from "../../src/point/protobuf.ts";
import { decodeProtobufPoints } from "../../src/point/protobuf_decoder.ts";

const NO_TAGS: ReadonlyMap<string, string> = new Map();

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const unsigned = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((value) => ({ unsigned: value }));
const text = fc.string({ unit: "binary" });
const kinds: readonly fc.Arbitrary<Scalar>[] = [
  text,
  fc.double(),
  int64,
  fc.boolean(),
  unsigned,
  fc.uint8Array(),
];
const value: fc.Arbitrary<FieldValue> = fc.oneof(
  ...kinds,
  ...kinds.map((kind) => fc.array(kind, { maxLength: 4 })),
);
const point: fc.Arbitrary<Point> = fc.record({
  measurement: text,
  tags: fc.array(fc.tuple(text, text), { maxLength: 3 }),
  fields: fc.array(fc.tuple(text, value), { minLength: 1, maxLength: 5 }),
  timeNs: int64,
}).map((draft) => createPoint({ category: "logging", ...draft })).filter((made) => made !== undefined);

Deno.test("decodeProtobufPoints() reads back every point that encodeProtobuf() wrote", () => {
  fc.assert(fc.property(fc.array(point, { maxLength: 5 }), (points) => {
    const { points: decoded, broken } = decodeProtobufPoints(encodeProtobuf(points));
    assertEquals(
      decoded.map(({ measurement, tags, fields, time }) => [measurement, tags, fields, time]),
      points.map(({ measurement, tags, fields, timeNs }) => [measurement, [...tags], [...fields], timeNs]),
    );
    assertEquals(broken, 0);
  }));
});

Deno.test("decodeProtobufPoints() keeps a text's leading byte order mark", () => {
  const marked: Point = {
    category: "logging",
    measurement: "m",
    tags: NO_TAGS,
    fields: new Map([["message", "\uFEFFhello"]]),
    timeNs: 1n,
  };
  assertEquals(decodeProtobufPoints(encodeProtobuf([marked])).points[0]?.fields, [
    ["message", "\uFEFFhello"],
  ]);
});

Deno.test("decodePoint() of wanted keys gives these as they are in the whole point, and nothing else", () => {
  fc.assert(
    fc.property(point, fc.func(fc.boolean()), (given, isWanted) => {
      const bytes = encodePoint(given);
      const keys = [...given.tags.keys(), ...given.fields.keys(), "another"].filter((key) => isWanted(key));
      const wanted = new Set(keys);
      const part = decodePoint("logging", bytes, createByteTable(keys.map((key) => [key, true])));
      const whole = decodePoint("logging", bytes);
      assertEquals(part, {
        ...whole,
        tags: new Map([...whole.tags].filter(([key]) => wanted.has(key))),
        fields: new Map([...whole.fields].filter(([key]) => wanted.has(key))),
      });
    }),
  );
});
