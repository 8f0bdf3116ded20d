import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { createJsonWriter } from "../../../src/ingest/ddtrace/json_writer.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

Deno.test("JsonWriter writes texts and numbers as JSON.stringify() does", () => {
  const json = createJsonWriter();
  const value = fc.oneof(
    fc.string({ unit: "binary" }).map((text) => text.toWellFormed()),
    fc.string({ unit: fc.constantFrom(...'\u0000\u001f"\\\n\u007fé') }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer(),
  );
  fc.assert(fc.property(fc.array(value), (values) => {
    json.length = 0;
    json.putByte(0x5b);
    for (const [index, one] of values.entries()) {
      if (index > 0) json.putByte(0x2c);
      if (typeof one === "number") json.putNumber(one);
      else json.putString(encode(`<${one}>`), 1, encode(one).length + 1);
    }
    json.putByte(0x5d);
    const text = new TextDecoder().decode(json.bytes.subarray(0, json.length));
    assertEquals(text, `[${values.map((one) => JSON.stringify(one)).join()}]`);
  }));
});

Deno.test("JsonWriter cuts a text at 25,000 UTF-16 units, and tells", () => {
  const json = createJsonWriter();
  for (const [text, isWhole] of [["é".repeat(25_000), true], ["é".repeat(25_001), false]] as const) {
    json.length = 0;
    assertEquals(json.putString(encode(text), 0, encode(text).length), isWhole);
    const written: unknown = JSON.parse(new TextDecoder().decode(json.bytes.subarray(0, json.length)));
    assertEquals(written, isWhole ? text : `${"é".repeat(25_000)}...`);
  }
});
