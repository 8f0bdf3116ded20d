import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { createKeyTables, type KeyTable } from "../../src/point/point_keys.ts";

function table(): KeyTable {
  return createKeyTables(() => 0)("tracing");
}

/** A table that keeps no more. */
function fullTable(): KeyTable {
  const keys = table();
  for (let i = 0; keys.of(`k${i}`).isKept; i++) assert(i < 10_000);
  keys.forgetOverflow();
  return keys;
}

Deno.test("a key is one, however often it is asked for, and by whatever bytes", () => {
  const keys = table();
  const key = keys.of("http.method");
  assert(key.isKept);
  assertStrictEquals(keys.of("http.method"), key);
  assertStrictEquals(keys.ofBytes(new TextEncoder().encode("xhttp.methodx"), 1, 12), key);
  assertEquals(key.slot.name, "http_method");
  assertStrictEquals(keys.of("http_method").slot, key.slot);
});

Deno.test("keys that are too many are of the point that is written, and one slot a name", () => {
  const keys = fullTable();
  const dotted = keys.of("late.key");
  assertEquals(dotted.isKept, false);
  assertStrictEquals(keys.of("late_key").slot, dotted.slot);
  keys.forgetOverflow();
  assert(keys.of("late_key").slot !== dotted.slot);
});

Deno.test("a name longer than any key can be is not kept", () => {
  const keys = table();
  const name = "n".repeat(5000);
  const key = keys.of(name);
  assertEquals([key.isKept, key.isCut, key.slot.name.length], [false, true, 256]);
  assert(keys.of(name) !== key);
  const bytes = new TextEncoder().encode(name);
  assertStrictEquals(keys.ofBytes(bytes, 0, bytes.length).slot, key.slot);
});

Deno.test("a key that comes to be kept has the slot that its point has already", () => {
  const keys = table();
  const long = keys.of("n".repeat(5000));
  const short = keys.of("n".repeat(256));
  assert(short.isKept);
  assertStrictEquals(short.slot, long.slot);
  keys.forgetOverflow();
  assertStrictEquals(keys.of("n".repeat(5000)).slot, short.slot);
});
