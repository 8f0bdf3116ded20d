import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { createLongText, createSkip, LONG_STEP } from "../../../src/ingest/otlp/json_long.ts";
import { createJsonScanner, JsonSyntaxError } from "../../../src/ingest/otlp/json_scanner.ts";
import type { ProtoOutput } from "../../../src/ingest/otlp/proto_output.ts";

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

/** The text that is written of a JSON string, and the steps. */
function copy(json: string): { readonly text: string; readonly steps: number } {
  const s = createJsonScanner(encoder.encode(json));
  const out: ProtoOutput = { bytes: new Uint8Array(16), at: 0 };
  const step = createLongText(s, out, 1);
  let steps = 1;
  while (!step()) steps++;
  assertEquals(s.at, s.end);
  assertEquals(out.bytes[0], 0x0a);
  return { text: new TextDecoder().decode(out.bytes.subarray(5, out.at)), steps };
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

Deno.test("createLongText() writes what JSON.parse() makes of a string, in steps", () => {
  const filling = fc.constantFrom(
    "",
    "x".repeat(LONG_STEP - 3),
    "é".repeat(LONG_STEP),
    "\\n".repeat(LONG_STEP),
  );
  const pieces = fc.array(
    fc.oneof(
      fc.string({ unit: "binary" }).map((text) => JSON.stringify(text).slice(1, -1)),
      fc.constantFrom(
        "\\u0041",
        "\\u00e9",
        "\\u20ac",
        "\\ud83d\\ude00",
        "\\ud83d",
        "\\ude00",
        "\\ud83d\\u0041",
        "\\/",
      ),
      filling,
    ),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(pieces, (parts) => {
      const json = `"${parts.join("")}"`;
      const { text, steps } = copy(json);
      const expected: unknown = JSON.parse(json);
      assertEquals(text, String(expected).toWellFormed());
      assert(steps >= Math.floor(json.length / LONG_STEP));
    }),
    { numRuns: 200 },
  );
});

Deno.test("createLongText() tells what is no string", () => {
  const long = "x".repeat(LONG_STEP);
  for (const end of ["", "\\", '\\"', "\n", "\\x", "\\u12", '\\u12"', "\\u00zz", "\\ud83d\\u"]) {
    for (const text of ["", long]) {
      assertThrows(() => copy(`"${text}${end}`), JsonSyntaxError, "", end);
    }
  }
});
