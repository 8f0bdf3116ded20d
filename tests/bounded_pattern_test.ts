import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { BoundedRegExp, createBoundedPattern, finish } from "../src/bounded_pattern.ts";
import { linearRegExp } from "../src/linear_regexp.ts";
import { compileProgram } from "../src/pattern/program.ts";
import { createSearch } from "../src/pattern/search.ts";
import { TextBuilder } from "../src/pattern/text.ts";
import { LONGEST_TURN_MS, longestTurnMs } from "./support/longest_turn.ts";
import { scenario } from "./support/scenario.ts";

/** Longer than some windows. */
const LONG = fc.array(
  fc.tuple(
    fc.constantFrom("a", "b", " ", "\n", "ab", "é", "\u2028", "x1"),
    fc.constantFrom(1, 2, 3, 700, 2_500),
  ),
  { minLength: 1, maxLength: 12 },
).map((runs) => runs.map(([text, times]) => text.repeat(times)).join(""));

Deno.test("createBoundedPattern() finds and replaces what the pattern does, in texts of any length", () => {
  const sources = [
    "b+",
    "(a)(b)?",
    "^a",
    "b$",
    "\\bab",
    "(?<first>a)b",
    "a[^ ]{0,40}b|a",
    "[^]*?b",
    "a[^\\n]*\\n",
    "(?:ab|b)+\\b",
    "(?m:^a+$)",
    "(?s:a.b)",
    "b*",
    "\\B",
    "a\\S*x|\\s",
    "(?:a|ab)(?:c|bcd|)x?",
  ];
  for (const source of sources) {
    const pattern = createBoundedPattern(new RegExp(source));
    fc.assert(
      fc.property(LONG, (text) => {
        assertEquals(pattern.test(text), new RegExp(source).test(text), source);
        const replaced = text.replaceAll(new RegExp(source, "g"), "<$&>");
        const pieces = new TextBuilder(7);
        pieces.add(text);
        // Not assertEquals, which would show megabytes.
        for (
          const made of [pattern.replaceAll(text, "<$&>"), finish(pattern.replaceSteps(pieces.end(), "<$&>"))]
        ) {
          assert(String(made) === replaced, `${source} in ${JSON.stringify(text.slice(0, 80))}`);
        }
      }),
      { numRuns: 40 },
    );
  }
});

const { part: PART } = fc.letrec<{ readonly part: string }>((tie) => ({
  part: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    fc.constantFrom(
      "a",
      "b",
      "c",
      "[ab]",
      "[^a]",
      ".",
      "\\w",
      "\\s",
      " ",
      "\\n",
      "\\b",
      "\\B",
      "^",
      "$",
      "é",
      "[\\]a-b]",
    ),
    fc.tuple(tie("part"), tie("part")).map(([first, second]) => first + second),
    fc.tuple(fc.constantFrom("", "?:", "?s:", "?m:", "?<n>"), tie("part"), tie("part"))
      .map(([kind, first, second]) => `(${kind}${first}|${second})`),
    tie("part").map((part) => `(|${part})`),
    fc.tuple(tie("part"), fc.constantFrom("*", "+", "?", "*?", "+?", "??", "{2}", "{1,3}", "{0,2}?", "{2,}"))
      .map(([part, times]) => `(?:${part})${times}`),
  ),
}));

Deno.test("createSearch() finds what V8 finds, for patterns of any kind", () => {
  let searched = 0;
  fc.assert(
    fc.property(
      PART,
      fc.array(fc.string({ unit: fc.constantFrom("a", "b", "c", " ", "\n", "é"), maxLength: 14 })),
      (source, texts) => {
        const made = isRegExp(source) ? linearRegExp(source) : { broken: "" };
        if ("broken" in made) return;
        const regexp = new RegExp(made.regexp.source);
        const program = compileProgram(regexp.source);
        assert(program !== undefined, source);
        const search = createSearch(program);
        for (const text of texts) {
          const expected = regexp.exec(text);
          const found = finish(search(text, 0, { left: 1_000_000, done: 0 }, false));
          searched++;
          assertEquals(
            found.is === "found" ? [found.from, found.to] : found.is,
            expected === null ? "none" : [expected.index, expected.index + expected[0].length],
            JSON.stringify([regexp.source, text]),
          );
        }
      },
    ),
    { numRuns: 2_000 },
  );
  assert(searched > 1_000, `${searched}`);
});

function isRegExp(source: string): boolean {
  try {
    void new RegExp(source);
    return true;
  } catch {
    return false;
  }
}

Deno.test("BoundedRegExp is an expression whose test is bounded", () => {
  const pattern = new BoundedRegExp("b+$");
  assertEquals([pattern.source, pattern instanceof RegExp], ["b+$", true]);
  for (const text of ["", "ab", "ba", `${"a".repeat(5_000)}b`, "b".repeat(5_000), `${"b".repeat(5_000)}a`]) {
    assertEquals(pattern.test(text), /b+$/.test(text));
  }
});

Deno.test("createBoundedPattern() replaces as String.replace does, short texts and long ones", () => {
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
  for (const source of ["(a)(b)?", "b", "(?:)", "(?<n>a)b*", "a|b", "(a)[^b]*b", "([^]*)b"]) {
    for (const replacement of replacements) {
      for (const text of ["aabb", "", "xx", "ab ba a", `a${"-".repeat(3_000)}b`]) {
        assertEquals(
          createBoundedPattern(new RegExp(source)).replaceAll(text, replacement),
          text.replaceAll(new RegExp(source, "g"), replacement),
          JSON.stringify([source, replacement, text.length]),
        );
      }
    }
  }
});

Deno.test("createBoundedPattern() lets nothing through that there was no time for", () => {
  // Each match is looked for to the end of the text: the square of it.
  const pattern = createBoundedPattern(/a[^]*b|a|hunter2/);
  const replaced = pattern.replaceAll(`${"a".repeat(300_000)} hunter2 `, "<$&>");
  assert(!replaced.includes("hunter2") || replaced.endsWith("<hunter2> "));
  assert(replaced.length < 4_000_000);
  const masked = pattern.replaceAll(`${"a".repeat(300_000)} hunter2 `, "*");
  assert(!masked.includes("hunter2"));
  assert(!masked.includes("a"));
});

/** Patterns that take V8 seconds for a text of 256 KB, and such texts. */
const SLOW: readonly (readonly [source: string, unit: string])[] = [
  ["[a-z]+@", "QUJDabcdefghijklmnop"],
  ["a[a-z]*@", "abbbbbbbbbbbbbbb"],
  ["a.*b|a", "a"],
  ["(?:[a-z0-9]+[,;]?){200}!", "abbbbbbbbbbbbbbb"],
  ["(?:ab?c?d?e?f?g?h?i?j?){60}z", "abbbbbbb"],
  ["\\S+@\\S+", "QUJDabcdefghijklmnop"],
  ["order-\\d+|user", "plain text of words "],
];

for (const [source, unit] of SLOW) {
  scenario(`the event loop runs while ${source} is looked for in 2 MB`, async () => {
    const made = linearRegExp(source);
    assert("regexp" in made);
    const pattern = createBoundedPattern(made.regexp);
    const text = unit.repeat(2_000_000 / unit.length);
    const ms = await longestTurnMs(async () => {
      const steps = pattern.replaceSteps(text, "*");
      let isOver = false;
      for (let turns = 0; !isOver && turns < 100; turns++) {
        for (const endAt = performance.now() + 5; !isOver && performance.now() < endAt;) {
          isOver = steps.next().done === true;
        }
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
    });
    assert(ms <= LONGEST_TURN_MS, `${ms.toFixed(1)} ms`);
  });
}

for (const [source, unit] of SLOW) {
  scenario(`testing 8 MB for ${source} keeps nobody waiting`, async () => {
    const made = linearRegExp(source);
    assert("regexp" in made);
    const text = unit.repeat(8_000_000 / unit.length);
    const ms = await longestTurnMs(() => Promise.resolve(made.regexp.test(text)));
    assert(ms <= LONGEST_TURN_MS, `${ms.toFixed(1)} ms`);
  });
}
