import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { toAscii, withStableNames } from "../../../layer/build/bundle.ts";

Deno.test("withStableNames drops hashes, numbers files of one name by their contents, and follows the imports", () => {
  const { files, names } = withStableNames(
    new Map([
      ["main.js", 'import("./extension-ABCDEFGH.js")'],
      ["extension-ABCDEFGH.js", 'import"./chunk-ZZZZZZZZ.js";import"./chunk-22222222.js"'],
      ["chunk-22222222.js", "two"],
      ["chunk-ZZZZZZZZ.js", "one"],
    ]),
  );
  assertEquals(
    names,
    new Map([
      ["main.js", "main.js"],
      ["extension-ABCDEFGH.js", "extension.js"],
      ["chunk-ZZZZZZZZ.js", "chunk_1.js"],
      ["chunk-22222222.js", "chunk_2.js"],
    ]),
  );
  assertEquals(
    files,
    new Map([
      ["main.js", 'import("./extension.js")'],
      ["extension.js", 'import"./chunk_1.js";import"./chunk_2.js"'],
      ["chunk_2.js", "two"],
      ["chunk_1.js", "one"],
    ]),
  );
});

Deno.test("withStableNames gives the same whatever the hashes are", () => {
  const build = (first: string, second: string): ReadonlyMap<string, string> =>
    withStableNames(
      new Map([
        ["main.js", `import"./chunk-${first}.js"`],
        [`chunk-${first}.js`, `import"./chunk-${second}.js";a`],
        [`chunk-${second}.js`, "b"],
      ]),
    ).files;
  assertEquals(
    build("AAAAAAAA", "BBBBBBBB"),
    new Map([["main.js", 'import"./chunk_2.js"'], ["chunk_2.js", 'import"./chunk_1.js";a'], [
      "chunk_1.js",
      "b",
    ]]),
  );
  assertEquals(build("YYYYYYYY", "CCCCCCCC"), build("AAAAAAAA", "BBBBBBBB"));
});

Deno.test("toAscii leaves a program what it is, in ASCII", () => {
  const program =
    'const π = "… 😀 \\u2026"; return [π, /[µ-…]/.test("€"), `${π}…`, /^\u{1F600}$/u.test("😀")];';
  const ascii = toAscii(program);
  // deno-lint-ignore no-control-regex
  assertMatch(ascii, /^[\x00-\x7f]+$/);
  assertEquals(new Function(ascii)(), new Function(program)());
  assertThrows(() => toAscii("String.raw`…`"), Error, "String.raw");
});
