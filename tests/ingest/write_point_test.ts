import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { createLineProtocolDecoder } from "../../src/ingest/datakit/line_protocol_decoder.ts";
import { type RawPoint, writePoint } from "../../src/ingest/write_point.ts";
import { createPointWriter } from "../../src/point/create_point_writer.ts";
import type { Category } from "../../src/point/point.ts";
import type { PointKind } from "../../src/point/point_kind.ts";
import type { PointWriter } from "../../src/point/point_writer.ts";

/** What is handed on of the points that are written. */
function written(write: (writer: PointWriter) => void): readonly string[] {
  const given: string[] = [];
  const writer = createPointWriter({
    commit: (_kind, _source, bytes, length) => void given.push(bytes.slice(0, length).toHex()),
    trimmed: () => void given.push("trimmed"),
  });
  write(writer);
  return given;
}

/** Pairs that are more than a point may have, of keys that are equal, or become so by the rules, now and then. */
const name = fc.tuple(
  fc.constantFrom("k", "k.", "k_", "", "source", "k\n", "k "),
  fc.integer({ min: 0, max: 900 }),
).map(
  ([before, n]) => n > 880 ? before : `${before}${n}`,
);
const tags = fc.array(fc.tuple(name, fc.constantFrom("v", "", "\\")), { maxLength: 600, size: "max" });
const fields = fc.array(fc.tuple(name, fc.constantFrom("text", 1.5, true, undefined, NaN)), {
  maxLength: 3000,
  size: "max",
});
const category = fc.constantFrom<Category>("logging", "metric", "tracing");

Deno.test("a point that is full is the one that it is if every key is made", () => {
  fc.assert(
    fc.property(category, tags, fields, (category, tags, fields) => {
      const point: RawPoint = { category, measurement: "m", tags, fields, timeNs: 5n };
      const actual = written((writer) => {
        writePoint({ writer, begin: (kind: PointKind) => writer.begin(kind, "datakit") }, point);
      });
      const expected = written((writer) => {
        const kind = writer.kind(category, "m");
        writer.begin(kind, "datakit");
        for (const [key, value] of tags) writer.tag(kind.keys.of(key), value);
        for (const [key, value] of fields) writer.field(kind.keys.of(key), value);
        writer.endAt(5n);
      });
      assertEquals(actual, expected);
    }),
    { numRuns: 60 },
  );
});

Deno.test("a line with more fields than a point may have keeps those that it has room for, and counts as trimmed", () => {
  const fields = Array.from({ length: 3000 }, (_, n) => `k${n}=${n}i`);
  const line = new TextEncoder().encode(`m ${[...fields, "k1=7i", "k.1=8i", "k_2=9i"].join()} 5`);
  const actual = written((writer) => {
    const begin = (kind: PointKind): void => writer.begin(kind, "datakit");
    const decoder = createLineProtocolDecoder(line, "n", {
      writer,
      begin,
      category: "tracing",
      nowNs: 0n,
      ownTagsOnly: false,
    });
    while (decoder.next() !== "end");
  });
  const expected = written((writer) => {
    const kind = writer.kind("tracing", "m");
    writer.begin(kind, "datakit");
    for (let n = 0; n < 3000; n++) writer.integer(kind.keys.of(`k${n}`), n);
    for (const [key, value] of [["k1", 7], ["k.1", 8], ["k_2", 9]] as const) {
      writer.integer(kind.keys.of(key), value);
    }
    writer.endAt(5n);
  });
  assertEquals(actual, expected);
  assertEquals(actual.length, 2);
});
