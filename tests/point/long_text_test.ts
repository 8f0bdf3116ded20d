import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { createPointWriter } from "../../src/point/create_point_writer.ts";
import { type LongText, PLAIN } from "../../src/point/long_text.ts";
import { createTextMeasure } from "../../src/point/text_measure.ts";
import type { Category } from "../../src/point/point.ts";
import { decodePoint } from "../../src/point/point_range.ts";
import type { PointWriter } from "../../src/point/point_writer.ts";
import { createIntakeHub } from "../../src/pipeline/intake.ts";
import { createLedger } from "../../src/pipeline/ledger.ts";

const encoder = new TextEncoder();
/** As one look at it says that it is over, every step is followed by a pause. */
function createPauses(): { isOver: () => boolean; pause: () => Promise<void>; count: number } {
  let over = false;
  const pauses = {
    isOver: () => (over = !over),
    pause: () => {
      pauses.count++;
      return Promise.resolve();
    },
    count: 0,
  };
  return pauses;
}

/** Bytes of every kind, of lengths about those at which texts are cut. */
const chunk = fc.oneof(
  fc.string({ unit: "binary", maxLength: 20 }).map((text) => encoder.encode(text)),
  fc.uint8Array({ maxLength: 20 }),
  fc.tuple(fc.constantFrom("x", "é", "漢", "😀", "\n"), fc.integer({ min: 1, max: 40_000 })).map((
    [unit, count],
  ) => encoder.encode(unit.repeat(count))),
  fc.tuple(fc.constantFrom(0x80, 0xc3, 0xe6, 0xf0, 0xff), fc.integer({ min: 1, max: 33_000 })).map(
    ([byte, count]) => new Uint8Array(count).fill(byte),
  ),
);
const longBytes = fc.array(chunk, { maxLength: 5 }).map((chunks) => {
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of chunks) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
});

/** What becomes of a write: all that is handed on, in order, and how often it was counted as trimmed. */
interface Recorded {
  readonly writer: PointWriter;
  readonly given: string[];
}

function record(): Recorded {
  const given: string[] = [];
  const writer = createPointWriter({
    commit: ({ category }, source, bytes, length, mask) =>
      void given.push(`${category} ${source} ${mask} ${bytes.slice(0, length).toHex()}`),
    trimmed: (source) => void given.push(`trimmed ${source}`),
  });
  return { writer, given };
}

function plain(bytes: Uint8Array): LongText {
  return [{ bytes, from: 0, to: bytes.length, form: PLAIN }];
}

/** One field after the other, some of them of keys that were there, as text or as tag. */
const fields = fc.array(
  fc.record({
    key: fc.constantFrom("a", "b", "message", "status", "a.b", "a_b"),
    isTag: fc.boolean(),
    bytes: longBytes,
  }),
  { maxLength: 6 },
);

Deno.test("a point with long texts is the one that it is with short ones, byte for byte", async () => {
  await fc.assert(
    fc.asyncProperty(
      fields,
      fc.constantFrom<Category>("logging", "tracing", "metric", "object"),
      async (parts, category) => {
        const short = record();
        const long = record();
        for (const [{ writer }, isLong] of [[short, false], [long, true]] as const) {
          const kind = writer.kind(category, "m");
          writer.begin(kind, "otlp");
          for (const { key: name, isTag, bytes } of parts) {
            const key = kind.keys.of(name);
            if (isTag) writer.tagBytes(key, bytes, 0, bytes.length);
            else if (isLong) writer.longText(key, plain(bytes));
            else writer.textBytes(key, bytes, 0, bytes.length);
          }
          writer.ownTagsOnly();
          writer.end(5, 0);
          await writer.finishLong(createPauses());
          assertEquals(writer.hasUnfinished, false);
        }
        assertEquals(long.given.sort(), short.given.sort());
      },
    ),
    { numRuns: 300 },
  );
});

Deno.test("a log with a long message is split as one with a short one is", async () => {
  const message = fc.tuple(
    longBytes,
    fc.integer({ min: 0, max: 1_600_000 }),
    fc.constantFrom("x", "é", "漢", "\xff"),
  )
    .map(([bytes, length, unit]) => {
      const filling = encoder.encode(unit.repeat(length / encoder.encode(unit).length));
      const all = new Uint8Array(bytes.length + filling.length);
      all.set(bytes);
      all.set(filling, bytes.length);
      return all;
    });
  await fc.assert(
    fc.asyncProperty(message, longBytes, fc.integer({ min: 0, max: 1030 }), async (bytes, other, more) => {
      const given: string[][] = [];
      for (const isLong of [false, true]) {
        const points: string[] = [];
        const ledger = createLedger();
        const hub = createIntakeHub({
          ledger,
          store: {
            append: (source, category, point, length, mask) => {
              const { fields, tags, timeNs } = decodePoint(category, point.slice(0, length));
              points.push(
                JSON.stringify(
                  [source, mask, [...fields], [...tags], timeNs],
                  (_, v) => typeof v === "bigint" ? `${v}n` : v,
                ),
              );
            },
          },
        });
        const { writer, begin } = hub.of("otlp");
        const kind = writer.kind("logging", "m");
        begin(kind);
        for (let i = 0; i < more; i++) writer.integer(kind.keys.of(`f${i}`), i);
        writer.tag(kind.keys.of("t"), "v");
        for (const [name, text] of [["message", bytes], ["other", other]] as const) {
          const key = kind.keys.of(name);
          if (isLong) writer.longText(key, plain(text));
          else writer.textBytes(key, text, 0, text.length);
        }
        writer.integer(kind.keys.of("message_part"), 7);
        writer.end(5, 0);
        await writer.finishLong(createPauses());
        points.push(JSON.stringify(ledger.refusals()));
        given.push(points);
      }
      assertEquals(given[1], given[0]);
    }),
    { numRuns: 40 },
  );
});

Deno.test("a text of 32 MiB is finished in steps of at most 20 ms, and one beyond is cut and counted", async () => {
  for (const bytes of [new Uint8Array(34 << 20).fill(0x78), new Uint8Array(12 << 20).fill(0xff)]) {
    // The same steps each time: what another process or a collection takes of one is not taken of it again.
    const leastMs: number[] = [];
    for (let tries = 0; tries < 4; tries++) {
      let trimmed = 0;
      let cut = 0;
      const writer = createPointWriter({
        commit: (_kind, _source, _bytes, length) => void (cut = length),
        trimmed: () => void trimmed++,
      });
      const kind = writer.kind("tracing", "m");
      writer.begin(kind, "otlp");
      writer.longText(kind.keys.of("message"), plain(bytes));
      writer.end(5, 0);
      let steps = 0;
      let before = performance.now();
      await writer.finishLong({
        isOver: () => {
          const now = performance.now();
          leastMs[steps] = Math.min(leastMs[steps] ?? Infinity, now - before);
          steps++;
          before = performance.now();
          return false;
        },
        pause: () => Promise.resolve(),
      });
      assertEquals(trimmed, 1);
      assert(cut <= (32 << 20) + 100 && cut > (32 << 20) - 4, `${cut} bytes`);
    }
    const longestMs = leastMs.reduce((longest, ms) => Math.max(longest, ms), 0);
    assert(leastMs.length > 500 && longestMs <= 20, `${leastMs.length} steps, ${longestMs} ms`);
  }
});

Deno.test("two requests finish each other's points, and each waits for its own", async () => {
  const { writer, given } = record();
  const kind = writer.kind("tracing", "m");
  const requests = ["x", "y", "z"].map(async (letter) => {
    writer.begin(kind, "otlp");
    writer.longText(kind.keys.of("message"), plain(new Uint8Array(200_000).fill(letter.charCodeAt(0))));
    writer.end(5, 0);
    await writer.finishLong(createPauses());
    assert(given.some((point) => point.includes(encoder.encode(letter.repeat(1000)).toHex())));
  });
  await Promise.all(requests);
  assertEquals(given.length, 3);
});

Deno.test("createTextMeasure() ends parts where no code point is split", () => {
  const bytes = encoder.encode("é".repeat(10));
  const measure = createTextMeasure(plain(bytes), 7);
  while (!measure.step());
  assertEquals([measure.length, ...measure.ends], [20, 6, 12, 18, 20]);
});
