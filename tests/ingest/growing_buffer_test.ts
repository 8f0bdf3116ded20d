import { assertEquals, assertStrictEquals } from "@std/assert";
import { createGrowingBuffer } from "../../src/ingest/growing_buffer.ts";

Deno.test("createGrowingBuffer() gives a single chunk back uncopied", () => {
  const buffer = createGrowingBuffer(100);
  const chunk = Uint8Array.of(1, 2, 3);
  buffer.append(chunk);
  assertStrictEquals(buffer.bytes().buffer, chunk.buffer);
  assertEquals(buffer.bytes(), chunk);
});

Deno.test("createGrowingBuffer() joins many chunks and leaves the first as it was", () => {
  const buffer = createGrowingBuffer(10_000);
  const first = Uint8Array.of(1);
  buffer.append(first);
  for (let i = 0; i < 9_999; i++) buffer.append(Uint8Array.of(i % 251));
  assertEquals(buffer.sizeBytes, 10_000);
  assertEquals([...buffer.bytes().subarray(0, 4)], [1, 0, 1, 2]);
  assertEquals(buffer.bytes().at(-1), 9_998 % 251);
  assertEquals(first, Uint8Array.of(1));
});

Deno.test("createGrowingBuffer() takes empty chunks", () => {
  const buffer = createGrowingBuffer(10);
  buffer.append(new Uint8Array(0));
  buffer.append(Uint8Array.of(1));
  buffer.append(new Uint8Array(0));
  buffer.append(Uint8Array.of(2));
  assertEquals(buffer.bytes(), Uint8Array.of(1, 2));
});

Deno.test("createGrowingBuffer() holds nothing after it was dropped, and counts on", () => {
  const buffer = createGrowingBuffer(10);
  buffer.append(Uint8Array.of(1, 2));
  buffer.drop();
  buffer.append(Uint8Array.of(3));
  assertEquals([buffer.sizeBytes, buffer.bytes().length], [3, 0]);
});
