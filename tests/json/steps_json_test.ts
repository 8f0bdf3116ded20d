/** Large JSON read and written in steps, against what is read and written in one go: the same of any text. */
import { assert, assertEquals } from "@std/assert";
import { finish } from "../../src/bounded_pattern.ts";
import { isJsonObject, toJson, tryParseExactJson } from "../../src/json/exact_json.ts";
import { isLarge, keysOf } from "../../src/json/large_values.ts";
import { readJsonSteps, toJsonSteps } from "../../src/json/steps_json.ts";
import { inSlices, LONGEST_TURN_MS, longestTurnMs } from "../support/longest_turn.ts";
import { createJsonWriter, createRandom, mutate } from "../ingest/datakit/random_json.ts";
import { scenario } from "../support/scenario.ts";

const MODES = ["bigint", "text", "bigint or text"] as const;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Everything that a value is: types, signs, the order of keys and whose they are. */
function shown(value: unknown): string {
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
  if (typeof value === "bigint") return `${value}n`;
  if (Array.isArray(value)) return `[${value.map(shown).join()}]`;
  if (!isJsonObject(value)) return JSON.stringify(value) ?? "none";
  assertEquals(Object.getPrototypeOf(value), Object.prototype);
  const keys = Object.keys(value);
  // Nothing is told of them but what is true.
  if (isLarge(value)) assertEquals(keysOf(value), keys);
  return `{${keys.map((key) => `${JSON.stringify(key)}:${shown(value[key])}`).join()}}`;
}

/** Whether it is JSON; throws where steps of that size make something else of it. */
function assertSame(text: string, step: number, name: string): boolean {
  const integers = MODES[step % MODES.length] ?? "bigint";
  const expected = tryParseExactJson(text, { integers });
  const actual = finish(readJsonSteps(text, { integers, step }));
  const [same, other] = [shown(expected), shown(actual)];
  if (same !== other) {
    assertEquals(other.slice(0, 2000), same.slice(0, 2000), `${name}: ${text.slice(0, 2000)}`);
  }
  assert(same === other, name);
  const written = finish(toJsonSteps(actual));
  if (expected !== undefined) assert(written === toJson(expected), `${name}: ${written.slice(0, 2000)}`);
  return expected !== undefined;
}

for (const [size, isLarge, runs] of [["small", false, 2_000], ["large", true, 50]] as const) {
  Deno.test(`readJsonSteps() gives what is read in one go, and toJsonSteps() writes it so: ${size} texts`, () => {
    let valid = 0;
    for (let seed = 0; seed < runs; seed++) {
      const random = createRandom(seed + (isLarge ? 2_000_000 : 0));
      const body = encoder.encode(createJsonWriter(random, isLarge).body());
      for (const step of isLarge ? [16 * 1024, 500] : [0, 1, 7, 60]) {
        const name = `seed ${seed}, steps of ${step}`;
        if (assertSame(decoder.decode(body), step, name)) valid++;
        assertSame(decoder.decode(mutate(random, body)), step, `${name}, mutated`);
      }
    }
    assert(valid > runs, `${valid}`);
  });
}

Deno.test("readJsonSteps() refuses what is no JSON at the seams of its steps", () => {
  const parts = [
    ...'{ } [ ] , : " 1 - {} [] [1] {"a":1} "a" "b": "c":1 "d":{"x":[2]} "__proto__":{} null nu \\'.split(
      " ",
    ),
    '"a":',
    '"a":-',
    ",,",
    " ",
    "\v",
  ];
  let valid = 0;
  for (let seed = 0; seed < 10_000; seed++) {
    const random = createRandom(seed);
    let inside = "";
    for (let n = random.below(7); n >= 0; n--) inside += parts[random.below(parts.length)];
    for (const text of [inside, `[${inside}]`, `{${inside}}`, `{"a":[${inside}]}`]) {
      for (const step of [0, 2, 5]) if (assertSame(text, step, `seed ${seed}, steps of ${step}`)) valid++;
    }
  }
  assert(valid > 2_500, `${valid}`);
});

Deno.test("readJsonSteps() gives what nests too deep as its text", () => {
  for (const levels of [254, 255, 256, 257, 258, 700]) {
    for (const inside of ["1", '"]\\""', "}", `"${"x".repeat(40_000)}"`, "[", ""]) {
      const list = "[".repeat(levels) + inside + "]".repeat(levels);
      const object = '{"a":'.repeat(levels) + inside + "}".repeat(levels);
      for (const text of [list, object, `[${list},${object}]`, `{"a":${object}} `]) {
        for (const step of [0, 100, 1000, 16 * 1024]) {
          assertSame(text, step, `${levels} levels, steps of ${step}`);
        }
      }
    }
  }
});

const MEMBERS = Array.from({ length: 130_000 }, (_, n) => n);

for (
  const [name, text] of [
    ["an object of 130,000 members", `{${MEMBERS.map((n) => `"k${n}":1`).join()}}`],
    ["an object of 130,000 indexes", `{${MEMBERS.map((n) => `"${n * 7919}":1`).join()}}`],
    ["a list of lists", `[${MEMBERS.map((n) => `[${n}]`).join()}]`],
    ["long integers", `[${MEMBERS.map((n) => `12345678901234567${n}`).join()}]`],
    ["what nests deep", `[${MEMBERS.slice(0, 400).map(() => "[".repeat(250) + "]".repeat(250)).join()}]`],
    ["what nests too deep", "[".repeat(1_000_000) + "]".repeat(1_000_000)],
  ] as const
) {
  scenario(`readJsonSteps() and toJsonSteps() let the event loop run for ${name}`, async () => {
    const expected = toJson(tryParseExactJson(text, { integers: "bigint or text" }));
    const ms = await longestTurnMs(async () => {
      const value = await inSlices(readJsonSteps(text, { integers: "bigint or text" }));
      const written = await inSlices(toJsonSteps(value));
      assert(written === expected);
    });
    assert(ms <= LONGEST_TURN_MS, `${ms} ms`);
  });
}
