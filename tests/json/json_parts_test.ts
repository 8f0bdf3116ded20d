import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  anything,
  either,
  elements,
  members,
  readJsonParts,
  type Wanted,
} from "../../src/json/json_parts.ts";

function read(json: string, wanted: Wanted = anything): unknown {
  const { done, value } = readJsonParts(new TextEncoder().encode(json), wanted, () => false).next();
  assert(done);
  return value;
}

/** With ordinary prototypes, as `assertEquals` compares those, too. */
function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}

Deno.test("readJsonParts() reads all of what JSON.parse() does, within its bounds", () => {
  const small = fc.json({ maxDepth: 8 }).filter((json) => !/\d{15}/.test(json));
  fc.assert(fc.property(small, (json) => assertEquals(plain(read(json)), plain(JSON.parse(json)))), {
    numRuns: 500,
  });
});

Deno.test("readJsonParts() reads what is wanted, in any case of its name, and nothing else", () => {
  const wanted = members({ Records: elements(members({ id: anything }), 2), source: anything });
  const json = '{"x":[{"id":1}],"Records":[{"id":1,"y":2},{"ID":2},{"id":3}],"SOURCE":"s"}';
  const value = read(json, wanted);
  assertEquals(plain(value), { Records: [{ id: 1 }, { id: 2 }, null], source: "s" });
  // A name that is right goes before one that is not, whatever their order.
  assertEquals(plain(read('{"source":"a","Source":"b"}', wanted)), { source: "a" });
  assertEquals(plain(read('{"Source":"b","source":"a"}', wanted)), { source: "a" });
});

Deno.test("readJsonParts() takes one thing of an object, another of a list", () => {
  const wanted = members({ r: either(elements(anything, 1), elements(members({ a: anything }), 1)) });
  assertEquals(plain(read('{"r":{"x":1,"y":2}}', wanted)), { r: { x: 1 } });
  assertEquals(plain(read('{"r":[{"a":1,"b":2}]}', wanted)), { r: [{ a: 1 }] });
  assertEquals(plain(read('{"r":[[1]]}', members({ r: members({ a: anything }) }))), {});
});

Deno.test("readJsonParts() gives long integers as text", () => {
  assertEquals(read("12345678901234567891"), "12345678901234567891");
  assertEquals(read("123456789012345"), 123456789012345);
  assertEquals(read("1.5e3"), 1500);
});

Deno.test("readJsonParts() leaves out what is too deep, too long or too much", () => {
  assertEquals(
    plain(read(`${"[".repeat(31)}[1]${"]".repeat(31)}`)),
    JSON.parse(`${"[".repeat(31)}[1]${"]".repeat(31)}`),
  );
  assertEquals(JSON.stringify(read(`${"[".repeat(40)}${"]".repeat(40)}`)).length, 2 * 32 + "null".length);
  assertEquals(plain(read(`{"a":"${"x".repeat(1_100_000)}","b":1}`)), { b: 1 });
  const list = read(`[${"1,".repeat(50_000)}1]`);
  assert(Array.isArray(list));
  assertEquals([list[10_000], list.at(-1), list.length < 50_001], [1, 1, true]);
  // No member takes what another needs.
  assertEquals(
    Object(read(`{"a":[${"1,".repeat(50_000)}1],"b":[${"1,".repeat(50_000)}1],"c":{"d":[1]}}`)).c.d[0],
    1,
  );
});

Deno.test("readJsonParts() reads no JSON as nothing", () => {
  for (
    const json of [
      "",
      "{",
      "[",
      '{"a"',
      '{"a":',
      '{"a":1,}',
      '{"a":1 "b":2}',
      "[1 2]",
      "1 2",
      '"',
      "}",
      "{1:2}",
      '"\\x"',
    ]
  ) {
    assertEquals(read(json), undefined, json);
  }
});

Deno.test("readJsonParts() lets other work run in the middle of long values", () => {
  for (
    const json of [
      `{${'"a":1,'.repeat(100_000)}"b":1}`,
      `{"x":[${"1,".repeat(100_000)}1]}`,
      `{"x":[${"[1],".repeat(50_000)}[]]}`,
    ]
  ) {
    const steps = readJsonParts(new TextEncoder().encode(json), members({ z: anything }), () => true);
    let count = 0;
    while (!steps.next().done) count++;
    assert(count > 5, `${count} steps`);
  }
});
