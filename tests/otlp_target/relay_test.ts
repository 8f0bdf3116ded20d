/** What comes by OTLP is cut and left out only where it must be. */
import { assert, assertEquals, assertLess } from "@std/assert";
import { createTimeSlice } from "../../src/time_slice.ts";
import { createRelay } from "../../src/otlp_target/relay.ts";
import { decodeOtlp, nodes, type OtlpNode } from "../support/wire/decode_otlp.ts";
import { encodeOtlp } from "../support/wire/encode_otlp.ts";

type Signal = "traces" | "metrics" | "logs";

interface Entry {
  readonly bytes: Uint8Array;
  readonly count: number;
}

async function relay(
  signal: Signal,
  body: Uint8Array,
  malformed: readonly number[] = [],
): Promise<{ entries: Entry[]; leftOut: number }> {
  const entries: Entry[] = [];
  let leftOut = 0;
  const take = createRelay({
    takes: () => true,
    append: (_, bytes, count) => void entries.push({ bytes: bytes.slice(), count }),
    leaveOut: (count) => void (leftOut += count),
  });
  await take(signal, body, malformed, createTimeSlice());
  return { entries, leftOut };
}

/** A request of entries, as the exporter makes it of the store's ranges. */
function requestOf(signal: Signal, entries: readonly Entry[]): OtlpNode {
  const parts = entries.flatMap(({ bytes }) => [0x0a, ...varint(bytes.length), ...bytes]);
  return decodeOtlp(signal, Uint8Array.from(parts));
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [value % 128 | 128, ...varint(Math.floor(value / 128))];
}

function log(text: string): object {
  return { body: { stringValue: text }, timeUnixNano: "1" };
}

function logs(resource: string, ...bodies: readonly string[]): object {
  return {
    resource: { attributes: [{ key: "service.name", value: { stringValue: resource } }] },
    scopeLogs: [{ scope: { name: "s" }, logRecords: bodies.map(log) }],
    schemaUrl: "u",
  };
}

Deno.test("a request's resources are relayed byte by byte, one entry each, with fields that nobody knows", async () => {
  const unknown = [0x7a, 0x02, 0x01, 0x02];
  const body = encodeOtlp("logs", { resourceLogs: [logs("a", "1", "2"), logs("b", "3")] });
  const { entries, leftOut } = await relay("logs", Uint8Array.from([...unknown, ...body]));
  assertEquals(entries.map(({ count }) => count), [2, 1]);
  assertEquals(requestOf("logs", entries), decodeOtlp("logs", body));
  assertEquals(leftOut, 0);
});

Deno.test("data points are counted over all kinds of metrics; what has no item is no entry", async () => {
  const body = encodeOtlp("metrics", {
    resourceMetrics: [{
      scopeMetrics: [{
        metrics: [
          { name: "g", gauge: { dataPoints: [{ asInt: "1" }, { asInt: "2" }] } },
          { name: "h", histogram: { dataPoints: [{ count: "1" }] } },
          { name: "s", summary: { dataPoints: [{ count: "1" }] } },
          { name: "e", exponentialHistogram: { dataPoints: [{ count: "1" }] } },
        ],
      }],
    }, { resource: { attributes: [] } }],
  });
  assertEquals((await relay("metrics", body)).entries.map(({ count }) => count), [5]);
});

Deno.test("a large resource is cut between its items, and each part has its resource and scopes", async () => {
  const bodies = Array.from({ length: 2000 }, (_, n) => `${n} ${"x".repeat(500)}`);
  const request = { resourceLogs: [{ ...logs("a", ...bodies) }] };
  const { entries } = await relay("logs", encodeOtlp("logs", request));
  assert(entries.length >= 4);
  for (const { bytes } of entries) assertLess(bytes.length, 300 * 1024);
  const parts = nodes(requestOf("logs", entries), "resourceLogs");
  const [whole] = nodes(decodeOtlp("logs", encodeOtlp("logs", request)), "resourceLogs");
  for (const part of parts) {
    assertEquals([part["resource"], part["schemaUrl"]], [whole?.["resource"], whole?.["schemaUrl"]]);
    assertEquals(nodes(part, "scopeLogs").map((scope) => scope["scope"]), [{ name: "s" }]);
  }
  const records = parts.flatMap((part) =>
    nodes(part, "scopeLogs").flatMap((scope) => nodes(scope, "logRecords"))
  );
  assertEquals(records, nodes(nodes(whole, "scopeLogs")[0], "logRecords"));
});

Deno.test("a large resource around many small items does not multiply what is held", async () => {
  const resource = "r".repeat(200 * 1024);
  const bodies = Array.from({ length: 3000 }, (_, n) => `${n}${"x".repeat(200)}`);
  const body = encodeOtlp("logs", { resourceLogs: [logs(resource, ...bodies)] });
  const { entries } = await relay("logs", body);
  assertLess(entries.reduce((sum, { bytes }) => sum + bytes.length, 0), body.length * 1.2);
});

Deno.test("what could not be read is left out and counted, and nothing else", async () => {
  const body = encodeOtlp("logs", { resourceLogs: [logs("a", "1", "broken", "3"), logs("b", "4")] });
  const text = new TextDecoder("latin1").decode(body);
  // The record's `time`, a tag before its body, and its length.
  const at = text.indexOf("broken");
  const to = at + "broken".length + 9;
  const from = at - 4;
  assertEquals(body[from], 0x2a, "the record begins with its body");
  const { entries, leftOut } = await relay("logs", body, [from, to]);
  assertEquals(leftOut, 1);
  assertEquals(entries.map(({ count }) => count), [2, 1]);
  assertEquals(
    requestOf("logs", entries),
    decodeOtlp("logs", encodeOtlp("logs", { resourceLogs: [logs("a", "1", "3"), logs("b", "4")] })),
  );
});
