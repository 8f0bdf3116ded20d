import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { createGrowingBuffer } from "../../src/ingest/growing_buffer.ts";
import { LONGEST_TURN_MS, longestTurnMs } from "../support/longest_turn.ts";
import { scenario } from "../support/scenario.ts";

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
  assertEquals(buffer.sizeBytes(), 10_000);
  assertEquals([...buffer.bytes().subarray(0, 4)], [1, 0, 1, 2]);
  assertEquals(buffer.bytes().at(-1), 9_998 % 251);
  assertEquals(first, Uint8Array.of(1));
});

Deno.test("createGrowingBuffer() joins chunks of all sizes while what came before them moves", () => {
  const expected = crypto.getRandomValues(new Uint8Array(60_000));
  const large = new Uint8Array(6_000_000);
  for (let at = 0; at < large.length; at += expected.length) large.set(expected, at);
  for (const size of [1_000, 65_536, 700_000, 4_000_000]) {
    const buffer = createGrowingBuffer(large.length);
    for (let at = 0; at < large.length; at += size) buffer.append(large.slice(at, at + size));
    assertEquals([buffer.bytes().length, buffer.sizeBytes()], [large.length, large.length]);
    assertEquals(buffer.bytes().every((byte, at) => byte === large[at]), true);
  }
});

scenario("createGrowingBuffer() lets the event loop run while a large body outgrows its room", async () => {
  const chunk = new Uint8Array(65_536);
  const ms = await longestTurnMs(async () => {
    const buffer = createGrowingBuffer(128 * 1_048_576);
    for (let chunks = 0; chunks < 1_100; chunks++) {
      buffer.append(chunk);
      if (chunks % 4 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
    }
    buffer.drop();
  });
  assert(ms <= LONGEST_TURN_MS, `${ms.toFixed(1)} ms`);
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
  assertEquals([buffer.sizeBytes(), buffer.bytes().length], [3, 0]);
});
