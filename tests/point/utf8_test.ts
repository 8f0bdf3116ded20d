import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { compareUtf8, cutUtf8, utf8Length } from "../../src/point/utf8.ts";

const text = fc.string({ unit: "binary" });

Deno.test("utf8Length() counts bytes, three for a lone surrogate", () => {
  assertEquals(utf8Length(""), 0);
  assertEquals(utf8Length("aé€😀"), 1 + 2 + 3 + 4);
  assertEquals(utf8Length("\ud800a\udc00\ud800"), 3 + 1 + 3 + 3);
});

Deno.test("utf8Length() agrees with the encoder", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)) }), (any) => {
      assertEquals(utf8Length(any), new TextEncoder().encode(any).length);
    }),
  );
});

Deno.test("cutUtf8() never splits a code point", () => {
  assertEquals(cutUtf8("ab😀", 5), "ab");
  assertEquals(cutUtf8("ab😀", 6), "ab😀");
  assertEquals(cutUtf8("éé", 3), "é");
  assertEquals(cutUtf8("€", 2), "");
});

Deno.test("cutUtf8() keeps the longest whole beginning", () => {
  fc.assert(fc.property(text, fc.nat(40), (whole, maxBytes) => {
    const cut = cutUtf8(whole, maxBytes);
    assert(cut.isWellFormed());
    assert(whole.startsWith(cut));
    assert(new TextEncoder().encode(cut).length <= maxBytes);
    const next = [...whole.slice(cut.length)][0];
    if (next !== undefined) assert(new TextEncoder().encode(cut + next).length > maxBytes);
  }));
});

Deno.test("compareUtf8() orders as bytes do", () => {
  assert(compareUtf8("\uff5e", "\u{1F600}") < 0);
  assert(compareUtf8("\u{1F600}", "\ud7ff") > 0);
  assert(compareUtf8("a", "ab") < 0);
  assert(compareUtf8("\u{1F600}", "\u{1F601}") < 0);
  assertEquals(compareUtf8("same", "same"), 0);
});
