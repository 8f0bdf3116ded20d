import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { createLongBytes, createLongText } from "../../../src/ingest/otlp/json_long.ts";
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

/** What is written of a JSON string that should be base64: the tag, and what it holds. */
function decode(json: string): readonly [tag: number, hex: string] {
  const s = createJsonScanner(encoder.encode(json));
  const out: ProtoOutput = { bytes: new Uint8Array(16), at: 0 };
  const step = createLongBytes(s, out, 7, 1);
  while (!step());
  assertEquals(s.at, s.end);
  let contentAt = 1;
  let length = 0;
  for (let shift = 0;; shift += 7) {
    const byte = out.bytes[contentAt++] ?? 0;
    length += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) break;
  }
  assertEquals(length, out.at - contentAt);
  return [out.bytes[0] ?? 0, out.bytes.subarray(contentAt, out.at).toHex()];
}

Deno.test("createLongBytes() decodes base64 as the runtime does, and keeps other text as text", () => {
  const bytes = fc.tuple(fc.uint8Array(), fc.constantFrom(0, 1, LONG_STEP - 7, LONG_STEP, 3 * LONG_STEP)).map(
    ([own, more]) => Uint8Array.from([...own, ...new Uint8Array(more).fill(0xfb)]),
  );
  const text = fc.tuple(
    bytes,
    fc.constantFrom<"base64" | "base64url">("base64", "base64url"),
    fc.boolean(),
  ).map(([all, alphabet, omitPadding]) => all.toBase64({ alphabet, omitPadding }));
  const odd = fc.constantFrom("", "=", "==", "Q", " ", "\n", " ".repeat(LONG_STEP + 1), "é", "!", "QQ==");
  fc.assert(
    fc.property(fc.array(fc.oneof(text, odd), { maxLength: 3 }), (parts) => {
      const all = parts.join("");
      let expected: readonly [number, string];
      try {
        const decoded = Uint8Array.fromBase64(all.replaceAll("-", "+").replaceAll("_", "/"));
        expected = [0x3a, decoded.toHex()];
      } catch {
        expected = [0x0a, encoder.encode(all).toHex()];
      }
      assertEquals(decode(JSON.stringify(all)), expected);
      assertEquals(decode(JSON.stringify(all).replaceAll("/", "\\/")), expected);
    }),
    { numRuns: 300 },
  );
});
