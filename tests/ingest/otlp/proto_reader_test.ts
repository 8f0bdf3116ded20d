import { assertEquals, assertThrows } from "@std/assert";
import { createProtoReader, type ProtoReader } from "../../../src/ingest/otlp/proto_reader.ts";
import { hex } from "../../fixtures/otlp/worked_bytes.ts";

function read<T>(text: string, take: (r: ProtoReader) => T): T {
  return take(createProtoReader(hex(text)));
}

Deno.test("createProtoReader() reads varints of every length exactly", () => {
  assertEquals(read("00", (r) => r.uint64()), 0n);
  assertEquals(read("ac02", (r) => r.uint64()), 300n);
  assertEquals(read("ffffffffffffff7f", (r) => r.uint64()), 2n ** 56n - 1n);
  assertEquals(read("ffffffffffffffff7f", (r) => r.uint64()), 2n ** 63n - 1n);
  assertEquals(read("ffffffffffffffffff01", (r) => r.uint64()), 2n ** 64n - 1n);
  assertEquals(read("ffffffffffffffffff01", (r) => r.int64()), -1n);
  assertEquals(read("80808080808080808001", (r) => r.int64()), -(2n ** 63n));
});

Deno.test("createProtoReader() reads 32-bit integers, negative ones in ten bytes", () => {
  assertEquals(read("ac02", (r) => r.int32()), 300);
  assertEquals(read("feffffffffffffffff01", (r) => r.int32()), -2);
  assertEquals(read("feffffff0f", (r) => r.int32()), -2);
  assertEquals(read("01", (r) => r.sint32()), -1);
  assertEquals(read("feffffff0f", (r) => r.sint32()), 2147483647);
  assertEquals(read("ffffffff0f", (r) => r.sint32()), -2147483648);
});

Deno.test("createProtoReader() reads fixed-width values", () => {
  assertEquals(read("ffffffffffffffff", (r) => r.fixed64()), 2n ** 64n - 1n);
  assertEquals(read("ffffffffffffffff", (r) => r.sfixed64()), -1n);
  assertEquals(read("000000000000f03f", (r) => r.double()), 1);
  assertEquals(read("ffffffff", (r) => r.fixed32()), 4294967295);
});

Deno.test("createProtoReader() refuses a varint of eleven bytes", () => {
  assertThrows(() => read("ffffffffffffffffffff01", (r) => r.uint64()), Error, "at most 10 bytes");
  assertThrows(() => read("ffffffffffffffffffff01", (r) => r.int32()), Error, "at most 10 bytes");
});

Deno.test("createProtoReader() reads strings of ASCII and of UTF-8, and repairs broken ones", () => {
  assertEquals(read("0568656c6c6f", (r) => r.string()), "hello");
  assertEquals(read("06e4bda0e5a5bd", (r) => r.string()), "你好");
  assertEquals(read("04efbbbf61", (r) => r.string()), "\ufeffa");
  assertEquals(read("0361ff62", (r) => r.string()), "a\ufffdb");
  assertEquals(read("0361806203c3a978", (r) => [r.string(), r.string()]), ["a\ufffdb", "éx"]);
});

Deno.test("createProtoReader() reads bytes as lower-case hex", () => {
  assertEquals(read("03ABcd01", (r) => r.hex()), "abcd01");
  assertEquals(read("00", (r) => r.hex()), "");
});

Deno.test("createProtoReader() refuses length prefixes that claim more than there is", () => {
  for (const size of ["02", "ffffffff0f", "ffffffffffffffffff01", "80808080808080808001"]) {
    assertThrows(() => read(`${size}61`, (r) => r.string()), Error, "ends after its message", size);
    assertThrows(() => read(`${size}61`, (r) => r.enter()), Error, "ends after its message", size);
    assertThrows(() => read(`${size}61`, (r) => r.skip(0x0a)), Error, "ends after its message", size);
  }
});

Deno.test("createProtoReader() refuses a message that reaches beyond the one around it", () => {
  assertThrows(() =>
    read("0302ffffff", (r) => {
      r.enter();
      r.tag();
      r.tag();
    }), Error);
});

Deno.test("createProtoReader() skips unknown fields of each wire type and refuses groups and field 0", () => {
  const tags = (text: string): number[] =>
    read(text, (r) => {
      const seen: number[] = [];
      for (let tag = r.tag(); tag !== 0; tag = r.tag()) {
        seen.push(tag >>> 3);
        r.skip(tag);
      }
      return seen;
    });
  assertEquals(tags("089601" + "110102030405060708" + "1a0161" + "2501020304" + "f8ffffff0f00"), [
    1,
    2,
    3,
    4,
    536870911,
  ]);
  assertThrows(() => tags("0b0c"), Error, "wire type is 3");
  assertThrows(() => tags("0001"), Error, "number must not be 0");
});

Deno.test("createProtoReader() refuses a body of nothing but empty messages", () => {
  const flood = new Uint8Array(1_000_000);
  for (let i = 0; i < flood.length; i += 2) flood[i] = 0x0a;
  const r = createProtoReader(flood);
  assertThrows(
    () => {
      for (let tag = r.tag(); tag !== 0; tag = r.tag()) r.isolate(() => r.leave(r.enter()));
    },
    Error,
    "too many messages",
  );
});
