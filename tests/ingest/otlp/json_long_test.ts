import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { createLongText } from "../../../src/ingest/otlp/json_long.ts";
import { createJsonScanner, JsonSyntaxError } from "../../../src/json/json_scanner.ts";
import { LONG_STEP } from "../../../src/json/json_skip.ts";
import type { ProtoOutput } from "../../../src/ingest/otlp/proto_output.ts";

const encoder = new TextEncoder();

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
