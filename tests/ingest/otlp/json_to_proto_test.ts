import { assert, assertEquals } from "@std/assert";
import { readOtlpConfig } from "../../../src/config/otlp.ts";
import { createSettingReader } from "../../../src/config/reader.ts";
import { createExportHandler, type Signal } from "../../../src/ingest/otlp/export_handler.ts";
import { JSON_REQUESTS } from "../../../src/ingest/otlp/json_schema.ts";
import { jsonToProto } from "../../../src/ingest/otlp/json_to_proto.ts";
import { createTimeSlice } from "../../../src/time_slice.ts";
import type { FieldValue, Point } from "../../../src/point/point.ts";
import { TRACE_JSON } from "../../fixtures/otlp/worked_bytes.ts";
import { encodeOtlp } from "../../support/wire/encode_otlp.ts";
import { createRecorder } from "./recorder.ts";
import { cpuMs } from "../../support/cpu_time.ts";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** What becomes of an attribute of a log: a field in the value's own type. */
async function attribute(anyValue: string): Promise<FieldValue | undefined> {
  const record = `{"timeUnixNano":"1","attributes":[{"key":"k","value":${anyValue}}]}`;
  const [points] = await outcome("logs", `{"resourceLogs":[{"scopeLogs":[{"logRecords":[${record}]}]}]}`);
  return points[0]?.fields.get("k");
}

Deno.test("jsonToProto() reads snake_case, upper-case ids, numbers for texts and names for enums", async () => {
  const foreign = TRACE_JSON
    .replaceAll(
      /"([a-z]+[A-Z]\w*)":/g,
      (_all, name: string) => `"${name.replaceAll(/[A-Z]/g, (c) => `_${c.toLowerCase()}`)}":`,
    )
    .replace("5b8efff798038103d269b633813fc60c", "5B8EFFF798038103D269B633813FC60C")
    .replace('"1700000000000000000"', " 1700000000000000000 ")
    .replace('"1700000000001000000"', '{"low":-1909047744,"high":395812606}')
    .replace('"-1"', "-1")
    .replace('"kind":2', '"kind":"SPAN_KIND_SERVER"')
    .replace('"code":2', '"code":"STATUS_CODE_ERROR"');
  const [points, refused] = await outcome("traces", foreign);
  const [plain] = await outcome("traces", TRACE_JSON);
  const end = (395812606n << 32n) + 2385919552n;
  assertEquals(points[0]?.fields.get("duration"), (end - 1700000000000000000n) / 1000n);
  const withoutDuration = (point: Point | undefined): unknown => ({
    ...point,
    fields: new Map(Array.from(point?.fields ?? []).filter(([key]) => key !== "duration")),
  });
  assertEquals(withoutDuration(points[0]), withoutDuration(plain[0]));
  assertEquals(refused, []);
});

Deno.test("jsonToProto() reads every kind of value", async () => {
  assertEquals(await attribute('{"stringValue":"x"}'), "x");
  assertEquals(await attribute('{"stringValue":""}'), "");
  assertEquals(await attribute('{"stringValue":"\\u00e9\\n\\"\\\\"}'), 'é\n"\\');
  assertEquals(await attribute('{"string\\u0056alue":"escaped name"}'), "escaped name");
  assertEquals(await attribute('{"stringValue":5}'), "5");
  assertEquals(await attribute('{"boolValue":false}'), false);
  assertEquals(await attribute('{"intValue":"9223372036854775807"}'), 9223372036854775807n);
  assertEquals(await attribute('{"intValue":"18446744073709551615"}'), { unsigned: 18446744073709551615n });
  assertEquals(await attribute('{"intValue":"99999999999999999999"}'), 1e20);
  assertEquals(await attribute('{"intValue":9007199254740993}'), 9007199254740993n);
  assertEquals(await attribute('{"intValue":-5}'), -5n);
  assertEquals(await attribute('{"intValue":1.5e1}'), 15n);
  assertEquals(await attribute('{"doubleValue":"1.5"}'), 1.5);
  assertEquals(await attribute('{"doubleValue":null}'), undefined);
  assertEquals(await attribute('{"bytesValue":"Af8="}'), "Af8=");
  assertEquals(await attribute('{"bytesValue":"_-8="}'), "/+8=");
  assertEquals(await attribute('{"bytesValue":"no base64!"}'), "no base64!");
  assertEquals(await attribute('{"arrayValue":{"values":[{"intValue":1},{},null]}}'), "[1,null,null]");
  assertEquals(
    await attribute('{"kvlistValue":{"values":[{"key":"a","value":{"intValue":1}}]}}'),
    '{"a":1}',
  );
  assertEquals(await attribute("{}"), undefined);
  assertEquals(await attribute("null"), undefined);
  assertEquals(await attribute('{"future":[{"a":"]}"}],"intValue":1}'), 1n);
});

Deno.test("jsonToProto() cuts what is nested deeper than 32 levels", async () => {
  const deep = `${'{"arrayValue":{"values":['.repeat(2000)}{"intValue":1}${"]}}".repeat(2000)}`;
  assertEquals(await attribute(deep), `${"[".repeat(32)}"…"${"]".repeat(32)}`);
});

Deno.test("jsonToProto() reads millions of digits without delay, wherever they stand", async () => {
  const digits = "7".repeat(8_000_000);
  const began = cpuMs();
  assertEquals(await attribute(`{"intValue":${digits}}`), undefined);
  assertEquals(await attribute(`{"doubleValue":${digits}}`), undefined);
  assertEquals(await attribute(`{"stringValue":${digits}}`), digits);
  const span = `{"startTimeUnixNano":${digits}}`;
  const traces = await outcome("traces", `{"resourceSpans":[{"scopeSpans":[{"spans":[${span}]}]}]}`);
  assertEquals(traces, [[], [["malformed", 1]]]);
  const record = `{"timeUnixNano":${digits}}`;
  const logs = await outcome("logs", `{"resourceLogs":[{"scopeLogs":[{"logRecords":[${record}]}]}]}`);
  assertEquals(logs, [[], [["malformed", 1]]]);
  const spentMs = cpuMs() - began;
  assertEquals(spentMs < 3000, true, `took ${spentMs} ms`);
});

Deno.test("jsonToProto() takes {} as an empty request, with or without a byte order mark", async () => {
  for (const text of ["{}", " {\n} ", "\ufeff{}", '{"resourceSpans":null}', '{"unknown":[1,{"a":2}]}']) {
    assertEquals(await outcome("traces", text), [[], []], text);
  }
});

Deno.test("jsonToProto() loses only the spans, scopes and resources that are malformed", async () => {
  const spans = `[5,null,{${ID},"name":"good"},{"startTimeUnixNano":"x"},{"traceId":[]}]`;
  const [points, refused] = await outcome(
    "traces",
    `{"resourceSpans":[1,{"scopeSpans":{}},{"scopeSpans":["x",{"spans":7},{"spans":${spans}}]}]}`,
  );
  assertEquals(refused, [["malformed", 8]]);
  assertEquals(points.map(({ fields }) => fields.get("resource")), ["good"]);
});

Deno.test("jsonToProto() refuses what is no request", async () => {
  const recorder = createRecorder();
  const handle = createExportHandler(readOtlpConfig(createSettingReader({}), true), recorder.context);
  const texts = [
    ...[
      "x",
      "[]",
      "null",
      '"a"',
      '{"resourceSpans":{}}',
      "{",
      '{"a":1',
      '{"a" 1}',
      "{a:1}",
      '{"a":1,}',
      '{"a":}',
    ],
    ...['{"resourceSpans":[{}', '{"resourceSpans":[{},]}', '{"resourceSpans":[{}{}]}', "{} x", '{"a":"\n"}'],
    ...['{"resourceSpans":nil}', '{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"a}]}]}]}'],
  ];
  for (const text of texts) {
    assertEquals((await handle("traces", "json", utf8(text))).kind, "undecodable", text);
  }
  assertEquals([recorder.points.length, recorder.refused], [0, new Map([["malformed", texts.length]])]);
});

Deno.test("jsonToProto() writes the bytes that protobuf has, but for the length of lengths", async () => {
  const request = JSON.parse(TRACE_JSON);
  const { bytes } = await jsonToProto(utf8(TRACE_JSON), JSON_REQUESTS.traces, createTimeSlice());
  const recorder = createRecorder();
  const handle = createExportHandler(readOtlpConfig(createSettingReader({}), true), recorder.context);
  await handle("traces", "protobuf", bytes);
  await handle("traces", "protobuf", encodeOtlp("traces", request));
  assertEquals(recorder.points.length, 2);
  assertEquals(recorder.points[0], recorder.points[1]);
});

Deno.test("members of our own in a client's protobuf are unknown fields", async () => {
  // `AnyValue` with field 15 = 7, in the attribute `k` of a record that says by field 2047 that it is trimmed.
  const value = Uint8Array.of(0x78, 7);
  const pair = Uint8Array.of(0x0a, 1, 0x6b, 0x12, value.length, ...value);
  const record = Uint8Array.of(0x09, 1, 0, 0, 0, 0, 0, 0, 0, 0x32, pair.length, ...pair, 0xf8, 0x7f, 1);
  const scope = Uint8Array.of(0x12, record.length, ...record);
  const resource = Uint8Array.of(0x12, scope.length, ...scope);
  const recorder = createRecorder();
  const handle = createExportHandler(readOtlpConfig(createSettingReader({}), true), recorder.context);
  await handle("logs", "protobuf", Uint8Array.of(0x0a, resource.length, ...resource));
  assertEquals([recorder.points[0]?.fields.has("k"), recorder.refused.size], [false, 0]);
});

/** Values that no `AnyValue` may be, and keys that are none. */
const ODD_ATTRIBUTES = [
  '{"key":"odd","value":{"doubleValue":{}}}',
  '{"key":"odd","value":{"doubleValue":"abc"}}',
  '{"key":"odd","value":{"intValue":""}}',
  '{"key":"odd","value":{"intValue":true}}',
  '{"key":"odd","value":{"stringValue":{}}}',
  '{"key":"odd","value":{"boolValue":"yes"}}',
  '{"key":"odd","value":{"bytesValue":{}}}',
  '{"key":"odd","value":"bare"}',
  '{"key":"odd","value":1}',
  '{"key":"odd","value":["a"]}',
  '{"key":"odd","value":{"arrayValue":{"values":["a",1]}}}',
  '{"key":"odd","value":{"arrayValue":["a"]}}',
  '{"key":"odd","value":{"kvlistValue":{"values":[{"key":"a","value":"b"}]}}}',
  '{"key":{},"value":{"stringValue":"x"}}',
  '"odd"',
  "null",
];
const GOOD = '{"key":"good","value":{"stringValue":"x"}}';
const ID = `"traceId":"${"0b".repeat(16)}","spanId":"${"0c".repeat(8)}"`;
const TIME = '"timeUnixNano":"1700000000000000000"';

/** Points and counts of one request of a signal. */
async function outcome(
  signal: Signal,
  text: string,
): Promise<[points: Point[], refused: [string, number][]]> {
  const recorder = createRecorder();
  const handle = createExportHandler(readOtlpConfig(createSettingReader({}), true), recorder.context);
  assertEquals((await handle(signal, "json", utf8(text))).kind, "taken", text);
  return [recorder.points, [...recorder.refused]];
}

Deno.test("an odd attribute in OTLP/JSON costs itself only, and its span, record or data point counts as trimmed", async () => {
  for (const odd of ODD_ATTRIBUTES) {
    const list = `"attributes":[${odd},${GOOD},${odd}]`;
    const requests: readonly (readonly [Signal, string])[] = [
      ["traces", `{"resourceSpans":[{"scopeSpans":[{"spans":[{${ID},${list}},{${ID}}]}]}]}`],
      ["logs", `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{${TIME},${list}},{${TIME}}]}]}]}`],
      [
        "metrics",
        `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"m","gauge":{"dataPoints":` +
        `[{${TIME},"asInt":1,${list}},{${TIME},"asInt":1}]}}]}]}]}`,
      ],
    ];
    for (const [signal, text] of requests) {
      const [points, refused] = await outcome(signal, text);
      assertEquals([points.length, refused], [2, [["trimmed", 1]]], `${signal} ${odd}`);
      const [point] = points;
      assert(point);
      const { tags, fields } = point;
      assertEquals(fields.has("odd") || tags.has("odd"), false);
      const good = tags.get("good") ?? fields.get("good") ?? fields.get("message");
      assertEquals(String(good).includes("x"), true, `${signal} ${odd}`);
    }
  }
});

Deno.test("an odd attribute of a resource or scope in OTLP/JSON costs nothing below it", async () => {
  for (const odd of ODD_ATTRIBUTES) {
    const around = `{"attributes":[${odd},{"key":"service.name","value":{"stringValue":"svc"}}]}`;
    const [points, refused] = await outcome(
      "traces",
      `{"resourceSpans":[{"resource":${around},"scopeSpans":[{"scope":${around},"spans":[{${ID}},{${ID}}]}]}]}`,
    );
    assertEquals(points.map(({ tags }) => tags.get("service")), ["svc", "svc"]);
    assertEquals(refused, [["trimmed", 2]]);
  }
  const [points, refused] = await outcome(
    "traces",
    `{"resourceSpans":[{"resource":5,"schemaUrl":[],"scopeSpans":[{"scope":"x","spans":[{${ID}}]}]}]}`,
  );
  assertEquals([points.length, refused], [1, [["trimmed", 2]]]);
});

Deno.test("odd members that a span, record or metric can do without cost themselves only", async () => {
  const spans = [
    '"attributes":7',
    '"events":[3]',
    '"events":{}',
    '"events":[{"name":[]}]',
    '"events":[{"timeUnixNano":"x"}]',
    '"links":["x"]',
    '"kind":"SPAN_KIND_OTHER"',
    '"status":5',
    '"status":{"code":{}}',
    '"name":{}',
    '"traceState":[]',
    '"parentSpanId":{}',
    '"flags":"x"',
    '"droppedLinksCount":{}',
  ];
  for (const member of spans) {
    const [points, refused] = await outcome(
      "traces",
      `{"resourceSpans":[{"scopeSpans":[{"spans":[{${ID},${member}}]}]}]}`,
    );
    assertEquals([points.length, refused], [1, [["trimmed", 1]]], member);
  }
  for (const member of ['"severityNumber":{}', '"severityText":[]', '"traceId":[]', '"eventName":{}']) {
    const [points, refused] = await outcome(
      "logs",
      `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{${member}}]}]}]}`,
    );
    assertEquals([points.length, refused], [1, [["trimmed", 1]]], member);
  }
  const [points, refused] = await outcome(
    "metrics",
    `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"m","unit":{},"gauge":{"dataPoints":` +
      `[{${TIME},"asInt":1,"flags":{}}]}}]}]}]}`,
  );
  assertEquals([points.length, refused], [1, [["trimmed", 1]]]);
});

Deno.test("a part that was odd and a value that is too long count as one trimmed point", async () => {
  const long = `{"key":"${"k".repeat(300)}","value":{"stringValue":"x"}}`;
  const record = `{${TIME},"attributes":[${long},"odd"]}`;
  const [points, refused] = await outcome(
    "logs",
    `{"resourceLogs":[{"scopeLogs":[{"logRecords":[${record}]}]}]}`,
  );
  assertEquals([points.length, refused], [1, [["trimmed", 1]]]);
});

Deno.test("a body of a log in OTLP/JSON that is no AnyValue is kept as its text", async () => {
  for (const [body, message] of [['"line"', "line"], ["5", "5"], ['["a",{"b":1}]', '["a",{"b":1}]']]) {
    const [points, refused] = await outcome(
      "logs",
      `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":${body}}]}]}]}`,
    );
    assertEquals([points[0]?.fields.get("message"), refused], [message, []]);
  }
});

Deno.test("jsonToProto() takes null for NaN as no value of a data point, and as NaN of a bound", async () => {
  const metrics = [
    `{"name":"g","gauge":{"dataPoints":[{${TIME},"asDouble":null}]}}`,
    `{"name":"h","histogram":{"dataPoints":[{${TIME},"count":"1","bucketCounts":["1","0"],"explicitBounds":[null]}]}}`,
  ];
  const [points, refused] = await outcome(
    "metrics",
    `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[${metrics}]}]}]}`,
  );
  assertEquals(points.map(({ tags }) => tags.get("le")), [undefined, "NaN", "+Inf"]);
  assertEquals(refused, [["malformed", 1]]);
});

Deno.test("jsonToProto() makes no more bytes of very many small messages than their JSON has", async () => {
  const bodies: readonly (readonly [Signal, (items: string) => string, readonly string[]])[] = [
    ["logs", (items) => `{"resourceLogs":[{"scopeLogs":[{"logRecords":[${items}]}]}]}`, [
      "{}",
      '{"body":{}}',
      '{"attributes":[{},{}]}',
      '{"body":{"stringValue":"a"}}',
    ]],
    ["logs", (items) => `{"resourceLogs":[${items}]}`, ["{}", '{"scopeLogs":[{},{}]}']],
    ["traces", (items) => `{"resourceSpans":[{"scopeSpans":[{"spans":[${items}]}]}]}`, [
      "{}",
      '{"events":[{},{}],"links":[{}]}',
    ]],
    ["metrics", (items) => `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[${items}]}]}]}`, [
      "{}",
      '{"gauge":{"dataPoints":[{},{}]}}',
    ]],
  ];
  for (const [signal, bodyOf, items] of bodies) {
    for (const item of items) {
      const json = utf8(bodyOf(Array(1000).fill(item).join()));
      const { bytes } = await jsonToProto(json, JSON_REQUESTS[signal], createTimeSlice());
      assert(bytes.length <= json.length, `${signal}, ${item}: ${bytes.length} of ${json.length}`);
      assert(bytes.length >= 1000, item);
    }
  }
});
