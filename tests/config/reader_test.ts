import { assertEquals } from "@std/assert";
import {
  createSettingReader,
  type Environment,
  parseDurationMs,
  type SettingReader,
} from "../../src/config/reader.ts";

const described = { description: "d" };

function read<T>(
  env: Environment,
  use: (read: SettingReader) => T,
): { value: T; problems: readonly unknown[] } {
  const reader = createSettingReader(env);
  return { value: use(reader), problems: reader.problems };
}

Deno.test("parseDurationMs() takes Go's durations and bare seconds", () => {
  const cases: [string, number | undefined][] = [
    ["30s", 30_000],
    ["250ms", 250],
    ["1m30s", 90_000],
    ["1.5s", 1500],
    ["2h", 7_200_000],
    ["30", 30_000],
    ["", undefined],
    ["-1s", undefined],
    ["30 s", undefined],
    ["soon", undefined],
  ];
  for (const [text, expected] of cases) assertEquals(parseDurationMs(text), expected, text);
});

Deno.test("reader.bytes() takes units and refuses other words", () => {
  for (
    const [text, expected] of [["1048576", 1048576], ["1MiB", 1048576], ["2k", 2048], [
      "1.5kb",
      1536,
    ]] as const
  ) {
    assertEquals(read({ X: text }, (r) => r.bytes("X", { ...described, default: 7 })).value, expected, text);
  }
  const bad = read({ X: "lots" }, (r) => r.bytes("X", { ...described, default: 7 }));
  assertEquals([bad.value, bad.problems.length], [7, 1]);
});

Deno.test("reader reports a bad value with the rule, the value and what is used instead", () => {
  const { value, problems } = read(
    { X: "999" },
    (r) => r.integer("X", { ...described, default: 5, min: 1, max: 10 }),
  );
  assertEquals(value, 5);
  assertEquals(problems, [{
    name: "X",
    message: 'Cannot use X as it must be a whole number from 1 to 10: current value is "999"',
    used: "5",
  }]);
});

Deno.test("reader takes an empty or blank value as not set", () => {
  assertEquals(read({ X: "  " }, (r) => r.boolean("X", { ...described, default: true })), {
    value: true,
    problems: [],
  });
});

Deno.test("reader.choice() takes any case and aliases, and no inherited property as one", () => {
  const choose = (text: string) =>
    read(
      { X: text },
      (r) => r.choice("X", ["v1", "v2"], { ...described, default: "v2", aliases: { protobuf: "v2" } }),
    );
  assertEquals(choose("V1").value, "v1");
  assertEquals(choose("Protobuf").value, "v2");
  assertEquals(choose("constructor").problems.length, 1);
});

Deno.test("reader.pairs() tells of a tag that Dataway would cut", () => {
  for (const text of [`a=${"y".repeat(1025)}`, `${"k".repeat(257)}=v`, `b=1,a=${"é".repeat(513)}`]) {
    const { value, problems } = read({ X: text }, (r) => r.pairs("X", described));
    assertEquals(value.size, text.split(",").length);
    assertEquals(problems.length, 1);
  }
  assertEquals(read({ X: `a=${"y".repeat(1024)}` }, (r) => r.pairs("X", described)).problems, []);
});

Deno.test("reader.pairs() keeps the good pairs and reports the bad ones", () => {
  const { value, problems } = read({ X: "a=1, b = x=y ,c,=d,e=" }, (r) => r.pairs("X", described));
  assertEquals([...value], [["a", "1"], ["b", "x=y"]]);
  assertEquals(problems.length, 1);
  assertEquals([...read({ X: '{"__proto__":"p"}' }, (r) => r.pairs("X", described)).value], [[
    "__proto__",
    "p",
  ]]);
});

Deno.test("reader.list() takes commas, spaces and JSON", () => {
  for (const text of ["a,b", "a b", '["a","b"]']) {
    assertEquals(
      read({ X: text }, (r) => r.list("X", { ...described, default: [] })).value,
      ["a", "b"],
      text,
    );
  }
});

Deno.test("reader documents each setting once, in order, without a secret's value", () => {
  const reader = createSettingReader({ S: "tkn_secret" });
  reader.secret("S", described);
  reader.durationMs("D", { ...described, default: 90_000 });
  reader.durationMs("D", { ...described, default: 90_000 });
  assertEquals(reader.settings, [
    { name: "S", kind: "text", default: "", description: "d", isSecret: true },
    { name: "D", kind: "duration", default: "90s", description: "d", isSecret: false },
  ]);
});

Deno.test("a duration without a unit says which it is, where milliseconds may be meant or it cannot be used", () => {
  const options = { default: 500, min: 0, max: 60_000, description: "" };
  const read = createSettingReader({ A: "500", B: "5000", C: "30", D: "250ms", E: "soon" });
  assertEquals(read.durationMs("A", options), 500);
  assertEquals(read.durationMs("B", { default: 1, description: "" }), 5_000_000);
  assertEquals([read.durationMs("C", options), read.durationMs("D", options)], [30_000, 250]);
  read.durationMs("E", options);
  const unit = "a bare number counts seconds: write ms behind it for milliseconds";
  assertEquals(read.problems.map(({ name, message }) => [name, message.includes(unit)]), [
    ["A", true],
    ["B", true],
    ["E", false],
  ]);
  assertEquals(read.problems[1]?.used, "5000s");
});
