/** Values that are long are what they would be if they were short, whatever the form of the body. */
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Scalar } from "../../../src/point/point.ts";
import { encodeFieldValue } from "../../../src/point/protobuf.ts";
import { cleanFieldValue } from "../../../src/point/clean_field_value.ts";
import { decodeLineBytes, decodeProtobuf } from "./collect.ts";

const encoder = new TextEncoder();

const long = fc.tuple(
  fc.constantFrom("x", "é漢", '"\\', "\u0001\n", "a,b "),
  fc.integer({ min: 1, max: 90_000 }),
).map(
  ([unit, length]) => unit.repeat(Math.ceil(length / unit.length)),
);
const text = fc.oneof(long, fc.string({ maxLength: 20 }));
const bytes = fc.oneof(long, fc.string({ maxLength: 20 })).map((text) => encoder.encode(text));
const scalar = fc.oneof<fc.Arbitrary<Scalar>[]>(
  text,
  bytes,
  fc.boolean(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Object.is(value, -0)),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
);
const list = fc.oneof(
  fc.array(text, { maxLength: 5 }),
  fc.array(bytes, { maxLength: 5 }),
  fc.array(scalar, { maxLength: 5 }),
);

/** Lists whose values are not of one type are JSON text by the rules: before them or after. */
function underRules(value: Scalar | readonly Scalar[] | undefined): unknown {
  return value === undefined ? undefined : cleanFieldValue(value, false);
}

function pointOf(field: Uint8Array): Uint8Array {
  const size: number[] = [];
  let rest = field.length;
  for (; rest > 127; rest >>>= 7) size.push((rest & 127) | 128);
  const bytes = new Uint8Array(2 + size.length + field.length);
  bytes.set([0x0a, ...size, rest]);
  bytes.set(field, 2 + size.length);
  return bytes;
}

Deno.test("decodeProtobuf() reads long values and lists with such as short ones", () => {
  fc.assert(fc.property(fc.oneof(scalar, list), (value) => {
    const field = encodeFieldValue("k", value);
    const filling = encodeFieldValue("filling", "f".repeat(70_000));
    const all = new Uint8Array(field.length + filling.length);
    all.set(field);
    all.set(filling, field.length);
    const { points } = decodeProtobuf(pointOf(all), "auto");
    assertEquals(underRules(points[0]?.fields[0]?.[1]), underRules(value));
  }));
});

/** As line protocol with Guance's additions writes it. */
function lineValue(value: Scalar): string {
  if (typeof value === "string") return `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
  if (value instanceof Uint8Array) return `"${value.toBase64()}"b`;
  return typeof value === "bigint" ? `${value}i` : String(value);
}

Deno.test("decodeLineProtocol() reads long bytes and lists with long values as short ones", () => {
  const isList = (value: Scalar | readonly Scalar[]): value is readonly Scalar[] => Array.isArray(value);
  fc.assert(fc.property(fc.oneof(scalar, list), (value) => {
    const line = `m k=${
      isList(value) ? `[${value.map(lineValue).join()}]` : lineValue(value)
    },after=1i 5\nm f=1i 6`;
    const { points, malformed } = decodeLineBytes(encoder.encode(line), "n");
    assertEquals([points.length, malformed, points[0]?.fields[1]], [2, 0, ["after", 1n]]);
    assertEquals(underRules(points[0]?.fields[0]?.[1]), underRules(value));
  }));
});

Deno.test("decodeLineProtocol() refuses long bytes that are no base64, and goes on with the next line", () => {
  const good = "QUJD".repeat(30_000);
  const wrong = ["?", "=", "A", "AB", "ABC", "AA==", " "].map((part) => part + good);
  for (const text of [...wrong, `${good}A`, `${good}A===`, `${good}====`, `${good.slice(4)}    `]) {
    for (const value of [`"${text}"b`, `[1i,"${good}"b,"${text}"b]`]) {
      const { points, malformed, firstError } = decodeLineBytes(
        encoder.encode(`m k=${value} 5\nm f=1i 6`),
        "n",
      );
      assertEquals([points.length, malformed], [1, 1], text.slice(0, 9) + text.slice(-9));
      assertEquals(firstError?.startsWith("Cannot read a point as bytes must be base64: character "), true);
    }
  }
  for (const end of ["", "QQ==", "QUI="]) {
    const { points } = decodeLineBytes(encoder.encode(`m k="${good}${end}"b 5`), "n");
    assertEquals(points[0]?.fields, [["k", Uint8Array.fromBase64(good + end)]]);
  }
});
