/** Line protocol as it is read against a simple reader of its own, which knows only what is usual and splits text. */
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { FieldValue } from "../../../src/point/point.ts";
import { decodeLineBytes, decodeLineProtocol } from "./collect.ts";

interface Spoken {
  readonly name: string;
  readonly tags: readonly (readonly [string, string])[];
  readonly fields: readonly (readonly [string, string, FieldValue])[];
  readonly stamp: bigint | undefined;
}

/** Text that says something at each escape, quote and edge of UTF-8. */
const text = fc.string({
  unit: fc.constantFrom(...'ab ,="\\é長😀#\t.\r'.split(/(?:)/u)),
  minLength: 1,
  maxLength: 8,
});
/** A backslash before what it could escape is another thing in names: those are not written with one. */
const name = text.map((value) => value.replaceAll("\\", "/"));

const field = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => [`${value}i`, value] as const),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((value) => [`${value}u`, { unsigned: value }] as const),
  fc.integer().map((value) => [`${value}i`, BigInt(value)] as const),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => [written(value), value] as const),
  fc.tuple(fc.integer({ min: 0, max: 999_999_999 }), fc.integer({ min: 0, max: 999_999 })).map(
    ([whole, part]) => {
      return [`${whole}.${part}`, Number(`${whole}.${part}`)] as const;
    },
  ),
  fc.boolean().map((value) => [String(value), value] as const),
  fc.string({ unit: fc.constantFrom(...'ab \n,="\\é😀'.split(/(?:)/u)), maxLength: 200 }).map((value) => {
    return [`"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`, value] as const;
  }),
);

const point: fc.Arbitrary<Spoken> = fc.record({
  name: name.filter((value) => !/^[\s#]/.test(value)),
  tags: fc.array(fc.tuple(name, name), { maxLength: 3 }),
  fields: fc.array(
    fc.tuple(name.filter((value) => !value.startsWith(" ")), field).map(([key, [form, value]]) =>
      [key, form, value] as const
    ),
    { minLength: 1, maxLength: 4 },
  ),
  stamp: fc.option(fc.bigInt({ min: -(2n ** 63n) + 2n, max: 2n ** 63n - 2n }), { nil: undefined }),
});

Deno.test("decodeLineProtocol() reads back every point that was written by its rules", () => {
  fc.assert(
    fc.property(fc.array(point, { maxLength: 5 }), (points) => {
      const { points: read, malformed } = decodeLineProtocol(points.map(lineOf).join("\n"), "n");
      assertEquals([read, malformed], [
        points.map(({ name, tags, fields, stamp }) => ({
          measurement: name,
          tags,
          fields: fields.map(([key, _form, value]) => [key, value]),
          timeNs: stamp,
        })),
        0,
      ]);
    }),
    { numRuns: 3000 },
  );
});

Deno.test("decodeLineProtocol() takes for a value what the grammar of values does", () => {
  const part = fc.constantFrom(
    ..."0123456789.+-eEiuxnN_tfTF",
    "00",
    "nan",
    "inf",
    "Infinity",
    "true",
    "FALSE",
    "9223372036854775807",
    "18446744073709551615",
    "0000000000",
    "é",
    "\t",
  );
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), fc.boolean(), (parts, isItem) => {
      const token = parts.join("");
      const value = valueOf(token);
      const { points, malformed } = decodeLineProtocol(isItem ? `m f=[1.5,${token}]` : `m f=${token}`, "n");
      if (value === "none") return assertEquals([points, malformed], [[], 1]);
      const said = value === undefined ? [] : [value];
      const field = isItem ? [["f", [1.5, ...said]]] : said.map((one) => ["f", one]);
      const isTrimmed = value === undefined ? true : undefined;
      assertEquals<unknown>(points.map((point) => [point.fields, point.isTrimmed]), [[field, isTrimmed]]);
    }),
    { numRuns: 20_000 },
  );
});

/** A value by the grammar; `undefined` for what nothing can store. */
function valueOf(token: string): FieldValue | undefined | "none" {
  if (/^(t|T|true|True|TRUE)$/.test(token)) return true;
  if (/^(f|F|false|False|FALSE)$/.test(token)) return false;
  if (/^[+-]?(nan|inf|infinity)$/i.test(token)) return undefined;
  const integer = /^([+-]?\d{1,20})([iu])$/.exec(token);
  if (integer !== null) {
    const value = BigInt(integer[1]?.replace("+", "") ?? "");
    if (integer[2] === "i") return BigInt.asIntN(64, value) === value ? value : "none";
    return BigInt.asUintN(64, value) === value ? { unsigned: value } : "none";
  }
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(token)) return "none";
  return Number.isFinite(Number(token)) ? Number(token) : undefined;
}

Deno.test("decodeLineProtocol() finds the point behind any line of bytes that has no quote", () => {
  const junk = fc.uint8Array({ maxLength: 40 }).map((bytes) => bytes.filter((byte) => byte !== 34));
  fc.assert(
    fc.property(junk, (bytes) => {
      const end = new TextEncoder().encode("\nlast f=1i 7\n");
      const body = new Uint8Array(bytes.length + end.length);
      body.set(bytes);
      body.set(end, bytes.length);
      const last = decodeLineBytes(body, "n").points.at(-1);
      assertEquals([last?.measurement, last?.fields, last?.timeNs], ["last", [["f", 1n]], 7n]);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("decodeLineProtocol() reads invalid UTF-8 as TextDecoder does", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 30 }), (bytes) => {
      const value = bytes.map((byte) => byte < 0x80 ? 0x61 : byte);
      const body = new Uint8Array([
        ...new TextEncoder().encode("m,t=a"),
        ...value,
        ...new TextEncoder().encode(' f="b'),
      ]);
      const closed = new Uint8Array([...body, ...value, 34]);
      const said = new TextDecoder("utf-8", { ignoreBOM: true }).decode(value);
      assertEquals(decodeLineBytes(closed, "n").points.map(({ tags, fields }) => [tags, fields]), [
        [[["t", `a${said}`]], [["f", `b${said}`]]],
      ]);
    }),
    { numRuns: 1000 },
  );
});

function lineOf({ name, tags, fields, stamp }: Spoken): string {
  const escaped = (part: string): string => part.replace(/[,= ]/g, "\\$&");
  const said = tags.map(([key, value]) => `,${escaped(key)}=${escaped(value)}`).join("");
  const values = fields.map(([key, form]) => `${key.replace(/[,= "]/g, "\\$&")}=${form}`).join(",");
  return `${name.replace(/[, ]/g, "\\$&")}${said} ${values}${stamp === undefined ? "" : ` ${stamp}`}`;
}

/** JavaScript's own form, which is line protocol's as well. */
function written(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value);
}
