import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { BoundedRegExp, createBoundedPattern, replaceWithin } from "../src/bounded_pattern.ts";

Deno.test("createBoundedPattern() finds and replaces what the pattern does, in texts of any length", () => {
  for (const source of ["b+", "(a)(b)?", "^a", "b$", "\\bab", "(?<first>a)b"]) {
    const pattern = createBoundedPattern(new RegExp(source));
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("a", "b", " "), maxLength: 3000 }), (text) => {
        assertEquals(pattern.test(text), new RegExp(source).test(text));
        assertEquals(pattern.replaceAll(text, "<$&>"), text.replaceAll(new RegExp(source, "g"), "<$&>"));
      }),
      { numRuns: 100 },
    );
  }
});

Deno.test("BoundedRegExp is an expression whose test is bounded", () => {
  const pattern = new BoundedRegExp("b+$");
  assertEquals([pattern.source, pattern instanceof RegExp], ["b+$", true]);
  for (const text of ["", "ab", "ba", `${"a".repeat(5_000)}b`, "b".repeat(5_000), `${"b".repeat(5_000)}a`]) {
    assertEquals(pattern.test(text), /b+$/.test(text));
  }
});

Deno.test("replaceWithin() replaces as String.replace does", () => {
  const replacements = [
    "x",
    "",
    "$$",
    "[$&]",
    "$1",
    "$2-$1",
    "$12",
    "$10",
    "$0",
    "$9",
    "$<n>",
    "$`|$'",
    "a$",
  ];
  for (const source of ["(a)(b)?", "b", "", "(?<n>a)b*", "a|b"]) {
    for (const replacement of replacements) {
      for (const text of ["aabb", "", "xx", "ab ba a"]) {
        assertEquals(
          replaceWithin(text, new RegExp(source, "g"), replacement, 1_000),
          text.replaceAll(new RegExp(source, "g"), replacement),
          JSON.stringify([source, replacement, text]),
        );
      }
    }
  }
});

Deno.test("replaceWithin() lets nothing through that there was no time for", () => {
  assertEquals(replaceWithin("a secret a b", /a/g, "*", -1), "**");
  assertEquals(replaceWithin("nothing here", /q/g, "*", -1), "nothing here");
});
