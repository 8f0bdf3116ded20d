import { assertEquals, assertThrows } from "@std/assert";
import {
  createProtoCursor,
  type ProtoCursor,
  readDouble,
  readFixed32,
  readFixed64,
  readInt32,
  readLength,
  readSint32,
  readTag,
  readVarint,
  skipField,
} from "../../../src/ingest/otlp/proto_cursor.ts";
import { hex } from "../../fixtures/otlp/worked_bytes.ts";

function read<T>(text: string, take: (c: ProtoCursor) => T): T {
  return take(createProtoCursor(hex(text)));
}

/** What a reader of 64 bits leaves in the halves. */
function wide(text: string, take: (c: ProtoCursor) => void): bigint {
  return read(text, (c) => {
    take(c);
    return BigInt(c.high) << 32n | BigInt(c.low);
  });
}

Deno.test("readVarint() reads varints of every length exactly", () => {
  assertEquals(wide("00", readVarint), 0n);
  assertEquals(wide("ac02", readVarint), 300n);
  assertEquals(wide("ffffffff0f", readVarint), 2n ** 32n - 1n);
  assertEquals(wide("ffffffffffffff7f", readVarint), 2n ** 56n - 1n);
  assertEquals(wide("ffffffffffffffff7f", readVarint), 2n ** 63n - 1n);
  assertEquals(wide("ffffffffffffffffff01", readVarint), 2n ** 64n - 1n);
  assertEquals(wide("80808080808080808001", readVarint), 2n ** 63n);
  for (let bit = 0n; bit < 64n; bit++) {
    const bytes: number[] = [];
    for (let rest = 1n << bit; rest > 0n; rest >>= 7n) {
      bytes.push(Number(rest & 127n) | (rest > 127n ? 128 : 0));
    }
    assertEquals(wide(Uint8Array.from(bytes).toHex(), readVarint), 1n << bit);
  }
  assertEquals(wide("8180808000", readVarint), 1n, "longer than needed");
});

Deno.test("readInt32() reads 32-bit integers, negative ones in ten bytes", () => {
  assertEquals(read("ac02", readInt32), 300);
  assertEquals(read("feffffffffffffffff01", readInt32), -2);
  assertEquals(read("feffffff0f", readInt32), -2);
  assertEquals(read("01", readSint32), -1);
  assertEquals(read("feffffff0f", readSint32), 2147483647);
  assertEquals(read("ffffffff0f", readSint32), -2147483648);
});

Deno.test("readFixed64() and its siblings read fixed-width values", () => {
  assertEquals(wide("feffffffffffffff", readFixed64), 2n ** 64n - 2n);
  assertEquals(read("000000000000f03f", readDouble), 1);
  assertEquals(read("ffffffff", readFixed32), 4294967295);
  assertThrows(() => read("ffffff", readFixed32), Error, "ends after its message");
});

Deno.test("readVarint() refuses a varint of eleven bytes, and one that never ends", () => {
  assertThrows(() => read("ffffffffffffffffffff01", readVarint), Error, "at most 10 bytes");
  assertThrows(() => read("ffffffffffffffffffff01", readInt32), Error, "at most 10 bytes");
  assertThrows(() => read("ffff", readVarint), Error, "ends after its message");
  assertThrows(() => read("", readInt32), Error, "ends after its message");
});

Deno.test("readLength() refuses what claims more than there is", () => {
  for (const size of ["02", "ffffffff0f", "ffffffffffffffffff01", "80808080808080808001"]) {
    assertThrows(() => read(`${size}61`, readLength), Error, "ends after its message", size);
    assertThrows(() => read(`${size}61`, (c) => skipField(c, 0x0a)), Error, "ends after its message", size);
  }
});

Deno.test("skipField() skips unknown fields of each wire type and refuses groups and field 0", () => {
  const tags = (text: string): number[] =>
    read(text, (c) => {
      const seen: number[] = [];
      for (let tag = readTag(c); tag !== 0; tag = readTag(c)) {
        seen.push(tag >>> 3);
        skipField(c, tag);
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
