import { assertEquals, assertThrows } from "@std/assert";
import {
  toBoolean,
  toDouble,
  toInt32,
  toInteger,
  toSeverity,
  toUint64,
} from "../../../src/ingest/otlp/json_values.ts";

Deno.test("toInteger() reads text, numbers and the halves of old SDKs", () => {
  assertEquals(toInteger("-9223372036854775808"), -9223372036854775808n);
  assertEquals(toInteger("18446744073709551615"), 18446744073709551615n);
  assertEquals(toInteger(42), 42n);
  assertEquals(toInteger({ low: -1, high: 1 }), 8589934591n);
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
  for (const value of [-1, "-1", 1.5, 1e21]) assertThrows(() => toUint64(value), Error, "Cannot read");
});

Deno.test("toDouble() reads numbers, their texts and the special values", () => {
  assertEquals(toDouble(1.5), 1.5);
  assertEquals(toDouble("1.5"), 1.5);
  assertEquals(toDouble("NaN"), NaN);
  assertEquals(toDouble("-Infinity"), -Infinity);
  assertThrows(() => toDouble(undefined));
  assertThrows(() => toDouble("x"));
  assertThrows(() => toDouble(""));
});

Deno.test("toInt32() reads enums by number and by name", () => {
  const names = ["UNSPECIFIED", "INTERNAL", "SERVER"];
  assertEquals(toInt32(2, names, "SPAN_KIND_"), 2);
  assertEquals(toInt32("SPAN_KIND_SERVER", names, "SPAN_KIND_"), 2);
  assertEquals(toInt32("SERVER", names, "SPAN_KIND_"), 2);
  assertEquals(toInt32("1", names, "SPAN_KIND_"), 1);
  assertThrows(() => toInt32("SPAN_KIND_OTHER", names, "SPAN_KIND_"));
});

Deno.test("toSeverity() reads severities by number and by name", () => {
  assertEquals([toSeverity(9), toSeverity("13"), toSeverity("SEVERITY_NUMBER_WARN2")], [9, 13, 14]);
  assertEquals(toSeverity("SEVERITY_NUMBER_OTHER"), 0);
  assertThrows(() => toSeverity({}));
});

Deno.test("toBoolean() takes no other value for false", () => {
  assertEquals([true, "true", "1", false, "false", "0"].map(toBoolean), [
    true,
    true,
    true,
    false,
    false,
    false,
  ]);
  for (const value of ["yes", "", 1, {}, undefined]) assertThrows(() => toBoolean(value));
});
