import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { createNumberCheck, readLongNumber } from "../../src/json/json_number.ts";

const encoder = new TextEncoder();

function read(text: string): number {
  const bytes = encoder.encode(text);
  const reading = readLongNumber(bytes, 0, bytes.length);
  for (;;) {
    const { done, value } = reading.next();
    if (done === true) return value;
  }
}

const digits = fc.oneof(
  fc.stringMatching(/^\d{1,25}$/),
  fc.tuple(
    fc.constantFrom("0", "1", "9", "49", "50", "00000000000000000001"),
    fc.integer({ min: 1, max: 2000 }),
  ).map(
    ([unit, length]) => unit.repeat(Math.ceil(length / unit.length)),
  ),
);
const number = fc.tuple(
  fc.constantFrom("", "-"),
  fc.array(digits, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("").replace(/^0+(?=\d)/, "")),
  fc.oneof(
    fc.constant(""),
    fc.array(digits, { minLength: 1, maxLength: 3 }).map((parts) => `.${parts.join("")}`),
  ),
  fc.oneof(
    fc.constant(""),
    fc.integer({ min: -2500, max: 2500 }).map((power) => `e${power}`),
    fc.integer({ min: 0, max: 400 }).map((power) => `E+000${power}`),
    fc.constantFrom("e99999999999999999999", "e-99999999999999999999"),
  ),
).map((parts) => parts.join(""));

Deno.test("readLongNumber() reads what Number() does, whatever the digits", () => {
  fc.assert(fc.property(number, (text) => assertEquals(read(text), Number(text))), { numRuns: 20_000 });
  for (
    const text of [
      "9007199254740993",
      "-0",
      "0e5",
      "1e400",
      "-1e400",
      "2.2250738585072011e-308",
      "5e-324",
      "2e-324",
    ]
  ) {
    assertEquals(read(text), Number(text), text);
  }
  // Just above the middle between two doubles, by the last of very many digits.
  assertEquals(read(`9007199254740993.${"0".repeat(5000)}1`), 9007199254740994);
  assertEquals(read(`9007199254740993.${"0".repeat(5000)}`), 9007199254740992);
});

Deno.test("a number check takes what JSON.parse takes", () => {
  const check = createNumberCheck();
  const text = fc.oneof(number, fc.stringMatching(/^[-+.eE019]{1,8}$/));
  fc.assert(
    fc.property(text, (text) => {
      check.begin();
      const bytes = encoder.encode(text);
      const isTaken = bytes.every((byte) => check.take(byte)) && check.isWhole();
      let isNumber = true;
      try {
        JSON.parse(text);
      } catch {
        isNumber = false;
      }
      assertEquals(isTaken, isNumber, text);
    }),
    { numRuns: 20_000 },
  );
});
