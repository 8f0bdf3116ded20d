import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { MAX_JSON_DEPTH, parseExactJson, toExactJson, tryParseExactJson } from "../../src/json/exact_json.ts";
import { cpuMs } from "../support/cpu_time.ts";

const MODES = ["bigint", "text", "bigint or text"] as const;

function nested(levels: number, inside = ""): string {
  return "[".repeat(levels) + inside + "]".repeat(levels);
}

/** Milliseconds of the work. */
function timed(work: () => unknown): number {
  const began = cpuMs();
  work();
  return cpuMs() - began;
}

Deno.test("parseExactJson() keeps every digit of an integer", () => {
  const text = '{"a":9223372036854775807,"b":[-9007199254740993, 18446744073709551616 ],"c":1}';
  assertEquals(parseExactJson(text), {
    a: 9223372036854775807n,
    b: [-9007199254740993n, 18446744073709551616n],
    c: 1,
  });
  assertEquals(parseExactJson(text, { integers: "text" }), {
    a: "9223372036854775807",
    b: ["-9007199254740993", "18446744073709551616"],
    c: 1,
  });
  assertEquals(parseExactJson("-12345678901234567890", { integers: "text" }), "-12345678901234567890");
});

Deno.test("parseExactJson() leaves fractions, exponents and digits in strings alone", () => {
  const text = '[1234567890123456.5,12345678901234567e2,1e21,0.12345678901234567,"1700000000000000000"]';
  for (const integers of MODES) {
    assertEquals(parseExactJson(text, { integers }), [
      1234567890123456.5,
      12345678901234567e2,
      1e21,
      0.12345678901234567,
      "1700000000000000000",
    ]);
  }
  assertEquals(
    parseExactJson('"\\"12345678901234567890[[{"', { integers: "text" }),
    '"12345678901234567890[[{',
  );
});

Deno.test("parseExactJson() makes no bigint of more digits than 40", () => {
  const long = "7".repeat(41);
  assertEquals(parseExactJson(`[${long}]`), [Number(long)]);
  assertEquals(parseExactJson(`[-${long}]`, { integers: "bigint or text" }), [`-${long}`]);
  assertEquals(parseExactJson(`[${long.slice(1)}]`, { integers: "bigint or text" }), [BigInt(long.slice(1))]);
});

Deno.test("parseExactJson() takes no second for millions of digits or levels", () => {
  const digits = "7".repeat(8_000_000);
  const many = `[${"12345678901234567890123456789012345678901,".repeat(100_000)}1]`;
  const hostile = [
    digits,
    `{"a":${digits}}`,
    nested(4_000_000),
    "[".repeat(8_000_000),
    '{"a":'.repeat(1_600_000),
    many,
  ];
  for (const text of hostile) {
    for (const integers of MODES) {
      const spentMs = timed(() => tryParseExactJson(text, { integers }));
      assertEquals(spentMs < 1000, true, `${text.slice(0, 10)}… as ${integers} took ${spentMs} ms`);
    }
  }
});

Deno.test("parseExactJson() gives what nests too deep as its text", () => {
  const exact = parseExactJson(nested(MAX_JSON_DEPTH, "1"));
  assertEquals(JSON.stringify(exact), nested(MAX_JSON_DEPTH, "1"));
  for (const integers of MODES) {
    const value = parseExactJson(`{"a":1,"deep":${nested(9000, '"]\\""')},"b":12345678901234567890}`, {
      integers,
    });
    const text = toExactJson(value);
    assertEquals(text.slice(0, 20), '{"a":1,"deep":[[[[[[');
    const inner = JSON.stringify(nested(9001 - MAX_JSON_DEPTH, '"]\\""'));
    assertEquals(text.includes(nested(MAX_JSON_DEPTH - 1, inner)), true);
  }
});

Deno.test("parseExactJson() refuses more objects and lists than it may make, braces in strings not counted", () => {
  const list = (item: string): string => `[${Array.from({ length: 1000 }, () => item).join()}]`;
  for (const item of ["{}", "[]"]) {
    assertThrows(
      () => parseExactJson(list(item), { maxContainers: 1000 }),
      RangeError,
      "1000 objects and lists",
    );
    parseExactJson(list(item), { maxContainers: 1001 });
  }
  parseExactJson(list('"{["'), { maxContainers: 1 });
  parseExactJson(list('"\\"{"'), { maxContainers: 1 });
  parseExactJson(list('"\\\\"'), { maxContainers: 1 });
});

Deno.test("parseExactJson() gives __proto__ as an own member", () => {
  for (const text of ['{"__proto__":{"x":1}}', '{"__proto__":{"x":12345678901234567890}}']) {
    const value = parseExactJson(text);
    assertEquals(Object.keys(Object(value)), ["__proto__"]);
    assertEquals(Object.getPrototypeOf(value), Object.prototype);
  }
});

Deno.test("parseExactJson() takes and refuses the same texts as JSON.parse", () => {
  const part = fc.constantFrom(
    ...'{ } [ ] , : " \\ \\" - 0 1 . e + true null'.split(" "),
    " ",
    '"a"',
    '"\\\\"',
    "1234567890123456789",
    "-98765432109876543210",
    "1234567890123456.5",
    '{"a":',
    "\n",
    "7".repeat(50),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
      const text = parts.join("");
      let isJson = true;
      try {
        JSON.parse(text);
      } catch {
        isJson = false;
      }
      for (const integers of MODES) {
        const value = tryParseExactJson(text, { integers });
        assertEquals(value !== undefined, isJson, text);
      }
    }),
    { numRuns: 5000 },
  );
});

Deno.test("parseExactJson() undoes toExactJson()", () => {
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 5 },
      fc.string({ unit: "binary" }),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number === 0 ? 0 : number),
      fc.bigInt({ min: 2n ** 53n, max: 2n ** 130n }),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie("value"), { maxLength: 5 }),
      fc.dictionary(fc.string(), tie("value"), { maxKeys: 5, noNullPrototype: true }),
    ),
  }));
  fc.assert(fc.property(value, (original) => {
    const text = toExactJson(original);
    const rounded = (_key: string, item: unknown): unknown => typeof item === "bigint" ? Number(item) : item;
    assertEquals(toExactJson(parseExactJson(text)), text);
    assertEquals(JSON.parse(text), JSON.parse(JSON.stringify(original, rounded)));
  }));
});

Deno.test("toExactJson() writes maps, bytes, bigints and what JSON has no number for", () => {
  const value = new Map<string, unknown>([
    ["__proto__", 18446744073709551615n],
    ["bytes", new Uint8Array([1, 2, 255])],
    ["list", [NaN, -Infinity, 1.5, undefined, null, true]],
  ]);
  assertEquals(
    toExactJson(value),
    '{"__proto__":18446744073709551615,"bytes":"AQL/","list":["NaN","-Infinity",1.5,null,null,true]}',
  );
});
