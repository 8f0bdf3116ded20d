import { assertEquals } from "@std/assert";
import { encodeHex } from "@std/encoding/hex";
import { createCommonKeys, encodeCommonTags } from "../../src/point/common_tags.ts";
import { ENCODINGS } from "../../src/point/encoding.ts";
import type { FieldValue, Point } from "../../src/point/point.ts";
import { encodeProtobuf } from "../../src/point/protobuf.ts";
import { batchOfPoints } from "../support/points.ts";
import { decodeProtobuf } from "../support/wire/decode_protobuf.ts";

const E8_HEX =
  "0a6c0a096177736c616d626461120a0a066572726f7273100012160a0b6475726174696f6e5f6d7321000000000000f83f12160a1262696c6c65645f6475726174696f6e5f6d73180212190a0a6177735f726567696f6e40015a0975732d656173742d31188180a8b1e39fe7cb17";

function point(
  fields: Record<string, FieldValue>,
  tags: Record<string, string> = {},
  timeNs = 1n,
  measurement = "m",
): Point {
  return {
    category: "metric",
    measurement,
    tags: new Map(Object.entries(tags)),
    fields: new Map(Object.entries(fields)),
    timeNs,
  };
}

const E8_FIELDS = { errors: 0n, duration_ms: 1.5, billed_duration_ms: { unsigned: 2n } };
const E8_TIME_NS = 1700000000000000001n;

function hex(points: readonly Point[]): string {
  return encodeHex(encodeProtobuf(points));
}

/** A body with common tags, whether the points tell by bits which of them they have or are looked into. */
function sentHex(points: readonly Point[], tags: Readonly<Record<string, string>>): readonly string[] {
  const texts = new Map(Object.entries(tags));
  return [Object.keys(tags), []].map((keys) =>
    encodeHex(ENCODINGS.v2.encode(batchOfPoints(points), encodeCommonTags(texts, createCommonKeys(keys))))
  );
}

Deno.test("encodeProtobuf() writes E8", () => {
  assertEquals(hex([point(E8_FIELDS, { aws_region: "us-east-1" }, E8_TIME_NS, "awslambda")]), E8_HEX);
});

Deno.test("a body has common tags like a point's own", () => {
  const bare = point(E8_FIELDS, {}, E8_TIME_NS, "awslambda");
  assertEquals(sentHex([bare], { aws_region: "us-east-1" }), [E8_HEX, E8_HEX]);
});

Deno.test("a body keeps a point's own key before a common tag's", () => {
  const whole = point(E8_FIELDS, { aws_region: "us-east-1" }, E8_TIME_NS, "awslambda");
  const common = { aws_region: "other", errors: "other", empty: "", gone: "\\" };
  assertEquals(sentHex([whole], common), [E8_HEX, E8_HEX]);
});

Deno.test("encodeProtobuf() writes zero, false and empty values", () => {
  const zeros = point({ f: 0, i: 0n, u: { unsigned: 0n }, b: false, s: "", d: new Uint8Array() });
  assertEquals(
    hex([zeros]),
    "0a360a016d" + "120c0a01662100000000000000" + "00" + "12050a01691000" + "12050a01751800" +
      "12050a01622800" +
      "12050a01735a00" + "12050a01643200" + "1801",
  );
});

Deno.test("encodeProtobuf() writes negative integers in ten bytes, and a zero time", () => {
  assertEquals(hex([point({ i: -1n }, {}, 0n)]), "0a150a016d" + "120e0a016910ffffffffffffffffff01" + "1800");
});

Deno.test("encodeProtobuf() writes arrays as Any of point.Array", () => {
  const url = "747970652e676f6f676c65617069732e636f6d2f706f696e742e4172726179";
  assertEquals(
    hex([point({ a: [1n, 2n] })]),
    "0a370a016d" + "12300a0161" + "3a2b" + "0a1f" + url + "1208" + "0a020801" + "0a020802" + "1801",
  );
  assertEquals(hex([point({ a: [] })]), "0a2d0a016d" + "12260a0161" + "3a21" + "0a1f" + url + "1801");
});

Deno.test("encodeProtobuf() writes each type of array so that it reads back", () => {
  const fields = {
    bool: [true, false],
    bytes: [new Uint8Array([1, 2, 3]), new Uint8Array(200)],
    float: [1.5, -0],
    int: [1n, -(2n ** 63n)],
    string: ["", "é".repeat(100)],
    unsigned: [{ unsigned: 0n }, { unsigned: 2n ** 64n - 1n }],
  };
  const [decoded] = decodeProtobuf(encodeProtobuf([point(fields)]));
  assertEquals(decoded?.fields, new Map<string, FieldValue>(Object.entries(fields)));
});

Deno.test("encodeProtobuf() writes lengths of one to four bytes, right guess or wrong", () => {
  for (const length of [1, 42, 43, 47, 48, 63, 64, 127, 128, 5461, 16_383, 16_384, 70_000, 2_097_152]) {
    for (const unit of ["a", "é", "€"]) {
      const message = unit.repeat(length);
      const [decoded, second] = decodeProtobuf(
        encodeProtobuf([point({ message }), point({ message: "next" })]),
      );
      assertEquals(decoded?.fields.get("message") === message, true, `${length} times ${unit}`);
      assertEquals(second?.fields.get("message"), "next");
    }
  }
});

Deno.test("encodeProtobuf() of no points is no bytes", () => assertEquals(hex([]), ""));
