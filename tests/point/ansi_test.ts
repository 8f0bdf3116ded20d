import { assertEquals, assertStrictEquals } from "@std/assert";
import { stripAnsi } from "../../src/point/ansi.ts";

for (
  const [name, text, plain] of [
    ["colours", "\x1b[31mERROR\x1b[0m \x1b[1mx\x1b[0m{\x1b[3ma\x1b[0m\x1b[2m=\x1b[0m1}", "ERROR x{a=1}"],
    ["256 colours and several parts", "\x1b[38;5;196;1mred\x1b[m", "red"],
    ["cursor moves and erasures", "a\x1b[2K\x1b[1;1Hb\x1b[?25l", "ab"],
    ["links", "see \x1b]8;;https://x\x07here\x1b]8;;\x1b\\.", "see here."],
    ["short sequences", "\x1bMup\x1b7", "up"],
    ["what is cut off", "a\x1b[3", "a"],
    ["a lone escape", "a\x1b", "a"],
    ["an escape before a blank or a letter of another script", "a\x1b b\x1bé", "a bé"],
  ] as const
) {
  Deno.test(`stripAnsi() takes out ${name}`, () => assertEquals(stripAnsi(text), plain));
}

Deno.test("stripAnsi() leaves text without codes as it is, brackets too", () => {
  for (const text of ["", "plain", "[31m", "a[0m\n\tb"]) assertStrictEquals(stripAnsi(text), text);
});
