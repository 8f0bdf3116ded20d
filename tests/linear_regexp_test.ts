import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { linearRegExp } from "../src/linear_regexp.ts";
import { scenario } from "./support/scenario.ts";

/** The expression, or why there is none. */
function compiled(pattern: string): string {
  const found = linearRegExp(pattern);
  return "regexp" in found ? found.regexp.source : found.broken;
}

Deno.test("linearRegExp() leaves patterns of linear time as they are", () => {
  for (
    const pattern of [
      "^(a+)+$",
      "^GET \\/health",
      "(?:a|b)*?c{3}",
      "[^\\]\\d]{2,16}",
      "(?<n>\\w+)\\.com",
      "x{,5}",
      "a{20",
      "",
    ]
  ) assertEquals(compiled(pattern), pattern === "" ? "(?:)" : pattern);
});

Deno.test("linearRegExp() refuses in words what cannot run in linear time", () => {
  const refusals: readonly (readonly [string, RegExp])[] = [
    ["a(?=b)", /look ahead or behind/],
    ["a(?!b)", /look ahead or behind/],
    ["(?<=a)b", /look ahead or behind/],
    ["(?<!a)b", /look ahead or behind/],
    ["(a)\\1", /refer back/],
    ["(?<n>a)\\k<n>", /refer back/],
    ["(?i:get)", /ignore case/],
    ["(", /be a regular expression/],
    ["a".repeat(1001), /at most 1000 characters/],
    ["(a{100}){100}", /repetitions that make at most 4000/],
    ["(?:[0-9a-f]{64}){64}", /repetitions that make at most 4000/],
    ["a?".repeat(17) + "b", /at most 16 parts in a row/],
    ["(?:a?){60}a{60}", /at most 16 parts in a row/],
  ];
  for (const [pattern, reason] of refusals) {
    assert(reason.test(compiled(pattern)), `${pattern}: ${compiled(pattern)}`);
    assert(compiled(pattern).startsWith("must "));
  }
});

Deno.test("linearRegExp() refuses what other languages know and JavaScript would take for letters", () => {
  for (
    const part of [
      "\\p{L}",
      "\\P{L}",
      "\\u{1f4a5}",
      "\\x{41}",
      "\\A",
      "\\z",
      "\\Z",
      "\\Q",
      "\\h",
      "[[:alpha:]]",
      "[[:^digit:]]",
    ]
  ) {
    assert(/^must not have .* JavaScript reads otherwise$/.test(compiled(`a${part}+b`)), part);
  }
  for (
    const pattern of ["\\\\p{2}", "\\d{2}\\s\\W\\b", "\\x41{2}", "\\u0041{2}", "[[:]", "\\[\\]\\{\\-", "\\cA"]
  ) {
    assertEquals(compiled(pattern), pattern);
  }
});

Deno.test("linearRegExp() writes counts out that are too large for the engine of linear time", () => {
  assertEquals(compiled("^\\/u\\/[0-9a-f]{17}$"), `^\\/u\\/${"[0-9a-f]".repeat(17)}$`);
  assertEquals(compiled("a{16,18}?"), `${"a".repeat(16)}(?:aa??)??`);
  assertEquals(compiled("\\x41{17,}"), `${"\\x41".repeat(18)}*`);
  assertEquals(compiled("((a)b){17}(c)"), `${"(?:(?:a)b)".repeat(16)}((a)b)(c)`);
});

/** Patterns out of everything the syntax has. */
const PATTERN: fc.Arbitrary<string> = fc.letrec<{ term: string; terms: string }>((tie) => ({
  term: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom(
      "a",
      "b",
      ".",
      "[ab]",
      "[^a\\]]",
      "\\w",
      "\\x61",
      "\\141",
      "\\cA",
      "\\c",
      "\\[",
      "\\b",
      "{",
      "",
    ),
    tie("terms").map((inner) => `(${inner})`),
    tie("terms").map((inner) => `(?:${inner})`),
    tie("terms").map((inner) => `(?=${inner})`),
  ),
  terms: fc.array(
    fc.tuple(
      tie("term"),
      fc.constantFrom("", "*", "+", "?", "+?", "{3}", "{2,5}", "{17}", "{3,20}?", "{9,}", "|", "$"),
    ).map((parts) => parts.join("")),
    { maxLength: 4 },
  ).map((parts) => parts.join("")),
})).terms;

Deno.test("linearRegExp() finds what the pattern itself finds", () => {
  fc.assert(
    fc.property(
      PATTERN,
      fc.array(fc.string({ unit: fc.constantFrom("a", "b", "\\", "c", "{"), maxLength: 8 })),
      (
        pattern,
        texts,
      ) => {
        const found = linearRegExp(pattern);
        if (!("regexp" in found)) return;
        const plain = new RegExp(pattern);
        for (const text of texts) {
          assertEquals(found.regexp.exec(text)?.[0], plain.exec(text)?.[0], `${pattern} on ${text}`);
        }
      },
    ),
    { numRuns: 2000 },
  );
});

scenario("linearRegExp() takes nothing that V8's engine of linear time cannot run", async () => {
  const sources = fc.sample(PATTERN, 10_000).map((pattern) => linearRegExp(pattern))
    .flatMap((found) => "regexp" in found ? [found.regexp.source] : []);
  assert(sources.length > 1000);
  // The flag `l` is an error for an expression that this engine cannot run.
  const script = "for (const source of JSON.parse(await new Response(Deno.stdin.readable).text())) {" +
    'try { new RegExp(source, "l") } catch (error) { console.log(`${source}: ${error.message}`) } }';
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-config", "--v8-flags=--enable-experimental-regexp-engine", script],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify([...sources, "(?=a)b"])));
  await writer.close();
  const { stdout, success } = await child.output();
  const refused = new TextDecoder().decode(stdout).trim().split("\n");
  assert(success);
  // The last one shows that the check can fail.
  assertEquals(refused.length, 1, refused.join("\n"));
  assert(refused[0]?.startsWith("(?=a)b: "));
});

Deno.test("linearRegExp() gives nothing that takes V8 long to compile, however often parts repeat", () => {
  const patterns = [
    "error.{0,100}code",
    "[a-f]{0,60}[a-f]{60}",
    "a{10,60}b{10,60}abcd",
    "(?:ab?c?){20,40}abcdefgh",
  ];
  for (const pattern of patterns) {
    const found = linearRegExp(pattern);
    assert("regexp" in found, compiled(pattern));
    const startedAt = performance.now();
    found.regexp.test("x".repeat(100));
    const tookMs = performance.now() - startedAt;
    assert(tookMs < 1_000, `${tookMs} ms for ${pattern}`);
  }
});
