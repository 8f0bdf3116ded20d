/** Values of texts that are long already: what stays where it lies until the text is read is what it would be at once. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { readOtlpConfig } from "../../../src/config/otlp.ts";
import { createSettingReader } from "../../../src/config/reader.ts";
import { createAnyValue, readAnyValue } from "../../../src/ingest/otlp/any_value.ts";
import { createExportHandler, type Signal } from "../../../src/ingest/otlp/export_handler.ts";
import { createProtoCursor } from "../../../src/ingest/otlp/proto_cursor.ts";
import { createTextBuffer, takeText } from "../../../src/ingest/otlp/text_buffer.ts";
import { putValueText } from "../../../src/ingest/otlp/value_text.ts";
import { cleanTagValue } from "../../../src/point/clean_text.ts";
import type { Point } from "../../../src/point/point.ts";
import { field, join } from "../long_values.ts";
import { createRecorder } from "./recorder.ts";

/** A text after which all others stay where they lie. */
const LONG = "x".repeat(200_000);
const IDS = join(field(1, new Uint8Array(16).fill(7)), field(2, new Uint8Array(8).fill(9)));
/** The square of it is about as many fields as may be read of an item. */
const SIDE = 256;
/** One more is written as text. */
const MAX_DEPTH = 32;

type Value = string | number | boolean | null | readonly Value[] | { readonly [name: string]: Value };

/** An `AnyValue`. */
function anyValue(value: Value): Uint8Array<ArrayBuffer> {
  if (value === null) return join();
  if (typeof value === "string") return field(1, value);
  if (typeof value === "number") return Uint8Array.of(0x18, value);
  if (typeof value === "boolean") return Uint8Array.of(0x10, value ? 1 : 0);
  // A field that nobody knows is passed over.
  const unknown = Uint8Array.of(0x78, 1);
  if (isList(value)) return field(5, ...value.flatMap((element) => [field(1, anyValue(element)), unknown]));
  return field(6, ...Object.entries(value).map(([name, member]) => pair(1, name, member)));
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

function pair(number: number, name: string, value: Value): Uint8Array<ArrayBuffer> {
  return field(number, field(1, name), field(2, anyValue(value)));
}

/** The same as OTLP/JSON writes it. */
function otlpJson(value: Value): unknown {
  if (value === null) return {};
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "number") return { intValue: String(value) };
  if (typeof value === "boolean") return { boolValue: value };
  if (isList(value)) return { arrayValue: { values: value.map(otlpJson) } };
  const values = Object.entries(value).map(([key, member]) => ({ key, value: otlpJson(member) }));
  return { kvlistValue: { values } };
}

async function take(signal: Signal, ...item: readonly Uint8Array[]): Promise<[Point, readonly string[]]> {
  const recorder = createRecorder();
  const handle = createExportHandler(readOtlpConfig(createSettingReader({}), true), recorder.context);
  await handle(signal, "protobuf", field(1, field(2, field(2, ...item))));
  const [point, ...others] = recorder.points;
  assertEquals(others, []);
  return [point as Point, [...recorder.refused.keys()]];
}

async function logMessage(body: Value): Promise<readonly [message: string, refused: readonly string[]]> {
  const [{ fields }, refused] = await take("logs", field(5, anyValue(body)));
  return [String(fields.get("message")), refused];
}

const VALUE = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom<Value>(null, true, 5, "", "é漢", '"\\n"', "text ".repeat(60), "\u0001".repeat(2000)),
    fc.array(tie("value"), { maxLength: 5 }),
    fc.dictionary(fc.constantFrom("a", "b", "é", "name".repeat(20)), tie("value"), { noNullPrototype: true }),
  ),
})).value;
/** Each run takes some ms. */
const RUNS = { numRuns: 60 };

Deno.test("values of a log's long body are the JSON that they are of a short one", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(VALUE, { maxLength: 12 }), async (values) => {
      const list = values.flatMap((value) => Array.from({ length: 9 }, () => value));
      const body = [LONG, list, { member: list }, ...list];
      // A log's message is in parts, whose ends are whole characters.
      const parts = await messageParts(body);
      assert(parts.join("") === JSON.stringify(body));
    }),
    RUNS,
  );
});

async function messageParts(body: Value): Promise<readonly string[]> {
  const recorder = createRecorder();
  const handle = createExportHandler(readOtlpConfig(createSettingReader({}), true), recorder.context);
  await handle("logs", "protobuf", field(1, field(2, field(2, field(5, anyValue(body))))));
  return recorder.points.map(({ fields }) => String(fields.get("message")));
}

Deno.test("values of a span's long message are the OTLP/JSON that they are of a short one", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(VALUE, { maxLength: 5 }), async (values) => {
      const attributes: readonly (readonly [string, Value])[] = [
        ["long", LONG],
        ...values.map((value, i) => [`name ${i}`, value] as const),
        ["all", [values, { values }]],
      ];
      const pairs = (number: number) => attributes.map(([name, value]) => pair(number, name, value));
      const [{ fields }] = await take("traces", IDS, ...pairs(9), field(13, IDS, ...pairs(4)));
      const message: unknown = JSON.parse(String(fields.get("message")));
      const expected = attributes.map(([key, value]) => ({ key, value: otlpJson(value) }));
      assertEquals(Object(message).attributes, expected);
      assertEquals(Object(message).links[0].attributes, expected);
    }),
    { numRuns: 40 },
  );
});

Deno.test("of a key that a map in a long text has twice the last value counts, in the place of the first", async () => {
  const map = field(6, pair(1, "a", 1), pair(1, "b", [2]), pair(1, "a", ["3"]), pair(1, "c", null));
  const body = field(5, field(1, anyValue(LONG)), field(1, map));
  const [{ fields }] = await take("logs", field(5, body));
  assertEquals(fields.get("message"), JSON.stringify([LONG, { a: ["3"], b: [2], c: null }]));
});

Deno.test("lists in a long text that nest too deep are cut where they are in a short one", async () => {
  let deep: Value = "in it";
  for (let i = 0; i < 2 * MAX_DEPTH; i++) deep = [deep];
  const [long] = await logMessage([LONG, deep]);
  const [short] = await logMessage(["short", deep]);
  assertEquals(long.replace(LONG, "short"), short);
  assertEquals(short, `["short",${"[".repeat(MAX_DEPTH - 1)}"…"${"]".repeat(MAX_DEPTH)}`);
});

Deno.test("elements of a long text are as many as may be read of an item, and the rest is counted", async () => {
  const many = Array.from({ length: SIDE }, () => Array.from({ length: SIDE }, () => [1]));
  const [long, refusedOfLong] = await logMessage([LONG, many]);
  const [short, refusedOfShort] = await logMessage(["short", many]);
  assertEquals(long.replace(LONG, "short"), short);
  assertEquals([refusedOfLong, refusedOfShort], [["trimmed"], ["trimmed"]]);
});

Deno.test("a long text is of few pieces, however many elements it has", () => {
  const lists = Array.from(
    { length: 200 },
    () => Array.from({ length: 50 }, () => "text of a list ".repeat(15)),
  );
  const maps = Array.from({ length: 200 }, () => Object.fromEntries(lists[0]?.entries() ?? []));
  for (const elements of [lists, maps, lists.flat()]) {
    const bytes = anyValue([LONG, ...elements]);
    const c = createProtoCursor(bytes);
    const value = createAnyValue();
    readAnyValue(c, 0, bytes.length, value);
    const buffer = createTextBuffer();
    putValueText(buffer, c, value);
    const text = takeText(buffer);
    assert(text.length <= 450, `${text.length} pieces`);
    const parts = text.map(({ form, bytes, from, to }) => form.convert(bytes, from, to).slice());
    assertEquals(new TextDecoder().decode(join(...parts)), JSON.stringify([LONG, ...elements]));
  }
});

Deno.test("of lists and maps that become tags of data points no more is converted than tags hold", async () => {
  const control = "\u0001".repeat(5000);
  const values: readonly Value[] = [
    [control],
    { a: control },
    [[control]],
    Array.from({ length: 999 }, () => 7),
  ];
  const pairs = values.map((value, i) => pair(7, `name ${i}`, value));
  const number = join(
    Uint8Array.of(0x19, 0, 0, 0, 0, 0, 0, 0, 0x10),
    Uint8Array.of(0x21, ...new Uint8Array(8)),
  );
  const [{ tags }, refused] = await take("metrics", field(1, "m"), field(5, field(1, number, ...pairs)));
  values.forEach((value, i) => assertEquals(tags.get(`name ${i}`), cleanTagValue(JSON.stringify(value))));
  assertEquals(refused, ["trimmed"]);
});

Deno.test("an item whose long text has a malformed value is refused as a whole", async () => {
  const broken = field(5, field(1, anyValue("text")), Uint8Array.of(0x0a, 0x7f, 1));
  const recorder = createRecorder();
  const handle = createExportHandler(readOtlpConfig(createSettingReader({}), true), recorder.context);
  const body = field(5, field(5, field(1, anyValue(LONG)), field(1, broken)));
  await handle("logs", "protobuf", field(1, field(2, field(2, body))));
  assertEquals([recorder.points, [...recorder.refused]], [[], [["malformed", 1]]]);
});
