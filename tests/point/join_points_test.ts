import { assert, assertEquals } from "@std/assert";
import { createCommonKeys, encodeCommonTags } from "../../src/point/common_tags.ts";
import { ENCODINGS } from "../../src/point/encoding.ts";
import { joinedPieces, joinPoints } from "../../src/point/join_points.ts";
import type { Point } from "../../src/point/point.ts";
import { encodeRange, UNKNOWN_MASK } from "../../src/point/point_range.ts";

const TAGS = new Map([["host", "h"], ["region", "eu-west-1"]]);
const LONG = "long text ".repeat(300_000);
/** No piece is larger. */
const MOST_BYTES = 128 * 1024;

function log(message: string, tags: readonly (readonly [string, string])[], ownTagsOnly = false): Point {
  return {
    category: "logging",
    measurement: "m",
    tags: new Map(tags),
    fields: new Map([["message", message]]),
    timeNs: 1n,
    ...(ownTagsOnly ? { ownTagsOnly } : {}),
  };
}

const POINTS = [
  log("short", []),
  log(LONG, []),
  log(LONG, [["host", "own"]]),
  log(LONG, [["host", "own"], ["region", "own"]]),
  log("short", [["host", "own"]]),
  log("short", []),
  log(LONG, [], true),
  log("short", [], true),
];

for (
  const [name, tags, keys] of [
    ["common tags", TAGS, ["host", "region"]],
    ["common tags that have no bits", TAGS, []],
    ["no common tags", new Map<string, string>(), []],
  ] as const
) {
  Deno.test(`a body in pieces is the body, and no piece is large, with ${name}`, () => {
    const common = encodeCommonTags(tags, createCommonKeys(keys));
    for (const masks of [undefined, Int32Array.from(POINTS, () => UNKNOWN_MASK)]) {
      const whole = { ...encodeRange(POINTS), masks };
      for (const ranges of [[whole], [{ ...whole, to: 2 }, { ...whole, from: 3 }]]) {
        const pieces = [...joinedPieces(ranges, common)];
        const body = joinPoints(ranges, common);
        assertEquals(pieces.reduce((sum, { length }) => sum + length, 0), body.length);
        let at = 0;
        for (const piece of pieces) {
          assert(piece.length <= MOST_BYTES, `${piece.length} bytes`);
          // Whoever has used a piece gives its memory back.
          assertEquals(piece.buffer.byteLength, piece.length);
          assertEquals(piece, body.slice(at, at += piece.length));
        }
      }
    }
  });
}

Deno.test("ENCODINGS.v2 gives a body in pieces", () => {
  const points = { category: "logging", ranges: [encodeRange(POINTS)] } as const;
  const pieces = [...ENCODINGS.v2.pieces?.(points, encodeCommonTags(TAGS, createCommonKeys([]))) ?? []];
  assert(pieces.length > POINTS.length);
});
