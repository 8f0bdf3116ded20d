import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { splitMessage } from "../../src/point/split_message.ts";
import { utf8Length } from "../../src/point/utf8.ts";
import { testPoint } from "../support/points.ts";

Deno.test("splitMessage() leaves a message that fits as it is", () => {
  const point = testPoint("x".repeat(10));
  assertEquals(splitMessage(point, 10), [point]);
  const metric = testPoint("x".repeat(100), "metric");
  assertEquals(splitMessage(metric, 10), [metric]);
});

Deno.test("splitMessage() makes numbered parts in order of time", () => {
  const parts = splitMessage(testPoint("abcdefg", "logging", 5000n), 3);
  assertEquals(parts.map((p) => [...p.fields.values()]), [["abc", 1n, 3n], ["def", 2n, 3n], ["g", 3n, 3n]]);
  assertEquals(parts.map((p) => p.timeNs), [5000n, 6000n, 7000n]);
});

Deno.test("splitMessage() loses nothing of any text and keeps every part within its bytes", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme", maxLength: 200 }),
      fc.integer({ min: 4, max: 50 }),
      (text, max) => {
        const parts = splitMessage(testPoint(text), max).map((p) => String(p.fields.get("message")));
        assertEquals(parts.join(""), text);
        for (const part of parts) assertEquals(utf8Length(part) <= max, true);
      },
    ),
  );
});
