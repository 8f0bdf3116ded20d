import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Batch } from "../../src/pipeline/exporter.ts";
import { createIntakeHub } from "../../src/pipeline/intake.ts";
import { createLedger } from "../../src/pipeline/ledger.ts";
import { createPointStore } from "../../src/pipeline/store.ts";
import { type CommonKeys, createCommonKeys, encodeCommonTags } from "../../src/point/common_tags.ts";
import { ENCODINGS } from "../../src/point/encoding.ts";
import type { FieldValue, Point } from "../../src/point/point.ts";
import { anyPoint as point, anyText as text, asLine, isWritableAsLine } from "../support/arbitrary_points.ts";
import { batchOfPoints } from "../support/points.ts";
import { decodeLineProtocol } from "../support/wire/decode_line_protocol.ts";
import { decodeProtobuf } from "../support/wire/decode_protobuf.ts";
import type { DecodedPoint } from "../support/wire/decoded_point.ts";

const NO_TAGS = new Map<string, string>();
const NO_COMMON = encodeCommonTags(NO_TAGS, createCommonKeys([]));

function sorted<T>(map: ReadonlyMap<string, T>): [string, T][] {
  return [...map].sort(([a], [b]) => a < b ? -1 : 1);
}

function assertSame(actual: DecodedPoint | undefined, expected: Point): void {
  assertEquals(actual?.measurement, expected.measurement);
  assertEquals(sorted(actual?.tags ?? NO_TAGS), sorted(expected.tags));
  assertEquals(sorted(actual?.fields ?? NO_TAGS), sorted(expected.fields));
  assertEquals(actual?.timeNs, expected.timeNs);
}

Deno.test("ENCODINGS.v1 brings every point back through a strict parser", () => {
  fc.assert(
    fc.property(fc.array(point.filter(isWritableAsLine), { maxLength: 3 }), (points) => {
      const decoded = decodeLineProtocol(ENCODINGS.v1.encode(batchOfPoints(points), NO_COMMON));
      assertEquals(decoded.length, points.length);
      points.forEach((expected, i) => assertSame(decoded[i], asLine(expected)));
    }),
    { numRuns: 300 },
  );
});

Deno.test("ENCODINGS.v1 keeps points with awkward names legal and whole", () => {
  fc.assert(
    fc.property(point, (awkward) => {
      const [decoded] = decodeLineProtocol(ENCODINGS.v1.encode(batchOfPoints([awkward]), NO_COMMON));
      const sayable = asLine(awkward);
      assertEquals(decoded?.fields.size, sayable.fields.size, "no two names may become one");
      const valuesOf = (point: DecodedPoint | Point | undefined): string[] =>
        [...point?.fields.values() ?? []].map(textOf).sort();
      assertEquals(valuesOf(decoded), valuesOf(sayable));
    }),
    { numRuns: 300 },
  );
});

Deno.test("ENCODINGS.v1 keeps two fields apart whose names it cannot write", () => {
  const fields = new Map([["\t", 1n], ["\\\t", 2n], ["a\\,b", 3n], ["a,b", 4n]]);
  const point: Point = { category: "logging", measurement: "m", tags: new Map(), fields, timeNs: 1n };
  const [decoded] = decodeLineProtocol(ENCODINGS.v1.encode(batchOfPoints([point]), NO_COMMON));
  assertEquals(decoded?.fields, new Map([["\\\t", 2n], ["\\\t_", 1n], ["a,b", 4n], ["a,b_", 3n]]));
});

Deno.test("ENCODINGS.v2 brings every point back through a strict parser", () => {
  fc.assert(
    fc.property(fc.array(point, { maxLength: 3 }), (points) => {
      const decoded = decodeProtobuf(ENCODINGS.v2.encode(batchOfPoints(points), NO_COMMON));
      assertEquals(decoded.length, points.length);
      points.forEach((expected, i) => assertSame(decoded[i], expected));
    }),
    { numRuns: 300 },
  );
});

for (const name of ["v1", "v2"] as const) {
  Deno.test(`ENCODINGS.${name} joins no common tag to points that are sent with their own only`, () => {
    const decode = name === "v1" ? decodeLineProtocol : decodeProtobuf;
    const whole = testPointWith([["a", "own"]], [["v", 1n]]);
    const points = [{ ...whole, ownTagsOnly: true as const }, whole];
    // With more common keys than there are bits, and with none, points are looked into.
    for (const keys of [["b"], Array.from({ length: 40 }, (_, i) => `k${i}`), []]) {
      const common = encodeCommonTags(new Map([["b", "B"], ["k39", "K"]]), createCommonKeys(keys));
      for (const batch of [batchOfPoints(points), writtenBatch(points, createCommonKeys(keys))]) {
        const decoded = decode(ENCODINGS[name].encode(batch, common));
        assertEquals(decoded.map(({ tags }) => sorted(tags)), [
          [["a", "own"]],
          [["a", "own"], ["b", "B"], ["k39", "K"]],
        ]);
        // What marks the point is not sent either.
        assertEquals(decode(ENCODINGS[name].encode(batch, NO_COMMON)).length, 2);
      }
    }
  });

  Deno.test(`ENCODINGS.${name} joins each common tag to the points that lack its key`, () => {
    const decode = name === "v1" ? decodeLineProtocol : decodeProtobuf;
    const points = [
      testPointWith([["a", "own"]], [["v", 1n]]),
      testPointWith([], [["b", 2n], ["v", 1n]]),
      testPointWith([], [["v", 1n]]),
    ];
    const common = encodeCommonTags(
      new Map([["a", "A"], ["b", "B"], ["c", "C"]]),
      createCommonKeys(["a", "b"]),
    );
    const decoded = decode(ENCODINGS[name].encode(batchOfPoints(points), common));
    assertEquals(decoded.map(({ tags }) => sorted(tags)), [
      [["a", "own"], ["b", "B"], ["c", "C"]],
      [["a", "A"], ["c", "C"]],
      [["a", "A"], ["b", "B"], ["c", "C"]],
    ]);
  });
}

Deno.test("ENCODINGS.v2 joins the same tags by bits as by looking, and grows by no more than it says", () => {
  const tags = fc.array(fc.tuple(text, text), { maxLength: 5 }).map((pairs) => new Map(pairs));
  fc.assert(
    fc.property(
      fc.array(point, { minLength: 1, maxLength: 4 }),
      tags,
      fc.boolean(),
      (points, commonTags, all) => {
        const keys = createCommonKeys(all ? commonTags.keys() : [...commonTags.keys()].slice(1));
        const written = writtenBatch(points, keys);
        const common = encodeCommonTags(commonTags, keys);
        const body = ENCODINGS.v2.encode(written, common);
        const looked = ENCODINGS.v2.encode(batchOfPoints(points), common);
        assertEquals(decodeProtobuf(body).map(flat), decodeProtobuf(looked).map(flat));
        assert(body.length <= written.sizeBytes + written.count * ENCODINGS.v2.growth(common));
      },
    ),
    { numRuns: 300 },
  );
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

/** Points of the category tracing as the writer makes them, with what it knows of their keys. */
function writtenBatch(points: readonly Point[], commonKeys: CommonKeys): Batch {
  const ledger = createLedger();
  const store = createPointStore({ maxBytes: 1e9, ledger });
  const intake = createIntakeHub({ store, ledger, commonKeys }).of("otlp");
  points.forEach((one) => void intake.write(one));
  const written = store.take("tracing", { maxBytes: Infinity });
  assert(written !== undefined);
  return written.batch;
}

function testPointWith(tags: readonly [string, string][], fields: readonly [string, bigint][]): Point {
  return { category: "tracing", measurement: "m", tags: new Map(tags), fields: new Map(fields), timeNs: 1n };
}

/** A decoded point without the order of its keys. */
function flat({ measurement, tags, fields, timeNs }: DecodedPoint): unknown {
  return [measurement, sorted(tags), sorted(fields), timeNs];
}
