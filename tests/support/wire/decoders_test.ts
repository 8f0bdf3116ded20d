/** The decoders stand in for Dataway: what they let pass, no test of the encoders can find. */
import { assertEquals, assertThrows } from "@std/assert";
import { decodeHex } from "@std/encoding/hex";
import fc from "fast-check";
import type { FieldValue } from "../../../src/point/point.ts";
import { decodeLineProtocol } from "./decode_line_protocol.ts";
import { decodeProtobuf } from "./decode_protobuf.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

const ILLEGAL_LINES: readonly (readonly [string, string])[] = [
  ["# m v=1 1\n", "comment"],
  [",a=b v=1 1\n", "measurement is empty"],
  ["\tm v=1 1\n", "leading blanks"],
  ["m \tv=1 1\n", "leading blanks"],
  ["m 1\n", "not escaped"],
  ["m,a= v=1 1\n", "empty"],
  ["m,=a v=1 1\n", "empty"],
  ["m,a=b=c v=1 1\n", "not escaped"],
  ["m,b=1,a=1 v=1 1\n", "does not come after"],
  ["m,a=1,a=1 v=1 1\n", "does not come after"],
  ["m,a=1 a=1 1\n", "tag and field"],
  ["m,a=b\\ v=1 1\n", "not escaped"],
  ["m b=1,a=1 1\n", "does not come after"],
  ["m v=1e3 1\n", "is no value"],
  ["m v=NaN 1\n", "is no value"],
  ["m v= 1\n", "is no value"],
  ["m v=9223372036854775808i 1\n", "is outside"],
  ["m v=18446744073709551616u 1\n", "is outside"],
  ["m v=[1,1i] 1\n", "more than one type"],
  ['m v="a 1\n', "does not end"],
  ['m v="a\\b" 1\n', "lone backslash"],
  ["m a\\\\,b=1 1\n", "parsers disagree"],
  ['m a"b=1 1\n', "not escaped"],
  ["m v=1\n", '" " is missing'],
  ["m v=1 1", "does not end with a time"],
  ["m v=1 9223372036854775807\n", "is outside"],
  ["m\nx v=1 1\n", "not escaped"],
];

for (const [line, why] of ILLEGAL_LINES) {
  Deno.test(`decodeLineProtocol() refuses ${JSON.stringify(line)}`, () => {
    assertThrows(() => decodeLineProtocol(bytes(line)), SyntaxError, why);
  });
}

Deno.test("decodeLineProtocol() reads every form", () => {
  const line = 'm\\ 1,t\\,=a\\=\\b a=1.5,b=-2i,c=3u,d=true,e="x\ny\\"\\\\",f="AQI="b,g=[1,2],h=[] -5\n';
  assertEquals(decodeLineProtocol(bytes(line)), [{
    measurement: "m 1",
    tags: new Map([["t,", "a=\\b"]]),
    fields: new Map<string, FieldValue>([
      ["a", 1.5],
      ["b", -2n],
      ["c", { unsigned: 3n }],
      ["d", true],
      ["e", 'x\ny"\\'],
      ["f", new Uint8Array([1, 2])],
      ["g", [1, 2]],
      ["h", []],
    ]),
    timeNs: -5n,
  }]);
});

const ILLEGAL_BODIES: readonly (readonly [string, string])[] = [
  ["1000", "PBPoints has field 1 only"],
  ["0a05", "exceed what holds them"],
  ["0a00", "name is empty"],
  ["0a030a016d", "no field"],
  ["0a0a0a016d12030a01761801", "has no value"],
  ["0a0c0a016d12050a016b100018", "exceed what holds them"],
  ["0a0b0a016d12060a016b108000", "longer than it must be"],
  ["0a0c0a016d12070a016b10001800", "has two values"],
  ["0a0c0a016d12070a016b10004001", "a tag is no text"],
  ["0a0a0a016d120510000a016b", "stands after"],
  ["0a0a0a016d12050a016b2802", "is no bool"],
  ["0a0b0a016d12060a016b5a01ff", "is no UTF-8"],
  ["0a110a016d120c0a016b21000000000000f07f", "is no number"],
  ["0a110a016d12050a016b100012050a016b1000", "stands twice"],
];

for (const [hex, why] of ILLEGAL_BODIES) {
  Deno.test(`decodeProtobuf() refuses ${hex}`, () => {
    assertThrows(() => decodeProtobuf(decodeHex(hex)), SyntaxError, why);
  });
}

Deno.test("decoders throw errors of their own kinds for any bytes", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (any) => {
    for (const decode of [decodeLineProtocol, decodeProtobuf]) {
      try {
        decode(any);
      } catch (error) {
        if (!(error instanceof SyntaxError) && !(error instanceof TypeError)) throw error;
      }
    }
  }));
});
