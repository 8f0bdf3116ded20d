import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  clearText,
  createTextBuffer,
  integerText,
  putBase64,
  putHex,
  putJsonString,
  putText,
  takeText,
  type TextBuffer,
} from "../../../src/ingest/otlp/text_buffer.ts";
import { beginningOf } from "../../../src/point/long_text.ts";

const encoder = new TextEncoder();

/** What `put` puts of a piece that lies within other bytes. */
function put(
  bytes: Uint8Array,
  write: (buffer: TextBuffer, source: Uint8Array, from: number, to: number) => void,
): string {
  const source = new Uint8Array(bytes.length + 4).fill(0x22);
  source.set(bytes, 2);
  const buffer = createTextBuffer();
  putText(buffer, "<");
  write(buffer, source, 2, bytes.length + 2);
  putText(buffer, ">");
  const text = beginningOf(takeText(buffer), Infinity);
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(text).slice(1, -1);
}

Deno.test("putJsonString() writes what JSON.stringify() writes, of short texts and of long ones", () => {
  const filling = fc.constantFrom(
    "",
    "x".repeat(70_000),
    "é".repeat(40_000),
    '"\\\n\u0000'.repeat(20_000),
    "日本".repeat(30_000),
  );
  const texts = fc.array(fc.oneof(fc.string({ unit: "binary" }), filling), { maxLength: 5 });
  fc.assert(
    fc.property(texts, (parts) => {
      const text = parts.join("").toWellFormed();
      assertEquals(put(encoder.encode(text), putJsonString), JSON.stringify(text));
    }),
    { numRuns: 200 },
  );
});

Deno.test("putHex() and putBase64() write bytes as the runtime does", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2000 }), fc.constantFrom(0, 49_152, 100_000), (bytes, longer) => {
      const all = new Uint8Array(bytes.length + longer);
      all.set(bytes, longer);
      assertEquals(put(all, putHex), all.toHex());
      assertEquals(put(all, putBase64), all.toBase64());
    }),
  );
});

Deno.test("integerText() writes 64 bits exactly, signed and unsigned", () => {
  const edges = fc.constantFrom(
    0n,
    2n ** 53n - 1n,
    2n ** 53n,
    2n ** 53n + 1n,
    2n ** 63n - 1n,
    2n ** 63n,
    2n ** 64n - 2n ** 53n,
    2n ** 64n - 2n ** 53n - 1n,
    2n ** 64n - 1n,
  );
  fc.assert(
    fc.property(fc.oneof(edges, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })), (value) => {
      const low = Number(BigInt.asUintN(32, value));
      const high = Number(value >> 32n);
      assertEquals(integerText(low, high, false), String(value));
      assertEquals(integerText(low, high, true), String(BigInt.asIntN(64, value)));
    }),
  );
});

Deno.test("a text buffer that became large is given back with the next text", () => {
  const buffer = createTextBuffer();
  const before = buffer.bytes.length;
  putText(buffer, "x".repeat(2_000_000));
  clearText(buffer);
  assertEquals([buffer.at, buffer.bytes.length], [0, before]);
});
