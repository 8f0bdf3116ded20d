import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { jsonToMsgpack } from "../../../src/ingest/ddtrace/json_to_msgpack.ts";
import { pack } from "../../../src/ingest/ddtrace/msgpack_writer.ts";
import type { TimeSlice } from "../../../src/time_slice.ts";
import { tryParseExactJson } from "../../../src/json/exact_json.ts";
import { JsonSyntaxError } from "../../../src/json/json_scanner.ts";

const encoder = new TextEncoder();
/** As many pauses as there may be. */
const HASTY: TimeSlice = { isOver: () => true, pause: () => Promise.resolve() };

/** What the whole text parsed at once, and packed, gives; `undefined` for what is no JSON. */
function oracle(bytes: Uint8Array): string | undefined {
  const value = tryParseExactJson(new TextDecoder().decode(bytes));
  return typeof value === "object" && value !== null ? pack(value).toHex() : undefined;
}

async function transcode(bytes: Uint8Array): Promise<string | undefined> {
  try {
    return (await jsonToMsgpack(bytes, HASTY)).toHex();
  } catch (error) {
    assert(error instanceof JsonSyntaxError, String(error));
    return undefined;
  }
}

async function assertSame(text: string | Uint8Array): Promise<void> {
  const bytes = typeof text === "string" ? encoder.encode(text) : text;
  assertEquals(await transcode(bytes), oracle(bytes), new TextDecoder().decode(bytes).slice(0, 500));
}

Deno.test("jsonToMsgpack() reads numbers as the whole text parsed at once gives them", async () => {
  const numbers = [
    ...["0", "-0", "1", "-1", "127", "-128", "4294967295", "4294967296", "-4294967296", "999999999999999"],
    ...["9007199254740991", "9007199254740992", "9007199254740993", "-9007199254740993", "1234567890123456"],
    ...["9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809"],
    ...["18446744073709551615", "18446744073709551616", "99999999999999999999", "-99999999999999999999"],
    ...["1".repeat(40), "1".repeat(41), `-${"1".repeat(40)}`, `-${"1".repeat(41)}`, "9".repeat(400)],
    ...["1e0", "1E2", "1e+2", "1e-2", "-1.5", "0.0", "-0.0", "1.0", "4294967296.0", "-4294967296e0", "1e400"],
    ...["-1e400", "9007199254740993.0", "1e16", "12345678901234567890e-3", "0e5", "0.1e1", "5e-324"],
    ...["01", "-", "-a", "1.", ".5", "1e", "1e+", "+1", "--1", "00", "-01", "1.e1", "NaN", "Infinity", "0x1"],
  ];
  for (const number of numbers) {
    for (
      const text of [`[${number}]`, `{"a":${number}}`, `[[{"trace_id":${number} ,"b":1}]]`, `[${number}`]
    ) {
      await assertSame(text);
    }
  }
});

Deno.test("jsonToMsgpack() reads texts and words as the whole text parsed at once gives them", async () => {
  const texts = [
    ...['""', '"a"', '"é漢😀"', String.raw`"\"\\\/\b\f\n\r\t"`, String.raw`"\u0041\u00e9\u6f22\ud83d\ude00"`],
    ...[
      String.raw`"\ud83d"`,
      String.raw`"\ude00\ud83d"`,
      String.raw`"\ud83dx"`,
      String.raw`"\ud83d\ud83d\ude00"`,
    ],
    ...[
      String.raw`"\ud83d\n"`,
      String.raw`"\ud83dé"`,
      String.raw`"\u00"`,
      String.raw`"\u00zz"`,
      String.raw`"\x41"`,
    ],
    ...['"\u007f\u2028\ufeff"', '"a\nb"', '"a\u0000b"', '"a', String.raw`"a\"`, '"\\', "'a'", "a"],
    ...[
      "true",
      "false",
      "null",
      "tru",
      "truee",
      "nulL",
      "TRUE",
      "undefined",
      "true false",
      "[",
      "]",
      "{",
      "}",
      ",",
    ],
  ];
  for (const text of texts) {
    for (const whole of [`[${text}]`, `[ ${text} , 1 ]`, `{"a":${text}}`, `{${text}:1}`, `[${text}`, text]) {
      await assertSame(whole);
    }
  }
  for (const hex of ["ff", "c3", "c328", "e282", "e28228", "f09f98", "eda0bd", "c0a2", "efbbbf", "c35c6e"]) {
    const odd = Uint8Array.fromHex(hex);
    await assertSame(Uint8Array.of(...encoder.encode('["a'), ...odd, ...encoder.encode('b",1]')));
    await assertSame(Uint8Array.of(...encoder.encode("[1"), ...odd, ...encoder.encode("]")));
    await assertSame(Uint8Array.of(...encoder.encode("[1]"), ...odd));
  }
});

Deno.test("jsonToMsgpack() lets the last of equal keys count, in the place of the first", async () => {
  const few = [
    '"a":1',
    '"a":[2,{"b":3,"b":4}]',
    '"b":{"a":5,"c":6,"a":7}',
    String.raw`"\u0061":8`,
    '"":9',
    '"__proto__":10',
  ];
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...few), { maxLength: 12 }), async (chosen) => {
      await assertSame(`[[{${chosen.join()}}],{${chosen.toReversed().join(" , ")}}]`);
    }),
    { numRuns: 300 },
  );
  const many = Array.from(
    { length: 5000 },
    (_, i) => `"key ${i % 1700}":{"x${i}":"${"v".repeat(i % 90)}","y":1}`,
  );
  await assertSame(`{${many.join()}}`);
  await assertSame(`{"a":1,"a":`.repeat(200) + `{${many.join()}}` + "}".repeat(200));
});

Deno.test("jsonToMsgpack() gives what nests too deep as its text", async () => {
  for (const depth of [254, 255, 256, 257, 258, 300, 2000]) {
    for (const inner of ["", "1", '"]\\"["', ' {"a" : [1]} ', "x y", '"\n"', "}{", '"']) {
      await assertSame("[".repeat(depth) + inner + "]".repeat(depth));
      await assertSame(`${'{"a":['.repeat(depth / 2)}${inner}${"]}".repeat(depth / 2)}`);
    }
    await assertSame("[".repeat(depth));
    await assertSame(`${"[".repeat(depth)}1,${"]".repeat(depth)}`);
    await assertSame(`${"[".repeat(depth - 1)}{[]:1}${"]".repeat(depth - 1)}`);
  }
});

Deno.test("jsonToMsgpack() reads any JSON, whole, cut or changed, as the whole text parsed at once", async () => {
  const spaces = fc.constantFrom("", " ", "\n\t", "\r");
  const whole = fc.oneof(
    fc.jsonValue({ maxDepth: 5, noUnicodeString: false }),
    fc.array(fc.array(fc.record({
      trace_id: fc.bigInt({ min: 0n, max: 2n ** 65n }),
      span_id: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n }),
      name: fc.string({ unit: "binary" }),
      meta: fc.dictionary(fc.stringMatching(/^[a-z._"\\é]{1,12}$/), fc.string()),
      metrics: fc.dictionary(fc.stringMatching(/^[a-z._]{1,12}$/), fc.double()),
      span_events: fc.array(fc.jsonValue({ maxDepth: 2 }), { maxLength: 2 }),
    }, { requiredKeys: [] }))),
  );
  const bytes = fc.tuple(whole, spaces).map(([value, space]) => {
    const text = JSON.stringify(value, (_key, member: unknown) =>
      // Keys that are indexes are the one thing whose order is the sender's, see the test below.
      isPlain(member)
        ? Object.fromEntries(Object.entries(member).map(([k, v]) => [/^\d+$/.test(k) ? `n${k}` : k, v]))
        : typeof member === "bigint"
        ? `<${member}>`
        : member);
    return encoder.encode(`[${space}${text.replace(/"<(-?\d+)>"/g, "$1")}${space}]`);
  });
  const change = fc.record({
    at: fc.double({ min: 0, max: 0.999, noNaN: true }),
    byte: fc.constantFrom(...encoder.encode('{}[]",:\\0-.e tn\n'), 0xff, 0xc3, 0),
  });
  await fc.assert(
    fc.asyncProperty(
      bytes,
      fc.array(change, { maxLength: 3 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      async (json, changes, cut) => {
        await assertSame(json);
        await assertSame(json.subarray(0, Math.floor(cut * json.length)));
        const changed = json.slice();
        for (const { at, byte } of changes) changed[Math.floor(at * json.length)] = byte;
        await assertSame(changed);
      },
    ),
    { numRuns: 1500 },
  );
});

Deno.test("jsonToMsgpack() keeps members in the sender's order, whatever their names", async () => {
  const sent = await transcode(encoder.encode('{"b":1,"1":2,"0":3,"a":4}'));
  assertEquals(sent, pack(new Map([["b", 1], ["1", 2], ["0", 3], ["a", 4]])).toHex());
});

Deno.test("jsonToMsgpack() reads texts that are longer than a step", async () => {
  for (const part of ["x", "é", '\\"', "\\u6f22", "\\ud83d\\ude00", "\\ud800"]) {
    await assertSame(`[["${part.repeat(50_000)}"],{"${part.repeat(40_000)}":1}]`);
    await assertSame(`[["${part.repeat(50_000)}`);
  }
  await assertSame(`[${"1".repeat(100_000)}]`);
  await assertSame(`[${" ".repeat(100_000)}1]${" ".repeat(100_000)}`);
  await assertRejects(
    () => jsonToMsgpack(encoder.encode(`[1]${" ".repeat(50_000)}x`), HASTY),
    JsonSyntaxError,
  );
});

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
