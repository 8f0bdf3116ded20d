import { assertEquals } from "@std/assert";
import { createExportHandler, type Signal } from "../../../src/ingest/otlp/export_handler.ts";
import { parseConfig } from "../../../src/config.ts";
import type { Environment } from "../../../src/config/reader.ts";
import {
  DELTA_SUM,
  EXPONENTIAL_POINT,
  GAUGE,
  hex,
  HISTOGRAM_POINT,
  LOG,
  metricRequest,
  TRACE,
} from "../../fixtures/otlp/worked_bytes.ts";
import { createRecorder, type Recorder } from "./recorder.ts";

const TIME = 1700000000000000000n;

async function take(signal: Signal, bytes: Uint8Array, env: Environment = {}): Promise<Recorder> {
  const recorder = createRecorder();
  const handle = createExportHandler(parseConfig(env).config.otlp, recorder.context);
  assertEquals((await handle(signal, "protobuf", bytes)).kind, "taken");
  return recorder;
}

function varint(size: number): string {
  return size < 128
    ? size.toString(16).padStart(2, "0")
    : (size % 128 | 0x80).toString(16) + varint(size >> 7);
}

function wrap(tag: string, text: string): string {
  return tag + varint(text.length / 2) + text;
}

/** The message of a record whose body is the `AnyValue` of these bytes. */
async function body(anyValue: string): Promise<unknown> {
  const request = wrap("0a", wrap("12", wrap("12", wrap("2a", anyValue))));
  const { points } = await take("logs", hex(request));
  return points[0]?.fields.get("message");
}

/** A request of spans of these bytes, ids included where they are wanted. */
function spans(...list: string[]): Uint8Array<ArrayBuffer> {
  return hex(wrap("0a", wrap("12", list.map((span) => wrap("12", span)).join(""))));
}

const IDS = `0a10${"0b".repeat(16)}1208${"0c".repeat(8)}`;

Deno.test("protobuf traces: the worked request", async () => {
  const { points, refused } = await take("traces", TRACE);
  const [point] = points;
  assertEquals([points.length, refused.size, point?.measurement, point?.timeNs], [
    1,
    0,
    "opentelemetry",
    TIME,
  ]);
  assertEquals(Object.fromEntries(point?.tags ?? []), {
    remote_ip: "127.0.0.1",
    service: "svc",
    source: "opentelemetry",
    source_type: "custom",
    span_kind: "server",
    span_type: "entry",
    status: "error",
  });
  assertEquals(Object.fromEntries(point?.fields ?? []), {
    duration: 1000n,
    message: '{"attributes":[{"key":"n","value":{"intValue":"-1"}}],' +
      '"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"svc"}}]}}',
    parent_id: "0",
    resource: "op",
    span_id: "eee19b7ec3c1b174",
    start: TIME / 1000n,
    trace_id: "5b8efff798038103d269b633813fc60c",
  });
});

Deno.test("protobuf traces: only the span that is malformed is lost", async () => {
  const good = IDS + "2a04616263643002";
  const bad = "2a7f61"; // a name of 127 bytes in a span of 3
  const group = "0b0c"; // an obsolete group
  const badValue = IDS + "4a05" + "0a0161" + "1201"; // an attribute whose value is cut
  const { points, refused } = await take("traces", spans(good, bad, group, badValue, good));
  assertEquals(points.map(({ fields }) => fields.get("resource")), ["abcd", "abcd"]);
  assertEquals(refused, new Map([["malformed", 3]]));
});

Deno.test("protobuf traces: events, links, status, counts and the fixed flags", async () => {
  const event = "5a14" + "090100000000000000" + "12026576" + "1a030a0161" + "2002";
  const link = "6a19" + "0a0201ff" + "120102" + "1a0474733d31" + "22030a016b" + "2803" + "35ff030000";
  const status = "7a06" + "12026f6f" + "1801";
  const span = IDS + event + link + status + "5007" + "6008" + "7009" + "850101000000" + "1a0161" + "2201aa";
  const { points } = await take("traces", spans(span), { ENV_INPUT_OTEL_CLEAN_MESSAGE: "false" });
  assertEquals(JSON.parse(String(points[0]?.fields.get("message"))), {
    traceId: "0b".repeat(16),
    spanId: "0c".repeat(8),
    parentSpanId: "aa",
    name: "",
    kind: 0,
    startTimeUnixNano: "0",
    endTimeUnixNano: "0",
    traceState: "a",
    flags: 1,
    droppedAttributesCount: 7,
    events: [{
      timeUnixNano: "1",
      name: "ev",
      attributes: [{ key: "a", value: {} }],
      droppedAttributesCount: 2,
    }],
    droppedEventsCount: 8,
    links: [{
      traceId: "01ff",
      spanId: "02",
      traceState: "ts=1",
      flags: 0x3ff,
      attributes: [{ key: "k", value: {} }],
      droppedAttributesCount: 3,
    }],
    droppedLinksCount: 9,
    status: { code: 1, message: "oo" },
  });
});

Deno.test("protobuf traces: fields in any order, and a resource in two parts behind its spans", async () => {
  const attribute = (key: string, value: string): string =>
    wrap("0a", wrap("0a", key) + wrap("12", wrap("0a", value)));
  const name = attribute("736572766963652e6e616d65", "737663"); // service.name=svc
  const scope = wrap("12", wrap("12", "2a0161" + IDS) + wrap("0a", "0a016c"));
  const request = wrap("0a", scope + wrap("0a", name) + wrap("0a", attribute("656e76", "70")));
  const { points } = await take("traces", hex(request));
  assertEquals([points[0]?.tags.get("service"), points[0]?.fields.get("env")], ["svc", "p"]);
  assertEquals(String(points[0]?.fields.get("message")).includes('"scope":{"name":"l"}'), true);
});

Deno.test("protobuf logs: the worked record", async () => {
  const { points } = await take("logs", LOG);
  assertEquals(points[0]?.timeNs, TIME);
  assertEquals(Object.fromEntries(points[0]?.fields ?? []), { message: "hi", span_id: "0", trace_id: "0" });
});

Deno.test("protobuf logs: bodies of every type", async () => {
  assertEquals(await body(""), "");
  assertEquals(await body("1001"), "true");
  assertEquals(await body("18ffffffffffffffff7f"), "9223372036854775807");
  assertEquals(await body("18ffffffffffffffffff01"), "-1");
  assertEquals(await body("1880808080808080808001"), "-9223372036854775808");
  assertEquals(await body("21000000000000f87f"), "NaN");
  assertEquals(await body("2a06" + "0a021801" + "0a00"), "[1,null]");
  assertEquals(await body("3a0201ff"), "Af8=");
  assertEquals(await body("0a0161" + "1801"), "1", "the last member counts");
});

Deno.test("protobuf logs: maps, and of keys given twice the last value in the place of the first", async () => {
  const pair = (key: string, value: string): string => wrap("0a", wrap("0a", key) + wrap("12", value));
  assertEquals(await body(wrap("32", pair("6b", "1801"))), '{"k":1}');
  assertEquals(
    await body(wrap("32", pair("6b", "1801") + pair("6c", "1803") + pair("6b", "1802"))),
    '{"k":2,"l":3}',
  );
  assertEquals(await body(wrap("32", pair("5f5f70726f746f5f5f", "1801"))), '{"__proto__":1}');
});

Deno.test("protobuf logs: a map's keys are told apart as the texts that they become", async () => {
  const hex = (text: string): string => new TextEncoder().encode(text).toHex();
  const names = ["", "a", "b", "aa", "\u00e9", "\u6f22", "x".repeat(32), "x".repeat(33), "x".repeat(4100)];
  const many = Array.from({ length: 500 }, (_, n) => [`${n}`, `long name of more than 32 bytes ${n}`])
    .flat();
  for (const keys of [names, many]) {
    // Twice, in another order the second time.
    const pairs = [...keys, ...keys.toReversed()].map((key, n) => {
      return wrap("0a", wrap("0a", hex(key)) + wrap("12", wrap("0a", hex(String(n)))));
    });
    const expected = keys.map((key, n) => [key, String(2 * keys.length - 1 - n)]);
    const text = await body(wrap("32", pairs.join("")));
    assertEquals(text, `{${expected.map(([key, value]) => `${JSON.stringify(key)}:"${value}"`).join(",")}}`);
  }
  const invalid = wrap("0a", wrap("0a", "61ff") + wrap("12", "1801")) +
    wrap("0a", wrap("0a", "61fe") + wrap("12", "1802"));
  assertEquals(await body(wrap("32", invalid)), '{"a\ufffd":2}');
});

Deno.test("protobuf logs: what is nested deeper than 32 levels is cut", async () => {
  let value = "0a0178";
  for (let depth = 0; depth < 40; depth++) value = wrap("2a", wrap("0a", value));
  assertEquals(await body(value), `${"[".repeat(32)}"…"${"]".repeat(32)}`);
});

Deno.test("protobuf logs: text that is no UTF-8 is repaired", async () => {
  assertEquals(await body("0a0361ff62"), "a\ufffdb");
  assertEquals(await body("0a04efbbbf61"), "\ufeffa");
  assertEquals(await body(wrap("2a", wrap("0a", "0a03618062"))), '["a\ufffdb"]');
});

Deno.test("protobuf metrics: the worked gauge and sum", async () => {
  const gauge = await take("metrics", GAUGE);
  assertEquals([gauge.points[0]?.timeNs, gauge.points[0]?.fields], [TIME, new Map([["g", -5n]])]);
  const sum = await take("metrics", DELTA_SUM);
  assertEquals([sum.points[0]?.timeNs, sum.points[0]?.fields], [TIME + 1_000_000n, new Map([["c", 3]])]);
});

Deno.test("protobuf metrics: the worked histogram, packed and unpacked", async () => {
  const unpacked = HISTOGRAM_POINT
    .replace("3218" + "010000000000000001000000000000000100000000000000", "310100000000000000".repeat(3))
    .replace("3a10000000000000f03f0000000000001440", "39000000000000f03f390000000000001440");
  for (const point of [HISTOGRAM_POINT, unpacked]) {
    const { points } = await take("metrics", metricRequest("h", 9, point));
    assertEquals(points.map(({ tags, fields }) => [tags.get("le"), ...fields]), [
      [undefined, ["h_sum", 7.5], ["h_count", { unsigned: 3n }]],
      ["1", ["h_bucket", { unsigned: 1n }]],
      ["5", ["h_bucket", { unsigned: 2n }]],
      ["+Inf", ["h_bucket", { unsigned: 3n }]],
    ]);
  }
});

Deno.test("protobuf metrics: the worked exponential histogram, whose counts are varints", async () => {
  for (const point of [EXPONENTIAL_POINT, EXPONENTIAL_POINT.replace("12020102", "10011002")]) {
    const { points } = await take("metrics", metricRequest("e", 10, point));
    assertEquals(points.map(({ tags, fields }) => [tags.get("le"), ...fields]), [
      [undefined, ["e_count", { unsigned: 3n }]],
      ["0.25", ["e_bucket", { unsigned: 1n }]],
      ["1", ["e_bucket", { unsigned: 3n }]],
      ["+Inf", ["e_bucket", { unsigned: 3n }]],
    ]);
  }
});

Deno.test("protobuf metrics: a summary", async () => {
  const quantile = "3212" + "09000000000000e03f" + "110000000000000840";
  const point = "1900002a36fe9c9717" + "210200000000000000" + "290000000000001440" + quantile;
  const { points } = await take("metrics", metricRequest("s", 11, point));
  assertEquals(points.map(({ tags, fields }) => [tags.get("quantile"), ...fields]), [
    [undefined, ["s_count", { unsigned: 2n }], ["s_sum", 5]],
    ["0.5", ["s", 3]],
  ]);
});

Deno.test("protobuf metrics: of an int and a double the last counts", async () => {
  const time = "1900002a36fe9c9717";
  const { points } = await take(
    "metrics",
    metricRequest("g", 5, `${time}310500000000000000210000000000000040`),
  );
  assertEquals(points[0]?.fields, new Map([["g", 2]]));
});

Deno.test("protobuf metrics: only the data point that is malformed is lost", async () => {
  const good = "1900002a36fe9c9717" + "310500000000000000";
  const points = wrap("0a", "19ff") + wrap("0a", good);
  const request = wrap("0a", wrap("12", wrap("12", wrap("0a", "67") + wrap("2a", points))));
  const recorder = await take("metrics", hex(request));
  assertEquals(recorder.points.map(({ fields }) => fields.get("g")), [5n]);
  assertEquals(recorder.refused, new Map([["malformed", 1]]));
});

Deno.test("protobuf metrics: data that are malformed around their points lose their metric only", async () => {
  const good = wrap(
    "12",
    wrap("0a", "67") + wrap("2a", wrap("0a", "1900002a36fe9c9717" + "310500000000000000")),
  );
  const bad = wrap("12", wrap("0a", "62") + "2a020aff");
  const recorder = await take("metrics", hex(wrap("0a", wrap("12", bad + good))));
  assertEquals(recorder.points.map(({ fields }) => [...fields.keys()]), [["g"]]);
  assertEquals(recorder.refused, new Map([["malformed", 1]]));
});
