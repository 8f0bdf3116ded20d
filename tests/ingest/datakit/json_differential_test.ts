/** The reader of JSON that works in steps, from bytes to bytes, against one that parses: the same of any body. */
import { assertEquals } from "@std/assert";
import { createJsonCheck, createJsonDecoder } from "../../../src/ingest/datakit/json_decoder.ts";
import { createWirePointWriter, type WireDecoder } from "../../../src/ingest/datakit/wire_point.ts";
import { createPointWriter } from "../../../src/point/create_point_writer.ts";
import type { Category } from "../../../src/point/point.ts";
import { createParsingDecoder } from "./parsing_decoder.ts";
import { createJsonWriter, createRandom, mutate, UNITS } from "./random_json.ts";

const encoder = new TextEncoder();
const SLICE = { isOver: () => false, pause: () => Promise.resolve() };

/** What a body comes to: the bytes of its points, whether they lost anything, and what was none. */
async function writtenBy(decoder: WireDecoder | undefined, category: Category): Promise<readonly string[]> {
  if (decoder === undefined) return ["no JSON"];
  const written: string[] = [];
  const writer = createPointWriter({
    commit: ({ head }, _source, bytes, length) =>
      void written.push(`${head.toHex()} ${bytes.slice(0, length).toHex()}`),
    trimmed: () => void written.push("trimmed"),
  });
  const begin = (kind: Parameters<typeof writer.begin>[0]): void => writer.begin(kind, "datakit");
  const points = createWirePointWriter(decoder, { writer, begin, category, nowNs: 5n, ownTagsOnly: false });
  for (;;) {
    const from = written.length;
    const step = points.next();
    if (writer.hasUnfinished) await writer.finishLong(SLICE);
    // A point that turns out too long is told of later than one that is so at once.
    written.push(...written.splice(from).sort());
    if (step === "end") break;
    if (step === "no_field") written.push(step);
  }
  return [...written, `${points.malformed} malformed`, points.firstError ?? ""];
}

function inSteps(body: Uint8Array): WireDecoder | undefined {
  const check = createJsonCheck(body);
  let isJson: boolean | undefined;
  while (isJson === undefined) isJson = check();
  return isJson ? createJsonDecoder(body, "auto") : undefined;
}

async function assertSame(body: Uint8Array, category: Category, name: string): Promise<boolean> {
  const expected = await writtenBy(createParsingDecoder(body, "auto"), category);
  const actual = await writtenBy(inSteps(body), category);
  const differs = actual.length !== expected.length || actual.some((line, i) => line !== expected[i]);
  const shown = (lines: readonly string[]): string[] =>
    lines.map((line) => line.slice(0, 300) + "..." + line.slice(-60));
  if (differs) assertEquals(shown(actual), shown(expected), name);
  assertEquals(differs, false, name);
  return expected[0] !== "no JSON";
}

const CATEGORIES = ["logging", "metric", "tracing", "object"] as const;
const RUNS = [["small", false, 6_000], ["large", true, 250]] as const;

for (const [size, isLarge, runs] of RUNS) {
  Deno.test(`JSON in steps is what JSON.parse makes of it: ${size} bodies`, async () => {
    let valid = 0;
    for (let seed = 0; seed < runs; seed++) {
      const random = createRandom(seed + (isLarge ? 1_000_000 : 0));
      const body = encoder.encode(createJsonWriter(random, isLarge).body());
      const category = random.pick(CATEGORIES);
      if (await assertSame(body, category, `seed ${seed}`)) valid++;
      if (await assertSame(mutate(random, body), category, `seed ${seed}, mutated`)) valid++;
    }
    // Most that is made is JSON, and some of what is mutated is.
    assertEquals(valid > runs * 0.9, true, `${valid} of ${2 * runs}`);
  });
}

/** Points that have a text in every place where one may be, and where none may. */
const PLACES: readonly ((text: string) => string)[] = [
  (text) => `{"measurement":"${text}","fields":{"f":1}}`,
  (text) => `{"name":"m","tags":{"t":"${text}","u":"v"},"fields":{"f":1}}`,
  (text) => `{"name":"m","tags":{"${text}":"t","${text}":"u"},"fields":{"${text}":1,"a":2,"${text}":3}}`,
  (text) => `{"name":"m","tags":{"t":["${text}",1],"u":{"a":"${text}"}},"fields":{"f":1}}`,
  (text) => `{"name":"m","fields":{"message":"${text}","b":"${text}"}}`,
  (text) => `{"name":"m","fields":{"message":["${text}"],"b":["${text}","","x","${text}"]}}`,
  (text) =>
    `{"name":"m","fields":{"message":["${text}",1,true],"b":[1e400,12345678901234567890,"${text}",-0]}}`,
  (text) => `{"name":"m","fields":{"message":["${text}",null],"b":[["${text}"],"a"],"c":[{},"${text}"]}}`,
  (text) =>
    `{"name":"m","fields":{"message":{"${text}":1,"2":"${text}","1":{"b":"${text}","a":1,"b":2},"${text}":[]}}}`,
  (text) => `{"name":"m","fields":{"f":1},"time":"${text}"}`,
  (text) => `{"name":"m","fields":{"f":1},"tags":"${text}"}`,
  (text) => `{"name":"m","fields":"${text}"}`,
  (text) =>
    `{"name":"m","fields":[{"key":"message","s":"${text}"},{"key":"${text}","s":"x"},{"key":"t","s":"${text}","is_tag":true}]}`,
  (text) =>
    `{"name":"m","fields":[{"key":"message","d":"${text}"},{"key":"i","i":"${text}"},{"key":"f","f":"${text}"},{"key":"b","b":"${text}"}]}`,
  (text) =>
    `{"name":"m","fields":[{"key":"message","a":{"arr":[{"s":"${text}"},{"s":"a"}]}},{"key":"b","a":{"arr":[{"s":"${text}"},{"i":1}]}}]}`,
  (text) =>
    `{"name":"m","fields":[{"key":"message","a":{"arr":[{"d":"${text}"},{"d":"QQ=="}]}},{"key":"b","a":"${text}","s":"x"},"${text}"]}`,
  (text) => `{"name":"m","${text}":"${text}","x":["${text}"],"fields":{"f":1}}`,
  (text) => `"${text}"`,
];
const LENGTHS = [1000, 24_570, 70_000];

for (const [index, place] of PLACES.entries()) {
  Deno.test(`JSON in steps is what JSON.parse makes of it: long texts, place ${index}`, async () => {
    const random = createRandom(index);
    for (const unit of [...UNITS, "QUJD", "=", '"', "\n", "\\u12", "\\q"]) {
      for (const length of LENGTHS) {
        const before = "x".repeat(random.below(14));
        const text = `${before}${unit.repeat(length / unit.length)}${
          random.pick(["", "A", "\ud83d", "\\ud83d"])
        }`;
        const body = encoder.encode(`[${place(text)},{"name":"after","fields":{"f":1}}]`);
        await assertSame(body, random.pick(CATEGORIES), JSON.stringify([unit, length, before]));
      }
    }
  });
}

Deno.test("JSON in steps is what JSON.parse makes of it: bytes that are no UTF-8, at every place", async () => {
  const random = createRandom(7);
  for (const place of PLACES) {
    for (const junk of [[0xff], [0xc3], [0xe6, 0xbc], [0xed, 0xa0, 0x80], [0xf0, 0x9f, 0x98], [0x80, 0x41]]) {
      const body = encoder.encode(place("#".repeat(40_000 + random.below(9))));
      for (let i = 0, at = body.indexOf(0x23); body[at] === 0x23; i++, at++) {
        body[at] = junk[i % junk.length] ?? 0;
      }
      await assertSame(body, random.pick(CATEGORIES), String(junk));
    }
  }
});

Deno.test("JSON in steps is what JSON.parse makes of it: names that are no UTF-8 are one name", async () => {
  for (const names of [["#", "@"], ["a#", "a@"], ["#", "b", "@"]]) {
    const object = `{${names.map((name, index) => `"${name}":${index}`).join()},"filling":"${
      "x".repeat(300)
    }"}`;
    const body = encoder.encode(
      `{"name":"m","fields":{"f":[${object},[${object}]],"g":"${"y".repeat(20_000)}"}}`,
    )
      .map((byte) => byte === 0x23 ? 0xff : byte === 0x40 ? 0xfe : byte);
    await assertSame(body, "logging", names.map((name) => name.slice(0, 9)).join());
  }
});

Deno.test("JSON in steps is what JSON.parse makes of it: lists and objects of very many, and deep ones", async () => {
  const many = (item: string, count: number): string => Array.from({ length: count }, () => item).join();
  const deep = (open: string, close: string, levels: number): string =>
    open.repeat(levels) + close.repeat(levels);
  const values = [
    ...["1", "true", "1.5", '"ab"', "null", "[]", "{}", "1e400", "12345678901234567890"].map((item) =>
      `[${many(item, 20_000)}]`
    ),
    `[${many("1", 20_000)},"x"]`,
    `[${many("[[[[]]]]", 10_000)}]`,
    ...[100, 251, 252, 253, 254, 255, 30_000].flatMap((levels) => [
      deep("[", "]", levels),
      deep('{"a":', "}", levels - 1).replace("}", "1}"),
      deep("[ \n", "]", levels),
    ]),
    `{${Array.from({ length: 12_000 }, (_, i) => `"${(i * 7919) % 12_000}":${i}`).join()}}`,
    `{${Array.from({ length: 12_000 }, (_, i) => `"k${i % 5000}":${i}`).join()}}`,
    ...[2, 31, 32, 33, 60].flatMap((count) => {
      const members = Array.from({ length: count }, (_, i) => `"k${i}":${i}`);
      return ['"k0":"again"', `"k${count - 1}":"again"`, '"\\u006b1":"again"', '"7":7', '"é":1,"é":2'].map((
        more,
      ) => `[${many(`{${members.join()},${more},"o":{${more},"z":1,${more}}}`, 400)}]`);
    }),
    " ".repeat(100_000),
    `1${" ".repeat(100_000)}`,
    `[${" ".repeat(100_000)}1${" ".repeat(100_000)}]`,
    ...["1", "-1", "0.", "1.", "00", "1e", "1e-", "-"].map((number) => number + "3".repeat(100_000)),
  ];
  for (const [index, value] of values.entries()) {
    for (
      const body of [
        `{"name":"m","fields":{"f":${value},"g":1}}`,
        `{"name":"m","tags":{"t":${value}},"fields":{"f":1}}`,
        `[{"name":"m","tags":${value},"fields":${value}},{"name":"n","fields":{"f":1}}]`,
        `{"name":"m","fields":[{"key":"k","a":{"arr":${value}}},{"key":"f","f":${value}},{"key":"i","i":${value}}]}`,
        `{"name":${value},"time":${value},"fields":{"f":1}}`,
        value,
        `[${value},${value}]`,
      ]
    ) {
      await assertSame(
        encoder.encode(body),
        index % 2 === 0 ? "logging" : "metric",
        `${index}: ${body.slice(0, 60)}`,
      );
    }
  }
});
