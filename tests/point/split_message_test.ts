import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { createIntakeHub } from "../../src/pipeline/intake.ts";
import { createLedger } from "../../src/pipeline/ledger.ts";
import { createPointStore } from "../../src/pipeline/store.ts";
import type { FieldValue, Point } from "../../src/point/point.ts";
import { decodePoint } from "../../src/point/point_range.ts";
import { encodePoint } from "../../src/point/protobuf.ts";
import { type SplitLog, splitMessage } from "../../src/point/split_message.ts";
import { utf8Length } from "../../src/point/utf8.ts";
import { pointsOf, testPoint } from "../support/points.ts";

function split(point: Point, maxBytes: number): { parts: Point[]; result: SplitLog | undefined } {
  const parts: Point[] = [];
  const result = splitMessage(
    encodePoint(point),
    (part) => parts.push(decodePoint("logging", part.slice())),
    maxBytes,
  );
  return { parts, result };
}

Deno.test("splitMessage() leaves a message that fits as it is", () => {
  const point = testPoint("x".repeat(10));
  assertEquals(split(point, 10), { parts: [], result: undefined });
  const other = { ...point, fields: new Map([...point.fields, ["other", "x".repeat(100)]]) };
  assertEquals(split(other, 10), { parts: [], result: undefined });
});

Deno.test("splitMessage() makes numbered parts in order of time", () => {
  const { parts, result } = split(testPoint("abcdefg", "logging", 5000n), 3);
  assertEquals(result, { parts: 3, isTrimmed: false });
  assertEquals(parts.map((p) => [...p.fields.values()]), [["abc", 1n, 3n], ["def", 2n, 3n], ["g", 3n, 3n]]);
  assertEquals(parts.map((p) => p.timeNs), [5000n, 6000n, 7000n]);
});

Deno.test("splitMessage() keeps all else of the point in each part, its own numbers of parts replaced", () => {
  const fields = new Map<string, FieldValue>([
    ["status", "warn"],
    ["message_part", 7n],
    ["message", "abcd"],
    ["f", 1.5],
  ]);
  const point: Point = {
    category: "logging",
    measurement: "m",
    tags: new Map([["t", "v"]]),
    fields,
    timeNs: 1n,
    ownTagsOnly: true,
  };
  const { parts } = split(point, 2);
  assertEquals(parts.length, 2);
  assertEquals(parts[1], {
    ...point,
    timeNs: 1001n,
    fields: new Map<string, FieldValue>([
      ["status", "warn"],
      ["message", "cd"],
      ["f", 1.5],
      ["message_part", 2n],
      ["message_parts", 2n],
    ]),
  });
});

Deno.test("splitMessage() says when there is no room for the numbers of the parts", () => {
  const many = Array.from({ length: 1022 }, (_, n): [string, FieldValue] => [`f${n}`, 1n]);
  const point = testPoint("abcd");
  const { parts, result } = split({ ...point, fields: new Map([...point.fields, ...many]) }, 2);
  assertEquals([result?.isTrimmed, parts[0]?.fields.size], [true, 1024]);
});

Deno.test("splitMessage() loses nothing of any text and keeps every part within its bytes", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme", minLength: 1, maxLength: 200 }),
      fc.integer({ min: 4, max: 50 }),
      (text, max) => {
        const { parts, result } = split(testPoint(text), max);
        assertEquals(result === undefined, utf8Length(text) <= max);
        const texts = parts.map((p) => String(p.fields.get("message")));
        if (result !== undefined) assertEquals(texts.join(""), text);
        for (const part of texts) assertEquals(utf8Length(part) <= max, true);
      },
    ),
  );
});

Deno.test("a log of several MB reaches the store in parts that are the text again, whoever writes it", () => {
  const ledger = createLedger();
  const store = createPointStore({ maxBytes: 32 * 1024 * 1024, ledger });
  const intake = createIntakeHub({ store, ledger }).of("datakit");
  const text = "长 line\n".repeat(300_000);
  intake.write({ category: "logging", measurement: "m", tags: [], fields: [["message", text]], timeNs: 9n });
  const points: Point[] = [];
  for (let lease = store.take("logging", { maxBytes: 1e9 }); lease !== undefined;) {
    points.push(...pointsOf(lease.batch));
    lease = store.take("logging", { maxBytes: 1e9 });
  }
  assertEquals(points.map((point) => point.fields.get("message")).join(""), text);
  assertEquals(points.every(({ fields }) => fields.get("status") === "info"), true);
  assertEquals(ledger.refusals(), []);
});

Deno.test("the parts of a log of several MB are led elsewhere with it: none goes where it was not to go", () => {
  const ledger = createLedger();
  const store = createPointStore({ maxBytes: 32 * 1024 * 1024, ledger });
  const hub = createIntakeHub({ store, ledger });
  const text = "line\n".repeat(300_000);
  const led: Point[] = [];
  hub.divert((_source, category, bytes, length) => {
    led.push(decodePoint(category, bytes.subarray(0, length)));
  }, () => {
    hub.of("telemetry").write({
      category: "logging",
      measurement: "m",
      tags: [],
      fields: [["message", text]],
      timeNs: 9n,
    });
  });
  assertEquals(led.map((point) => point.fields.get("message")).join(""), text);
  assertEquals(store.held(), 0);
});
