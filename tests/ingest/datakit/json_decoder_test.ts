import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { decodeJson } from "./collect.ts";

Deno.test("decodeJson() reads the simple form with exact nanoseconds", () => {
  const text = `[{"measurement":"abc","tags":{"t1":"b","n":5,"x":null,"__proto__":"p"},
    "fields":{"f1":123,"f2":3.4,"f3":"strval","f4":false,"f5":[1,2],"f6":["a"],"f7":null,"f8":{"k":[1]},"f9":[1,"x",{}],"time":5},
    "time":1624550216000000001}]`;
  assertEquals(decodeJson(text, "auto"), {
    points: [{
      measurement: "abc",
      tags: [["t1", "b"], ["n", "5"], ["__proto__", "p"]],
      fields: [
        ["f1", 123],
        ["f2", 3.4],
        ["f3", "strval"],
        ["f4", false],
        ["f5", [1, 2]],
        ["f6", ["a"]],
        ["f7", undefined],
        ["f8", '{"k":[1]}'],
        ["f9", '[1,"x",{}]'],
        ["time", 5],
      ],
      timeNs: 1_624_550_216_000_000_001n,
    }],
    malformed: 0,
    firstError: undefined,
  });
});

Deno.test("decodeJson() reads the typed form", () => {
  const text = `[{"name":"abc","fields":[
    {"key":"say","s":"hello"},{"key":"flag","b":false},{"key":"bin","d":"aGVsbG8="},
    {"key":"arr","a":{"@type":"type.googleapis.com/point.Array","arr":[{"i":"1"},{"i":"2"}]}},
    {"key":"i","i":"-9223372036854775808"},{"key":"u","u":"18446744073709551615","type":"COUNT","unit":"kb"},
    {"key":"tag","s":"v1","is_tag":true},{"key":"pi","f":3.14},{"key":"bad","f":"NaN"},{"key":"none"}],
    "time":"1709523668830398001"}]`;
  assertEquals(decodeJson(text, "auto").points, [{
    measurement: "abc",
    tags: [["tag", "v1"]],
    fields: [
      ["say", "hello"],
      ["flag", false],
      ["bin", new TextEncoder().encode("hello")],
      ["arr", [1n, 2n]],
      ["i", -9223372036854775808n],
      ["u", { unsigned: 18446744073709551615n }],
      ["pi", 3.14],
      ["bad", NaN],
      ["none", undefined],
    ],
    timeNs: 1_709_523_668_830_398_001n,
  }]);
});

Deno.test("decodeJson() takes one point without a list, and no time", () => {
  assertEquals(decodeJson('{"measurement":"m","fields":{"f":1}}', "auto").points, [
    { measurement: "m", tags: [], fields: [["f", 1]], timeNs: undefined },
  ]);
});

Deno.test("decodeJson() counts points it cannot read one by one", () => {
  const good = { measurement: "m", fields: { f: 1 }, time: 1_700_000_000 };
  const bad = [
    null,
    1,
    {},
    { measurement: 5, fields: {} },
    { ...good, time: "soon" },
    { ...good, tags: [] },
    { name: "m", fields: [{ i: "1" }] },
    { name: "m", fields: [{ key: "k", i: "x" }] },
    { name: "m", fields: [{ key: "k", s: 5, is_tag: true }] },
  ];
  const decoded = decodeJson(JSON.stringify([good, ...bad, good]), "auto");
  assertEquals(decoded.points.map(({ timeNs }) => timeNs), [
    1_700_000_000_000_000_000n,
    1_700_000_000_000_000_000n,
  ]);
  assertEquals([decoded.malformed, decoded.firstError], [
    9,
    "Cannot read a point as each point must be an object",
  ]);
});

Deno.test("decodeJson() costs a typed field that cannot be read only itself", () => {
  const broken = [{ i: "1" }, { key: "k", i: "x" }, { key: "k", s: 5, is_tag: true }, null, {
    key: "k",
    a: { arr: [{ i: "1" }, { i: {} }] },
  }, { key: "k", d: "?" }];
  for (const field of broken) {
    const fields = [field, { key: "good", i: "1" }, field, { key: "tag", s: "v", is_tag: true }];
    const { points, malformed } = decodeJson(JSON.stringify([{ name: "m", fields }]), "auto");
    assertEquals([points, malformed], [[{
      measurement: "m",
      tags: [["tag", "v"]],
      fields: [["good", 1n]],
      timeNs: undefined,
      isTrimmed: true,
    }], 0]);
  }
});

Deno.test("decodeJson() refuses what is no JSON, and nesting made to exhaust the stack", () => {
  for (
    const text of [
      "",
      "{",
      "m f=1",
      "[".repeat(200_000),
      `${"[".repeat(200_000)}1234567890123456${"]".repeat(200_000)}`,
    ]
  ) {
    assertEquals(decodeJson(text, "auto"), {
      points: [],
      malformed: 1,
      firstError: decodeJson(text, "auto").firstError,
    });
  }
});

Deno.test("decodeJson() takes any JSON", () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => {
    const { points, malformed } = decodeJson(JSON.stringify(value), "auto");
    assertEquals(points.length + malformed, Array.isArray(value) ? value.length : 1);
  }));
});

Deno.test("decodeJson() keeps points beside one that nests very deep or has millions of digits, and that one", () => {
  const deep = "[".repeat(9000) + "]".repeat(9000);
  const digits = "7".repeat(1_000_000);
  const body = (value: string): string =>
    `[{"name":"a","fields":{"f":1}},{"name":"b","fields":{"f":${value},"g":2}},` +
    '{"name":"c","fields":{"f":12345678901234567890}}]';
  for (const value of [deep, `{"k":${deep}}`, digits]) {
    const { points, malformed } = decodeJson(body(value), "auto");
    assertEquals([points.map(({ measurement }) => measurement), malformed], [["a", "b", "c"], 0]);
    assertEquals(points[1]?.fields[1], ["g", 2]);
  }
});

Deno.test("decodeJson() keeps the digits of integers in texts that it makes", () => {
  const text = '{"name":"a","tags":{"t":12345678901234567890},"fields":{"f":{"k":[12345678901234567890]}}}';
  const [point] = decodeJson(text, "auto").points;
  assertEquals(point?.tags, [["t", "12345678901234567890"]]);
  assertEquals(point?.fields, [["f", '{"k":[12345678901234567890]}']]);
});
