import { assertEquals } from "@std/assert";
import { zstdCompressSync } from "node:zlib";
import { zstdFrames } from "../../src/ingest/zstd_frames.ts";

/** Texts whose frames have no content, a raw block and a compressed one. */
const TEXTS = ["", "hello", "a".repeat(1000)];
const CHECKSUM = { params: { 201: 1 } };

Deno.test("zstdFrames() finds each frame as the compressor made it", () => {
  for (const text of TEXTS) {
    for (const options of [{}, CHECKSUM]) {
      const frame = new Uint8Array(zstdCompressSync(new TextEncoder().encode(text), options));
      assertEquals(zstdFrames(frame), [frame]);
      assertEquals(zstdFrames(new Uint8Array([...frame, ...frame])), [frame, frame]);
    }
  }
});

Deno.test("zstdFrames() follows a frame of many blocks to its end", () => {
  const text = Array.from({ length: 60_000 }, (_, i) => i.toString(36)).join("");
  const bytes = new Uint8Array(zstdCompressSync(new TextEncoder().encode(text)));
  // This compressor closes a large input with an empty frame of its own.
  assertEquals(zstdFrames(bytes)?.map((frame) => frame.length), [bytes.length - 9, 9]);
});

Deno.test("zstdFrames() knows run blocks, whose content is one byte", () => {
  const frame = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x20, 100, 0x23, 0x03, 0, 0x61);
  assertEquals(zstdFrames(frame), [frame]);
});

Deno.test("zstdFrames() refuses a frame cut short at any byte", () => {
  const frame = new Uint8Array(zstdCompressSync(new TextEncoder().encode("hello".repeat(50)), CHECKSUM));
  for (let length = 0; length < frame.length; length++) {
    assertEquals(zstdFrames(frame.subarray(0, length)), undefined, `${length} bytes`);
  }
});

Deno.test("zstdFrames() refuses what is no frame and what follows one", () => {
  const frame = zstdCompressSync(new TextEncoder().encode("hello"));
  assertEquals(zstdFrames(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)), undefined);
  assertEquals(zstdFrames(new Uint8Array([...frame, 0])), undefined);
});

Deno.test("zstdFrames() refuses more frames than anyone sends", () => {
  const frame = zstdCompressSync(new TextEncoder().encode(""));
  const repeated = (count: number): Uint8Array =>
    new Uint8Array(Array.from({ length: count }, () => [...frame]).flat());
  assertEquals(zstdFrames(repeated(256))?.length, 256);
  assertEquals(zstdFrames(repeated(257)), undefined);
});
