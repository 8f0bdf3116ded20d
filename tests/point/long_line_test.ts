/** Lines that are written in pieces are the lines that are written at once. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { createCommonKeys, encodeCommonTags } from "../../src/point/common_tags.ts";
import { ENCODINGS } from "../../src/point/encoding.ts";
import { encodeLineProtocol } from "../../src/point/line_protocol.ts";
import { longLinePieces } from "../../src/point/long_line.ts";
import type { FieldValue, Point } from "../../src/point/point.ts";
import { contentOf, encodeRange } from "../../src/point/point_range.ts";
import { anyPoint } from "../support/arbitrary_points.ts";

const COMMON = new Map([["region", 'eu "west" 1'], ["t", "common"]]);
/** More than is left where it lies, and than one piece. */
const LONG = [1100, 12_287, 12_288, 12_290, 40_000];

function inPieces(point: Point, common: ReadonlyMap<string, string>): readonly Uint8Array[] {
  return [...longLinePieces(contentOf(encodeRange([point]), 0), [...common])];
}

function join(pieces: readonly Uint8Array[]): string {
  return new TextDecoder().decode(Uint8Array.from(pieces.flatMap((piece) => [...piece])));
}

function atOnce(point: Point, common: ReadonlyMap<string, string>): string {
  return new TextDecoder().decode(encodeLineProtocol([point], common));
}

function pointOf(fields: Record<string, FieldValue>, tags: Record<string, string> = {}): Point {
  return {
    category: "logging",
    measurement: "m",
    tags: new Map(Object.entries(tags)),
    fields: new Map(Object.entries(fields)),
    timeNs: 1700000000000000001n,
  };
}

function text(unit: string, length: number): string {
  return unit.repeat(Math.ceil(length / unit.length));
}

Deno.test("longLinePieces() writes any point as it is written at once", () => {
  fc.assert(
    fc.property(anyPoint, fc.boolean(), (point, ownTagsOnly) => {
      const one: Point = ownTagsOnly ? { ...point, ownTagsOnly } : point;
      for (const common of [new Map<string, string>(), COMMON]) {
        assertEquals(join(inPieces(one, common)), atOnce(one, common));
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("longLinePieces() writes each byte and each kind of long value as they are written at once", () => {
  const ascii = String.fromCharCode(...Array(128).keys());
  for (const length of LONG) {
    const values: readonly FieldValue[] = [
      text(ascii, length),
      text('"\\', length),
      text("\ufeff\u00e9\u6f22\u{1f600}", length),
      new Uint8Array(length).fill(0xff),
      [text(ascii.replace(",", ""), length), "", '"\\\n'],
      [text(ascii, length), "a", '"\\\n\u0007\u00e9', ""],
      ["a,", text('"\\\u{1f600}', length)],
      [new Uint8Array(length), new Uint8Array(1), new Uint8Array()],
      Array.from({ length }, (_, n) => BigInt(n) * 123_456_789_123n),
      Array.from({ length }, (_, n) => ({ unsigned: BigInt(n) })),
      Array.from({ length }, (_, n) => n / 7 - 3),
      Array.from({ length }, (_, n) => n % 2 === 0),
      Array.from({ length }, () => ""),
      Array.from({ length }, (_, n) => `${n},"`),
    ];
    for (const value of values) {
      const point = pointOf({ z: 1, 'k "e",\\ y': value, a: "short", b: [] }, { t: "own" });
      assertEquals(join(inPieces(point, COMMON)), atOnce(point, COMMON));
    }
  }
});

Deno.test("longLinePieces() moves tags to the fields where they are too long for a parser", () => {
  const tags = Object.fromEntries(
    Array.from({ length: 256 }, (_, n) => [`t${n}`, text(", =\u00e9", 200 + n)]),
  );
  const point = pointOf({ message: text('"', 2000) }, tags);
  const line = join(inPieces(point, COMMON));
  assertEquals(line, atOnce(point, COMMON));
  assert(new TextEncoder().encode(line.slice(0, line.indexOf("message="))).length < 65_535 * 2);
});

Deno.test("pieces of a body are small, whatever the point, and are the body", () => {
  const common = encodeCommonTags(COMMON, createCommonKeys(COMMON.keys()));
  const points = [
    pointOf({ message: "before" }),
    pointOf({ message: text('"a"', 1_000_000) }),
    pointOf({ list: Array.from({ length: 50_000 }, (_, n) => BigInt(n)) }),
    pointOf({ message: "behind" }),
  ];
  const ranges = [encodeRange(points.slice(0, 3)), encodeRange(points.slice(3))];
  const pieces = [...ENCODINGS.v1.pieces?.({ category: "logging", ranges }, common) ?? []];
  assertEquals(
    join(pieces),
    new TextDecoder().decode(ENCODINGS.v1.encode({ category: "logging", ranges }, common)),
  );
  for (const { length } of pieces) assert(length <= 32 * 1024, `${length} bytes`);
});
