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
