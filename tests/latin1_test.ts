import { assertEquals } from "@std/assert";
import { latin1 } from "../src/latin1.ts";

Deno.test("latin1() makes one character of each byte, however many there are", () => {
  for (const length of [0, 1, 256, 4096, 4097, 100_000]) {
    const bytes = Uint8Array.from({ length }, (_, index) => index & 255);
    const text = latin1(bytes);
    assertEquals(text.length, length);
    for (let index = 0; index < length; index += 97) assertEquals(text.charCodeAt(index), index & 255);
  }
});

Deno.test("latin1() takes no byte for a part of UTF-8, nor for one that is no text", () => {
  const texts = [[0x41, 0x42], [0x41, 0xff], [0xef, 0xbb, 0xbf, 0x41], [0xc3, 0xa9], [0xef, 0xbf, 0xbd], [
    0x80,
  ], [0]];
  for (const units of texts) {
    const text = latin1(Uint8Array.from(units));
    assertEquals(Array.from(text, (character) => character.charCodeAt(0)), units);
  }
});
