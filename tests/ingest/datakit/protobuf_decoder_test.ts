import { assert, assertEquals } from "@std/assert";
import { decodeHex } from "@std/encoding/hex";
import fc from "fast-check";
import { decodeProtobuf } from "./collect.ts";

/** The worked example of `tests/spec/datakit.md` E8. */
const E8 =
  "0a6c0a096177736c616d626461120a0a066572726f7273100012160a0b6475726174696f6e5f6d7321000000000000f83f" +
  "12160a1262696c6c65645f6475726174696f6e5f6d73180212190a0a6177735f726567696f6e40015a0975732d656173742d31" +
  "188180a8b1e39fe7cb17";

Deno.test("decodeProtobuf() reads Guance's worked example", () => {
  assertEquals(decodeProtobuf(decodeHex(E8), "auto"), {
    points: [{
      measurement: "awslambda",
      tags: [["aws_region", "us-east-1"]],
      fields: [["errors", 0n], ["duration_ms", 1.5], ["billed_duration_ms", { unsigned: 2n }]],
      timeNs: 1_700_000_000_000_000_001n,
    }],
    malformed: 0,
    firstError: undefined,
  });
});

/** One length-delimited field, whose content is at most 127 bytes. */
function part(number: number, content: readonly number[]): number[] {
  return [number * 8 + 2, content.length, ...content];
}

function text(value: string): number[] {
  return [...new TextEncoder().encode(value)];
}

Deno.test("decodeProtobuf() reads every type of value", () => {
  const field = (key: string, ...value: number[]): number[] => part(2, [...part(1, text(key)), ...value]);
  const array = [
    ...part(1, text("type.googleapis.com/point.Array")),
    ...part(2, [...part(1, [8, 1]), ...part(1, [8, 2])]),
  ];
  const body = part(1, [
    ...part(1, text("m")),
    ...field("i", 16, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1),
    ...field("u", 24, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1),
    ...field("b", 40, 1),
    ...field("d", ...part(6, [1, 2])),
    ...field("s", ...part(11, text("é"))),
    ...field("n"),
  ]);
  const withArray = part(1, [...part(1, text("m")), ...field("a", ...part(7, array))]);
  assertEquals(decodeProtobuf(new Uint8Array([...body, ...withArray]), "auto").points, [
    {
      measurement: "m",
      tags: [],
      fields: [
        ["i", -1n],
        ["u", { unsigned: 18446744073709551615n }],
        ["b", true],
        ["d", new Uint8Array([1, 2])],
        ["s", "é"],
        ["n", undefined],
      ],
      timeNs: undefined,
    },
    { measurement: "m", tags: [], fields: [["a", [1n, 2n]]], timeNs: undefined },
  ]);
});

Deno.test("decodeProtobuf() keeps the points around a broken one", () => {
  const good = part(1, [...part(1, text("m")), ...part(2, [...part(1, text("f")), 16, 1])]);
  const broken = part(1, [10, 99, 109]);
  const decoded = decodeProtobuf(new Uint8Array([...good, ...broken, ...good]), "auto");
  assertEquals([decoded.points.length, decoded.malformed], [2, 1]);
});

Deno.test("decodeProtobuf() costs a field that is broken, or of a type that Dataway does not store, only itself", () => {
  const good = part(2, [...part(1, text("f")), 16, 1]);
  const broken: readonly (readonly number[])[] = [
    part(2, [10, 99, 107]),
    part(2, [16, 1]),
    part(2, [...part(1, text("k")), ...part(7, [10, 99, 1])]),
    part(2, [...part(1, text("k")), ...part(7, part(1, text("type.googleapis.com/point.Map")))]),
    part(2, [...part(1, text("k")), 16, 1, 64, 1]),
  ];
  for (const field of broken) {
    const body = new Uint8Array(part(1, [...part(1, text("m")), ...field, ...good]));
    assertEquals(decodeProtobuf(body, "auto"), {
      points: [{ measurement: "m", tags: [], fields: [["f", 1n]], timeNs: undefined, isTrimmed: true }],
      malformed: 0,
      firstError: undefined,
    });
  }
});

Deno.test("decodeProtobuf() keeps what came before a body was cut", () => {
  const whole = decodeHex(E8);
  const cut = new Uint8Array([...whole, ...whole.subarray(0, 50)]);
  const decoded = decodeProtobuf(cut, "auto");
  assertEquals([decoded.points.length, decoded.malformed], [1, 1]);
});

Deno.test("decodeProtobuf() survives lengths of any size and any bytes", () => {
  const hostile = [
    [10, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1],
    [10, 255, 255, 255, 255, 15],
    [255],
    [0, 0],
    [11],
  ];
  for (const bytes of hostile) assertEquals(decodeProtobuf(new Uint8Array(bytes), "auto").malformed, 1);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), fc.nat(109), (noise, at) => {
      decodeProtobuf(noise, "auto");
      const mutated = decodeHex(E8);
      mutated.set(noise.subarray(0, mutated.length - at), at);
      const { points, malformed } = decodeProtobuf(mutated, "auto");
      assert(points.length + malformed < 200);
    }),
    { numRuns: 1000 },
  );
});
