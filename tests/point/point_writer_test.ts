import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { createCommonKeys } from "../../src/point/common_tags.ts";
import { cleanTagValue } from "../../src/point/clean_text.ts";
import { createPoint } from "../support/create_point.ts";
import { CATEGORIES, type Category, type FieldValue, type Point } from "../../src/point/point.ts";
import { decodeRanges, putFramed, rangeOf } from "../../src/point/point_range.ts";
import { createPointWriter } from "../../src/point/create_point_writer.ts";
import type { PointWriter } from "../../src/point/point_writer.ts";

interface Recorder {
  readonly writer: PointWriter;
  readonly points: Point[];
  readonly masks: number[];
  trimmed: number;
}

function record(commonKeys: readonly string[] = []): Recorder {
  const points: Point[] = [];
  const masks: number[] = [];
  const recorder: Recorder = {
    points,
    masks,
    trimmed: 0,
    writer: createPointWriter({
      commonKeys: createCommonKeys(commonKeys),
      commit: (kind, _source, bytes, length, mask) => {
        const framed = new Uint8Array(length + 6);
        const end = putFramed(framed, 0, bytes, length);
        const range = rangeOf(framed.subarray(0, end), 1);
        assert(range !== undefined);
        points.push(...decodeRanges(kind.category, [range]));
        masks.push(mask);
      },
      trimmed: () => void recorder.trimmed++,
    }),
  };
  return recorder;
}

/** Neither the order of keys nor that of tags and fields says anything. */
function sorted(point: Point | undefined): unknown {
  if (point === undefined) return undefined;
  const byKey = <V>(map: ReadonlyMap<string, V>): [string, V][] =>
    [...map].sort(([a], [b]) => a < b ? -1 : 1);
  return { ...point, tags: byKey(point.tags), fields: byKey(point.fields) };
}

const key = fc.oneof(
  fc.constantFrom(
    "a.b",
    "a_b",
    "source",
    "date",
    "class",
    "name",
    "status",
    "message",
    "",
    "x\ny",
    "k\\",
    "é.é",
  ),
  fc.string({ maxLength: 6 }),
  fc.constant("k".repeat(300)),
  fc.constant("k".repeat(256)),
);
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 80 }),
  fc.constantFrom(
    "",
    "\ud800",
    "a\n",
    "b\\\\",
    "€".repeat(400),
    "x".repeat(2000),
    "y".repeat(60),
    "é".repeat(40),
  ),
);
const scalar: fc.Arbitrary<FieldValue> = fc.oneof(
  text,
  fc.double(),
  fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }),
  fc.boolean(),
  fc.bigInt({ min: -5n, max: 2n ** 65n }).map((unsigned) => ({ unsigned })),
  fc.uint8Array({ maxLength: 9 }),
);
const value = fc.oneof(
  scalar,
  fc.array(scalar as fc.Arbitrary<bigint>, { maxLength: 4 }),
  fc.constant(undefined),
);
const draft = fc.record({
  category: fc.constantFrom(...CATEGORIES),
  measurement: text,
  tags: fc.array(fc.tuple(key, text), { maxLength: 8 }),
  fields: fc.array(fc.tuple(key, value), { maxLength: 8 }),
  timeNs: fc.oneof(
    fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }),
    fc.constantFrom(0n, 2n ** 63n - 1n, -(2n ** 63n), 1n << 32n),
  ),
});

Deno.test("A written point is what the rules make of its draft, and is trimmed when they say so", () => {
  const recorder = record();
  fc.assert(
    fc.property(draft, (one) => {
      recorder.points.length = 0;
      recorder.trimmed = 0;
      let changes = 0;
      const expected = createPoint(one, () => void changes++);
      const isWritten = recorder.writer.write(one, "otlp");
      assertEquals(sorted(recorder.points[0]), sorted(expected));
      assertEquals(isWritten, expected !== undefined);
      if (expected === undefined) return;
      // The key of a tag without value may be cut without anything being lost.
      if (changes === 0) assertEquals(recorder.trimmed, 0);
      const tags = one.tags.filter(([, text]) => cleanTagValue(text) !== "");
      let lost = 0;
      createPoint({ ...one, tags }, () => void lost++);
      if (lost > 0) assertEquals(recorder.trimmed, 1);
    }),
    { numRuns: 3000 },
  );
});

Deno.test("Too many keys are left out, and what a log must have is not", () => {
  const recorder = record();
  for (const category of ["logging", "metric"] as const satisfies readonly Category[]) {
    const one = {
      category,
      measurement: "m",
      tags: Array.from({ length: 300 }, (_, i) => [`t${i}`, "v"] as const),
      fields: Array.from({ length: 1100 }, (_, i) => [`f${i}`, i] as const),
      timeNs: 5n,
    };
    recorder.points.length = 0;
    recorder.writer.write(one, "otlp");
    assertEquals(sorted(recorder.points[0]), sorted(createPoint(one)));
  }
});

Deno.test("A text is the same whether it comes as a string, as bytes, or is filled in", () => {
  const recorder = record();
  const { writer } = recorder;
  const long = fc.tuple(fc.constantFrom("é", "a", "\\", "€.", "a\n"), fc.integer({ min: 1, max: 7000 }))
    .map(([unit, count]) => new TextEncoder().encode(unit.repeat(count)));
  const bytes = fc.oneof(
    text.map((some) => new TextEncoder().encode(some)),
    fc.uint8Array({ maxLength: 80 }),
    long,
  );
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const room = fc.constantFrom(0, 1, 100, 20_000);
  fc.assert(
    fc.property(fc.constantFrom<Category>("logging", "metric"), bytes, room, (category, some, spare) => {
      const said = decoder.decode(some);
      const end = some.length;
      recorder.points.length = 0;
      recorder.trimmed = 0;
      writer.begin(writer.kind(category, said), "datakit");
      const ofText = writer.kind(category, said).keys;
      writer.integer(ofText.of("n"), 1);
      writer.tag(ofText.of("t"), said);
      writer.field(ofText.of(said), said);
      writer.field(ofText.of("filled"), said);
      assert(writer.end(1, 0));
      const kind = writer.kindOfBytes(category, some, 0, end);
      writer.begin(kind, "datakit");
      writer.integer(kind.keys.of("n"), 1);
      writer.tagBytes(kind.keys.of("t"), some, 0, end);
      writer.textBytes(kind.keys.ofBytes(some, 0, end), some, 0, end);
      writer.textOf(kind.keys.of("filled"), end + spare, (buffer, at) => {
        buffer.set(some, at);
        return end;
      });
      assert(writer.end(1, 0));
      const [first, second] = recorder.points;
      assertEquals(second, first);
      assert(recorder.trimmed === 0 || recorder.trimmed === 2);
    }),
    { numRuns: 2000 },
  );
});
