import { assertEquals, assertThrows } from "@std/assert";
import {
  member,
  parseJson as parseBytes,
  toDouble,
  toInt32,
  toInteger,
  toUint64,
} from "../../../src/ingest/otlp/json_reader.ts";

const parseJson = (text: string): unknown => parseBytes(new TextEncoder().encode(text));

Deno.test("parseJson() refuses more objects than their bytes are worth, braces in strings not counted", () => {
  const list = (item: string): string => `[${Array.from({ length: 600_000 }, () => item).join()}]`;
  assertThrows(() => parseJson(list("{}")), Error, "objects and lists at most");
  assertThrows(() => parseJson(list("[]")), Error, "objects and lists at most");
  parseJson(list('"{["'));
  parseJson(list('"\\"{"'));
});

Deno.test("member() reads both spellings and takes null as absent", () => {
  assertEquals(member({ traceId: "a" }, "traceId", "trace_id"), "a");
  assertEquals(member({ trace_id: "b" }, "traceId", "trace_id"), "b");
  assertEquals(member({ traceId: null }, "traceId"), undefined);
});

Deno.test("toInteger() reads text, numbers and the halves of old SDKs", () => {
  assertEquals(toInteger("-9223372036854775808"), -9223372036854775808n);
  assertEquals(toInteger("18446744073709551615"), 18446744073709551615n);
  assertEquals(toInteger(42), 42n);
  assertEquals(toInteger({ low: -1, high: 1 }), 8589934591n);
  assertEquals(toInteger(undefined), undefined);
});

Deno.test("toInteger() gives a double for what no 64 bits hold", () => {
  assertEquals(toInteger(1e21), 1e21);
  assertEquals(toInteger("99999999999999999999"), 1e20);
  assertEquals(toInteger(1.5), 1.5);
});

Deno.test("toInteger() refuses what is no number", () => {
  for (const value of ["", "abc", true, [], {}]) assertThrows(() => toInteger(value), Error, "Cannot read");
});

Deno.test("toUint64() refuses negative and broken numbers", () => {
  assertEquals(toUint64("1700000000000000001"), 1700000000000000001n);
  assertEquals(toUint64(undefined), 0n);
  for (const value of [-1, "-1", 1.5, 1e21]) assertThrows(() => toUint64(value), Error, "Cannot read");
});

Deno.test("toDouble() reads numbers, their texts and the special values", () => {
  assertEquals(toDouble(1.5), 1.5);
  assertEquals(toDouble("1.5"), 1.5);
  assertEquals(toDouble("NaN"), NaN);
  assertEquals(toDouble("-Infinity"), -Infinity);
  assertEquals(toDouble(2n ** 60n), 1152921504606846976);
  assertEquals(toDouble(undefined), undefined);
  assertThrows(() => toDouble("x"));
  assertThrows(() => toDouble(""));
});

Deno.test("toInt32() reads enums by number and by name", () => {
  const names = ["UNSPECIFIED", "INTERNAL", "SERVER"];
  assertEquals(toInt32(2, names, "SPAN_KIND_"), 2);
  assertEquals(toInt32("SPAN_KIND_SERVER", names, "SPAN_KIND_"), 2);
  assertEquals(toInt32("SERVER", names, "SPAN_KIND_"), 2);
  assertEquals(toInt32("1", names, "SPAN_KIND_"), 1);
  assertEquals(toInt32(undefined), 0);
  assertThrows(() => toInt32("SPAN_KIND_OTHER", names, "SPAN_KIND_"));
});
