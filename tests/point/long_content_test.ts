import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { createPointWriter } from "../../src/point/create_point_writer.ts";
import { longContent, type LongType, PLAIN, plainText } from "../../src/point/long_text.ts";
import type { Category, FieldValue } from "../../src/point/point.ts";
import type { Key } from "../../src/point/point_keys.ts";
import type { PointWriter } from "../../src/point/point_writer.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const SLICE = { isOver: () => false, pause: () => Promise.resolve() };

/** A point of one or two fields, as it is handed on, and how often it was counted as trimmed. */
async function written(
  category: Category,
  write: (writer: PointWriter, key: Key) => void,
): Promise<readonly string[]> {
  const given: string[] = [];
  const writer = createPointWriter({
    commit: (_kind, _source, bytes, length) => void given.push(bytes.slice(0, length).toHex()),
    trimmed: () => void given.push("trimmed"),
  });
  const kind = writer.kind(category, "m");
  writer.begin(kind, "datakit");
  writer.integer(kind.keys.of("before"), 1);
  write(writer, kind.keys.of("long"));
  writer.integer(kind.keys.of("after"), 2);
  writer.end(5, 0);
  await writer.finishLong(SLICE);
  return given.sort();
}

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.string({ unit: "binary", maxLength: 200 }).map((text) => encoder.encode(text)),
  fc.integer({ min: 1, max: 70_000 }).map((length) => new Uint8Array(length).fill(0x61)),
  fc.integer({ min: 1, max: 70_000 }).map((length) => new Uint8Array(length).fill(0xff)),
);
const category = fc.constantFrom<Category>("logging", "tracing", "metric", "object");
const type = fc.constantFrom<LongType>("string", "bytes");

Deno.test("long bytes, and lists of long texts or bytes, are the field that they are when they are short", async () => {
  await fc.assert(
    fc.asyncProperty(
      category,
      type,
      fc.array(bytes, { minLength: 1, maxLength: 6 }),
      async (category, type, parts) => {
        const texts = parts.map(plainText);
        const values = parts.map((part) => type === "bytes" ? part : decoder.decode(part));
        const short: readonly FieldValue[] = [values, ...values];
        const long = [{ type, isList: true, texts }, ...texts.map((text) => longContent(text, type))];
        for (const [index, value] of short.entries()) {
          const content = long[index];
          assertEquals(
            content && await written(category, (writer, key) => writer.long(key, content)),
            await written(category, (writer, key) => writer.field(key, value)),
          );
        }
      },
    ),
    { numRuns: 200 },
  );
});

Deno.test("what is no text is written in the other form, and what is one is not", async () => {
  await fc.assert(fc.asyncProperty(bytes, async (bytes) => {
    let isText = true;
    try {
      new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    } catch {
      isText = false;
    }
    const otherwise = plainText(encoder.encode(bytes.toBase64()));
    const text = [{ bytes, from: 0, to: bytes.length, form: PLAIN }];
    assertEquals(
      await written("logging", (writer, key) => writer.long(key, { ...longContent(text), otherwise })),
      await written(
        "logging",
        (writer, key) => writer.text(key, isText ? decoder.decode(bytes) : bytes.toBase64()),
      ),
    );
  }));
});
