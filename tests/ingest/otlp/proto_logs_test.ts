import { assertEquals } from "@std/assert";
import type { OtlpValue } from "../../../src/ingest/otlp/model.ts";
import { decodeProtoLogs } from "../../../src/ingest/otlp/proto_logs.ts";
import { hex, LOG } from "../../fixtures/otlp/worked_bytes.ts";

/** A request of one record whose body is the `AnyValue` of these bytes. */
function body(anyValue: string): OtlpValue {
  const wrap = (tag: string, text: string): string => tag + varint(text.length / 2) + text;
  const request = wrap("0a", wrap("12", wrap("12", wrap("2a", anyValue))));
  return decodeProtoLogs(hex(request)).resources[0]?.scopes[0]?.items[0]?.body;
}

Deno.test("decodeProtoLogs() reads the worked record", () => {
  assertEquals(decodeProtoLogs(LOG).resources[0]?.scopes[0]?.items, [{
    timeUnixNano: 1700000000000000000n,
    observedTimeUnixNano: 1700000000001000000n,
    severityNumber: 9,
    severityText: "",
    body: "hi",
    attributes: new Map(),
    traceId: "",
    spanId: "",
    eventName: "",
  }]);
});

Deno.test("decodeProtoLogs() reads bodies of every type", () => {
  assertEquals(body(""), undefined);
  assertEquals(body("1001"), true);
  assertEquals(body("18ffffffffffffffff7f"), 9223372036854775807n);
  assertEquals(body("21000000000000f87f"), NaN);
  assertEquals(body("2a06" + "0a021801" + "0a00"), [1n, undefined]);
});

Deno.test("decodeProtoLogs() reads nested maps, bytes, and of duplicate keys the last", () => {
  assertEquals(body("3209" + "0a070a016b12021801"), new Map([["k", 1n]]));
  assertEquals(body("3212" + "0a070a016b12021801" + "0a070a016b12021802"), new Map([["k", 2n]]));
  assertEquals(body("3a0201ff"), Uint8Array.of(1, 255));
  assertEquals(body("0a0161" + "1801"), 1n);
});

Deno.test("decodeProtoLogs() keeps __proto__ as the key it is", () => {
  const key = "0a09" + "5f5f70726f746f5f5f";
  assertEquals(body(`3211${"0a0f"}${key}12021801`), new Map([["__proto__", 1n]]));
});

Deno.test("decodeProtoLogs() cuts what is nested deeper than 32 levels", () => {
  let value = "0a0178";
  for (let depth = 0; depth < 40; depth++) {
    const inner = `0a${varint(value.length / 2)}${value}`;
    value = `2a${varint(inner.length / 2)}${inner}`;
  }
  let levels = 0;
  let at = body(value);
  while (Array.isArray(at)) {
    levels++;
    at = at[0];
  }
  assertEquals([levels, at], [32, "…"]);
});

function varint(size: number): string {
  return size < 128
    ? size.toString(16).padStart(2, "0")
    : (size % 128 | 0x80).toString(16) + (size >> 7).toString(16).padStart(2, "0");
}
