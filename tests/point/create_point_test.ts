import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { integer, unsigned } from "../../src/point/integers.ts";
import { createPoint } from "../support/create_point.ts";
import {
  CATEGORIES,
  type Category,
  type FieldValue,
  type Point,
  type PointChange,
} from "../../src/point/point.ts";

interface Made {
  readonly point: Point | undefined;
  readonly changes: readonly PointChange[];
}

interface Parts {
  readonly measurement?: string;
  readonly tags?: readonly (readonly [string, string])[];
  readonly fields?: readonly (readonly [string, FieldValue | undefined])[];
  readonly timeNs?: bigint;
}

function make(category: Category, parts: Parts): Made {
  const changes: PointChange[] = [];
  const draft = { category, measurement: "m", tags: [], fields: [["v", 1] as const], timeNs: 7n, ...parts };
  return { point: createPoint(draft, (change) => void changes.push(change)), changes };
}

const fieldsOf = (made: Made): unknown => [...made.point?.fields ?? []];
const tagsOf = (made: Made): unknown => [...made.point?.tags ?? []];

Deno.test("createPoint() passes a clean draft as it is", () => {
  const made = make("logging", {
    measurement: "awslambda",
    tags: [["host", "h0"]],
    fields: [["message", "hi\n"], ["status", "info"], ["n", 1n], ["ok", true]],
    timeNs: 1700000000000000001n,
  });
  assertEquals(made.changes, []);
  assertEquals(made.point, {
    category: "logging",
    measurement: "awslambda",
    tags: new Map([["host", "h0"]]),
    fields: new Map<string, FieldValue>([["message", "hi\n"], ["status", "info"], ["n", 1n], ["ok", true]]),
    timeNs: 1700000000000000001n,
  });
});

Deno.test("createPoint() owns its maps", () => {
  const tags = new Map([["a", "1"]]);
  const fields = new Map([["v", 1]]);
  const point = createPoint({ category: "metric", measurement: "m", tags, fields, timeNs: 0n });
  tags.set("a", "2");
  fields.set("v", 2);
  assertEquals(point?.tags.get("a"), "1");
  assertEquals(point?.fields.get("v"), 1);
});

Deno.test("createPoint() names a point without measurement", () => {
  assertEquals(make("metric", { measurement: "" }).point?.measurement, "__default");
  assertEquals(make("metric", { measurement: "\\\\" }).point?.measurement, "__default");
});

Deno.test("createPoint() cuts a measurement at 1024 bytes, between code points", () => {
  const made = make("metric", { measurement: "x".repeat(1022) + "€" });
  assertEquals(made.point?.measurement, "x".repeat(1022));
  assertEquals(made.changes, ["value_cut"]);
  assertEquals(make("metric", { measurement: "x".repeat(1024) }).changes, []);
});

Deno.test("createPoint() cuts keys at 256 bytes, between code points", () => {
  const made = make("metric", {
    tags: [["t".repeat(257), "v"]],
    fields: [["é".repeat(129), 1], ["k".repeat(256), 2]],
  });
  assertEquals(tagsOf(made), [["t".repeat(256), "v"]]);
  assertEquals(fieldsOf(made), [["é".repeat(128), 1], ["k".repeat(256), 2]]);
  assertEquals(made.changes, ["key_cut", "key_cut"]);
});

Deno.test("createPoint() cuts tag values at 1024 bytes, between code points", () => {
  const made = make("metric", { tags: [["a", "v".repeat(1021) + "😀"], ["b", "v".repeat(1024)]] });
  assertEquals(tagsOf(made), [["a", "v".repeat(1021)], ["b", "v".repeat(1024)]]);
  assertEquals(made.changes, ["value_cut"]);
});

Deno.test("createPoint() leaves no backslash at the end of a cut", () => {
  const made = make("metric", { tags: [["a", "v".repeat(1023) + "\\v"]] });
  assertEquals(tagsOf(made), [["a", "v".repeat(1023)]]);
});

Deno.test("createPoint() cuts string fields at 32 MiB, between code points", () => {
  const limit = 32 * 1024 * 1024;
  const made = make("logging", { fields: [["message", "x".repeat(limit - 1) + "é"], ["status", "ok"]] });
  assertEquals(made.point?.fields.get("message") === "x".repeat(limit - 1), true);
  assertEquals(made.changes, ["value_cut"]);
});

Deno.test("createPoint() cuts bytes fields at 32 MiB", () => {
  const limit = 32 * 1024 * 1024;
  const made = make("tracing", { fields: [["d", new Uint8Array(limit + 1)], ["e", new Uint8Array(limit)]] });
  const cut = made.point?.fields.get("d");
  assert(cut instanceof Uint8Array);
  assertEquals(cut.length, limit);
  assertEquals(made.changes, ["value_cut"]);
});

Deno.test("createPoint() replaces lone surrogates everywhere", () => {
  const made = make("logging", {
    measurement: "m\ud800",
    tags: [["k\udc00", "v\ud800"]],
    fields: [["f\ud800", "s\udc00"], ["status", "ok"]],
  });
  assertEquals(made.point?.measurement, "m\ufffd");
  assertEquals(tagsOf(made), [["k\ufffd", "v\ufffd"]]);
  assertEquals(fieldsOf(made), [["f\ufffd", "s\ufffd"], ["status", "ok"]]);
});

Deno.test("createPoint() keeps newlines and trailing backslashes out of keys and tag values", () => {
  const made = make("metric", { tags: [["a\nb\\\\", "x\ny\\"]], fields: [["c\n\\", 1]] });
  assertEquals(tagsOf(made), [["a b", "x y"]]);
  assertEquals(fieldsOf(made), [["c ", 1]]);
  assertEquals(made.changes, ["key_cut", "value_cut", "key_cut"]);
});

Deno.test("createPoint() leaves out empty-valued tags without a word", () => {
  const made = make("metric", { tags: [["a", ""], ["b", "1"]] });
  assertEquals(tagsOf(made), [["b", "1"]]);
  assertEquals(made.changes, []);
});

Deno.test("createPoint() drops empty keys", () => {
  const made = make("metric", { tags: [["", "x"]], fields: [["\\", 1], ["v", 2]] });
  assertEquals(tagsOf(made), []);
  assertEquals(fieldsOf(made), [["v", 2]]);
  assertEquals(made.changes, ["key_dropped", "key_cut", "key_dropped"]);
});

Deno.test("createPoint() keeps dots in the keys of metrics only", () => {
  for (const category of CATEGORIES) {
    const made = make(category, { tags: [["a.b", "1"]], fields: [["c.d", 1], ["name", 1], ["status", 2]] });
    const dotted = category === "metric";
    assertEquals(made.point?.tags.get(dotted ? "a.b" : "a_b"), "1", category);
    assertEquals(made.point?.fields.get(dotted ? "c.d" : "c_d"), 1, category);
    assertEquals(made.changes, []);
  }
});

Deno.test("createPoint() lets a key that was written so win over one that the rules made equal", () => {
  const after = make("tracing", { fields: [["a_b", 1], ["a.b", 2]] });
  const before = make("tracing", { fields: [["a.b", 2], ["a_b", 1]] });
  assertEquals([fieldsOf(after), fieldsOf(before)], [[["a_b", 1]], [["a_b", 1]]]);
  assertEquals([after.changes, before.changes], [["key_dropped"], ["key_dropped"]]);

  const tag = make("tracing", { tags: [["a_b", "exact"], ["a.b", "dotted"]] });
  assertEquals(tagsOf(tag), [["a_b", "exact"]]);
  const field = make("tracing", { tags: [["a.b", "dotted"]], fields: [["a_b", 1]] });
  assertEquals([tagsOf(field), fieldsOf(field)], [[], [["a_b", 1]]]);
});

Deno.test("createPoint() lets the last of equal keys win, and a tag before a field", () => {
  const made = make("tracing", {
    tags: [["t", "1"], ["t", "2"], ["d.t", "1"], ["d.t", "2"]],
    fields: [["f", 1], ["f", 2], ["d.f", 1], ["d.f", 2], ["t", 3], ["d.t", 4]],
  });
  assertEquals(tagsOf(made), [["t", "2"], ["d_t", "2"]]);
  assertEquals(fieldsOf(made), [["f", 2], ["d_f", 2]]);
  assertEquals(made.changes.length, 6);
  assert(made.changes.every((change) => change === "key_dropped"));
});

Deno.test("createPoint() drops the keys Dataway keeps for itself", () => {
  const log = make("logging", {
    tags: [["source", "x"]],
    fields: [["date", 1], ["class", 2], ["status", "ok"]],
  });
  assertEquals([tagsOf(log), fieldsOf(log)], [[], [["class", 2], ["status", "ok"]]]);
  assertEquals(log.changes, ["key_dropped", "key_dropped"]);
  const object = make("custom_object", {
    tags: [["class", "x"], ["name", "n"]],
    fields: [["date", 1], ["source", 2]],
  });
  assertEquals([tagsOf(object), fieldsOf(object)], [[["name", "n"]], [["source", 2]]]);
  for (const category of ["metric", "tracing"] as const) {
    const kept = make(category, { tags: [["source", "x"]], fields: [["date", 1]] });
    assertEquals([tagsOf(kept), fieldsOf(kept)], [[["source", "x"]], [["date", 1]]]);
  }
});

Deno.test("createPoint() adds the key Dataway requires", () => {
  assertEquals(fieldsOf(make("logging", { fields: [["message", "x"]] })), [["message", "x"], [
    "status",
    "info",
  ]]);
  assertEquals(fieldsOf(make("object", { fields: [["a", 1]] })), [["a", 1], ["name", "default"]]);
  assertEquals(fieldsOf(make("logging", { tags: [["status", "error"]], fields: [["a", 1]] })), [["a", 1]]);
  assertEquals(fieldsOf(make("logging", { fields: [["status", 500n]] })), [["status", 500n]]);
});

Deno.test("createPoint() keeps 1024 fields and 256 tags", () => {
  const tags = Array.from({ length: 258 }, (_, i) => [`t${i}`, "x"] as const);
  const fields = Array.from({ length: 1025 }, (_, i) => [`f${i}`, i] as const);
  const made = make("metric", { tags, fields });
  assertEquals([made.point?.tags.size, made.point?.fields.size], [256, 1024]);
  assertEquals([made.point?.tags.has("t256"), made.point?.fields.has("f1024")], [false, false]);
  assertEquals(made.changes, ["too_many_keys", "too_many_keys", "too_many_keys"]);
});

Deno.test("createPoint() gives the last place to a required field", () => {
  const fields = Array.from({ length: 1024 }, (_, i) => [`f${i}`, i] as const);
  const made = make("logging", { fields });
  assertEquals(made.point?.fields.size, 1024);
  assertEquals(made.point?.fields.get("status"), "info");
  assertEquals(made.changes, ["too_many_keys"]);
});

Deno.test("createPoint() drops text from metrics only", () => {
  const fields = [["s", "text"], ["d", new Uint8Array(1)], ["a", ["x"]], ["n", [1, 2]], ["v", 1]] as const;
  const metric = make("metric", { fields });
  assertEquals(fieldsOf(metric), [["n", [1, 2]], ["v", 1]]);
  assertEquals(metric.changes, ["value_dropped", "value_dropped", "value_dropped"]);
  assertEquals(make("tracing", { fields }).point?.fields.size, 5);
});

Deno.test("createPoint() drops what is no number, and undefined without a word", () => {
  const made = make("tracing", {
    fields: [["a", NaN], ["b", Infinity], ["c", -Infinity], ["d", undefined], ["v", -0]],
  });
  assertEquals(fieldsOf(made), [["v", -0]]);
  assertEquals(made.changes, ["value_dropped", "value_dropped", "value_dropped"]);
});

Deno.test("createPoint() widens integers to unsigned, then to text", () => {
  const fields = [
    ["min", -(2n ** 63n)],
    ["max", 2n ** 63n - 1n],
    ["wide", 2n ** 63n],
    ["huge", 2n ** 64n],
    ["low", -(2n ** 63n) - 1n],
    ["u", { unsigned: 2n ** 64n - 1n }],
    ["negative", { unsigned: -1n }],
  ] as const;
  assertEquals(fieldsOf(make("tracing", { fields })), [
    ["min", -9223372036854775808n],
    ["max", 9223372036854775807n],
    ["wide", { unsigned: 9223372036854775808n }],
    ["huge", "18446744073709551616"],
    ["low", "-9223372036854775809"],
    ["u", { unsigned: 18446744073709551615n }],
    ["negative", -1n],
  ]);
  const metric = make("metric", { fields });
  assertEquals(metric.point?.fields.size, 5);
  assertEquals(metric.changes, ["value_dropped", "value_dropped"]);
});

Deno.test("createPoint() turns arrays of mixed types into JSON text", () => {
  const made = make("tracing", {
    fields: [
      ["mixed", [1, "x\ud800", true, 2n ** 63n, { unsigned: 3n }, new Uint8Array([1, 2, 3])]],
      ["nan", [1.5, NaN]],
      ["integers", [1n, 2n ** 63n]],
      ["signs", [-1n, { unsigned: 1n }]],
      ["same", ["a", "b"]],
      ["empty", []],
    ],
  });
  assertEquals(fieldsOf(made), [
    ["mixed", '[1,"x\ufffd",true,9223372036854775808,3,"AQID"]'],
    ["nan", "[1.5,null]"],
    ["integers", [{ unsigned: 1n }, { unsigned: 9223372036854775808n }]],
    ["signs", "[-1,1]"],
    ["same", ["a", "b"]],
    ["empty", []],
  ]);
  assertEquals(make("metric", { fields: [["mixed", [1, true]], ["v", 1]] }).changes, ["value_dropped"]);
});

Deno.test("createPoint() makes nothing of a draft without fields, and says so", () => {
  const made = make("metric", { tags: [["a", "1"]], fields: [["s", "text"], ["n", NaN]] });
  assertEquals(made.point, undefined);
  assertEquals(made.changes, ["value_dropped", "value_dropped", "no_field"]);
  assertEquals(make("tracing", { fields: [] }).changes, ["no_field"]);
});

Deno.test("createPoint() keeps a log that has only tags", () => {
  const made = make("logging", { tags: [["a", "1"]], fields: [] });
  assertEquals(fieldsOf(made), [["status", "info"]]);
});

Deno.test("createPoint() brings times into what parsers take", () => {
  assertEquals(make("metric", { timeNs: 2n ** 64n }).point?.timeNs, 9223372036854775806n);
  assertEquals(make("metric", { timeNs: -(2n ** 64n) }).point?.timeNs, -9223372036854775806n);
  assertEquals(make("metric", { timeNs: 2n ** 64n }).changes, ["value_cut"]);
});

Deno.test("createPoint() takes keys of JavaScript's own objects", () => {
  const made = make("tracing", { tags: [["__proto__", "t"]], fields: [["constructor", 1]] });
  assertEquals([tagsOf(made), fieldsOf(made)], [[["__proto__", "t"]], [["constructor", 1]]]);
});

Deno.test("createPoint() obeys its limits whatever it is given", () => {
  const text = fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)), maxLength: 400 });
  const pairs = fc.array(fc.tuple(text, text));
  fc.assert(
    fc.property(fc.constantFrom(...CATEGORIES), text, pairs, pairs, (category, measurement, tags, fields) => {
      const point = createPoint({ category, measurement, tags, fields, timeNs: 0n });
      if (point === undefined) return;
      assertLine(point.measurement, 1024);
      for (const [key, value] of point.tags) {
        assertLine(key, 256);
        assertLine(value, 1024);
        assert(!point.fields.has(key));
      }
      for (const key of point.fields.keys()) assertLine(key, 256);
    }),
  );
});

function assertLine(text: string, maxBytes: number): void {
  assert(text.isWellFormed());
  assert(text !== "" && !text.includes("\n") && !text.endsWith("\\"));
  assert(new TextEncoder().encode(text).length <= maxBytes);
}

Deno.test("unsigned() and integer() take what JSON holds", () => {
  assertEquals(unsigned(18), { unsigned: 18n });
  assertEquals(unsigned(18n), { unsigned: 18n });
  assertEquals(unsigned(18.9), { unsigned: 18n });
  assertEquals(unsigned(NaN), undefined);
  assertEquals(integer(-3.7), -3n);
  assertEquals(integer(Infinity), undefined);
});
