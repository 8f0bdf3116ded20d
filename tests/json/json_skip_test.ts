import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { createJsonScanner, JsonSyntaxError } from "../../src/json/json_scanner.ts";
import { createSkip, LONG_STEP } from "../../src/json/json_skip.ts";

const encoder = new TextEncoder();

/** Where the scanner is after the value, and in how many steps it came there. */
function skip(json: string, from = 0, open = 0): { readonly at: number; readonly steps: number } {
  const s = createJsonScanner(encoder.encode(json));
  s.at = from;
  const step = createSkip(s, open);
  let steps = 1;
  while (!step()) steps++;
  return { at: s.at, steps };
}

Deno.test("createSkip() passes over any value, and nothing behind it", () => {
  fc.assert(fc.property(fc.json(), fc.constantFrom("", " ", ",1", "]", "}"), (json, rest) => {
    assertEquals(skip(json + rest).at, encoder.encode(json).length);
  }));
});

Deno.test("createSkip() passes over what is open", () => {
  assertEquals(skip('[{"a":[1,2],"b":"]}"}],3', 2, 2).at, 22);
});

Deno.test("createSkip() takes steps for values however they are long", () => {
  const long = 3 * LONG_STEP;
  for (
    const [json, steps] of [
      [`"${"x".repeat(long)}"`, 4],
      [`"${"\\\\".repeat(long / 2)}"`, 4],
      ["9".repeat(long), 3],
      [`[${"1,".repeat(long / 2)}1]`, 4],
      ["[".repeat(long / 2) + "]".repeat(long / 2), 3],
      [`{"a":"${"x".repeat(long)}","b":${"9".repeat(long)}}`, 7],
      // White space is the one thing that is passed over in one go.
      [`[${" ".repeat(long)}"text",${" ".repeat(long)}1234]`, 3],
    ] as const
  ) {
    const { at, steps: taken } = skip(json + " ");
    assertEquals(at, json.length, json.slice(0, 20));
    assert(taken >= steps - 1 && taken <= steps + 1, `${taken} steps for ${json.slice(0, 20)}`);
  }
});

Deno.test("createSkip() tells what is no JSON", () => {
  for (const json of ["", "]", '"', '"\\', '"\n"', "[", '{"a":', "[1", "[?]", `"${"x".repeat(LONG_STEP)}`]) {
    assertThrows(() => skip(json), JsonSyntaxError, "", json.slice(0, 10));
  }
});
