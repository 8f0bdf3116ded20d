import { assert, assertEquals, assertThrows } from "@std/assert";
import { readOtlpConfig } from "../../../src/config/otlp.ts";
import { createSettingReader } from "../../../src/config/reader.ts";
import { createExportHandler, type Signal } from "../../../src/ingest/otlp/export_handler.ts";
import { decodeJsonLogs } from "../../../src/ingest/otlp/json_logs.ts";
import { decodeJsonMetrics } from "../../../src/ingest/otlp/json_metrics.ts";
import { decodeJsonTraces } from "../../../src/ingest/otlp/json_traces.ts";
import type { OtlpValue } from "../../../src/ingest/otlp/model.ts";
import { decodeProtoTraces } from "../../../src/ingest/otlp/proto_traces.ts";
import type { Point } from "../../../src/point/point.ts";
import { TRACE, TRACE_JSON } from "../../fixtures/otlp/worked_bytes.ts";
import { createRecorder } from "./recorder.ts";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

function attribute(anyValue: string): OtlpValue {
  const span = `{"attributes":[{"key":"k","value":${anyValue}}]}`;
  const request = decodeJsonTraces(utf8(`{"resourceSpans":[{"scopeSpans":[{"spans":[${span}]}]}]}`));
  return request.resources[0]?.scopes[0]?.items[0]?.attributes.get("k");
}

Deno.test("decodeJsonTraces() reads the worked request as protobuf's is read", () => {
  assertEquals(decodeJsonTraces(utf8(TRACE_JSON)), decodeProtoTraces(TRACE));
});

Deno.test("decodeJsonTraces() reads snake_case, upper-case ids, numbers for texts and names for enums", () => {
  const foreign = TRACE_JSON
    .replaceAll(
      /"([a-z]+[A-Z]\w*)":/g,
      (_all, name: string) => `"${name.replaceAll(/[A-Z]/g, (c) => `_${c.toLowerCase()}`)}":`,
    )
    .replace("5b8efff798038103d269b633813fc60c", "5B8EFFF798038103D269B633813FC60C")
    .replace('"1700000000000000000"', "1700000000000000000")
    .replace('"1700000000001000000"', '{"low":-1909047744,"high":395812606}')
    .replace('"-1"', "-1")
    .replace('"kind":2', '"kind":"SPAN_KIND_SERVER"')
    .replace('"code":2', '"code":"STATUS_CODE_ERROR"');
  const decoded = decodeJsonTraces(utf8(foreign)).resources[0]?.scopes[0]?.items[0];
  assertEquals(decoded?.traceId, "5b8efff798038103d269b633813fc60c");
  assertEquals(decoded?.startTimeUnixNano, 1700000000000000000n);
  assertEquals(decoded?.endTimeUnixNano, (395812606n << 32n) + 2385919552n);
  assertEquals(decoded?.attributes, new Map([["n", -1n]]));
  assertEquals([decoded?.kind, decoded?.status?.code], [2, 2]);
});

Deno.test("decodeJsonTraces() reads every kind of value", () => {
  assertEquals(attribute('{"stringValue":"x"}'), "x");
  assertEquals(attribute('{"stringValue":""}'), "");
  assertEquals(attribute('{"boolValue":false}'), false);
  assertEquals(attribute('{"intValue":"9223372036854775807"}'), 9223372036854775807n);
  assertEquals(attribute('{"intValue":9007199254740993}'), 9007199254740993n);
  assertEquals(attribute('{"doubleValue":"NaN"}'), NaN);
  assertEquals(attribute('{"doubleValue":null}'), undefined);
  assertEquals(attribute('{"bytesValue":"Af8="}'), Uint8Array.of(1, 255));
  assertEquals(attribute('{"arrayValue":{"values":[{"intValue":1},{}]}}'), [1n, undefined]);
  assertEquals(
    attribute('{"kvlistValue":{"values":[{"key":"a","value":{"intValue":1}}]}}'),
    new Map([["a", 1n]]),
  );
  assertEquals(attribute("{}"), undefined);
  assertEquals(attribute("null"), undefined);
});

Deno.test("decodeJsonTraces() cuts what is nested deeper than 32 levels", () => {
  const deep = `${'{"arrayValue":{"values":['.repeat(2000)}{"intValue":1}${"]}}".repeat(2000)}`;
  let levels = 0;
  let at = attribute(deep);
  for (; Array.isArray(at); at = at[0]) levels++;
  assertEquals([levels, at], [32, "…"]);
});

Deno.test("decodeJsonTraces() and its siblings read millions of digits without delay, wherever they stand", () => {
  const digits = "7".repeat(8_000_000);
  const began = performance.now();
  assertEquals(attribute(`{"intValue":${digits}}`), Infinity);
  assertEquals(attribute(`{"doubleValue":${digits}}`), Infinity);
  assertEquals(attribute(`{"stringValue":${digits}}`), digits);
  const span = `{"startTimeUnixNano":${digits}}`;
  assertEquals(
    decodeJsonTraces(utf8(`{"resourceSpans":[{"scopeSpans":[{"spans":[${span}]}]}]}`)).malformed,
    1,
  );
  const record = `{"timeUnixNano":${digits}}`;
  assertEquals(
    decodeJsonLogs(utf8(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[${record}]}]}]}`)).malformed,
    1,
  );
  const spentMs = performance.now() - began;
  assertEquals(spentMs < 2000, true, `took ${spentMs} ms`);
});

Deno.test("decodeJsonTraces() takes {} as an empty request", () => {
  assertEquals(decodeJsonTraces(utf8("{}")), { resources: [], malformed: 0 });
});

Deno.test("decodeJsonTraces() loses only the spans, scopes and resources that are malformed", () => {
  const spans = '[5,null,{"name":"good"},{"startTimeUnixNano":"x"},{"traceId":[]}]';
  const { resources, malformed } = decodeJsonTraces(
    utf8(
      `{"resourceSpans":[1,{"scopeSpans":{}},{"scopeSpans":["x",{"spans":7},{"spans":${spans}}]}]}`,
    ),
  );
  assertEquals(malformed, 8);
  assertEquals(resources.map(({ scopes }) => scopes.flatMap(({ items }) => items.map(({ name }) => name))), [
    ["good"],
  ]);
});

Deno.test("decodeJsonTraces() refuses what is no request", () => {
  for (const text of ["", "x", "[]", "null", '"a"', '{"resourceSpans":{}}', "{"]) {
    assertThrows(() => decodeJsonTraces(utf8(text)), Error, undefined, text);
  }
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
function outcome(signal: Signal, text: string): [points: Point[], refused: [string, number][]] {
  const recorder = createRecorder();
  const handle = createExportHandler(readOtlpConfig(createSettingReader({}), true), recorder.context);
  assertEquals(handle(signal, "json", utf8(text)).kind, "taken", text);
  return [recorder.points, [...recorder.refused]];
}

Deno.test("an odd attribute in OTLP/JSON costs itself only, and its span, record or data point counts as trimmed", () => {
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
      const [points, refused] = outcome(signal, text);
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

Deno.test("an odd attribute of a resource or scope in OTLP/JSON costs nothing below it", () => {
  for (const odd of ODD_ATTRIBUTES) {
    const around = `{"attributes":[${odd},{"key":"service.name","value":{"stringValue":"svc"}}]}`;
    const [points, refused] = outcome(
      "traces",
      `{"resourceSpans":[{"resource":${around},"scopeSpans":[{"scope":${around},"spans":[{${ID}},{${ID}}]}]}]}`,
    );
    assertEquals(points.map(({ tags }) => tags.get("service")), ["svc", "svc"]);
    assertEquals(refused, [["trimmed", 2]]);
  }
  const [points, refused] = outcome(
    "traces",
    `{"resourceSpans":[{"resource":5,"schemaUrl":[],"scopeSpans":[{"scope":"x","spans":[{${ID}}]}]}]}`,
  );
  assertEquals([points.length, refused], [1, [["trimmed", 2]]]);
});

Deno.test("odd members that a span, record or metric can do without cost themselves only", () => {
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
    const [points, refused] = outcome(
      "traces",
      `{"resourceSpans":[{"scopeSpans":[{"spans":[{${ID},${member}}]}]}]}`,
    );
    assertEquals([points.length, refused], [1, [["trimmed", 1]]], member);
  }
  for (const member of ['"severityNumber":{}', '"severityText":[]', '"traceId":[]', '"eventName":{}']) {
    const [points, refused] = outcome(
      "logs",
      `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{${member}}]}]}]}`,
    );
    assertEquals([points.length, refused], [1, [["trimmed", 1]]], member);
  }
  const [points, refused] = outcome(
    "metrics",
    `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"m","unit":{},"gauge":{"dataPoints":` +
      `[{${TIME},"asInt":1,"flags":{}}]}}]}]}]}`,
  );
  assertEquals([points.length, refused], [1, [["trimmed", 1]]]);
});

Deno.test("a part that was odd and a value that is too long count as one trimmed point", () => {
  const long = `{"key":"${"k".repeat(300)}","value":{"stringValue":"x"}}`;
  const record = `{${TIME},"attributes":[${long},"odd"]}`;
  const [points, refused] = outcome("logs", `{"resourceLogs":[{"scopeLogs":[{"logRecords":[${record}]}]}]}`);
  assertEquals([points.length, refused], [1, [["trimmed", 1]]]);
});

Deno.test("a body of a log in OTLP/JSON that is no AnyValue is kept as its text", () => {
  for (const [body, message] of [['"line"', "line"], ["5", "5"], ['["a",{"b":1}]', '["a",{"b":1}]']]) {
    const [points, refused] = outcome(
      "logs",
      `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":${body}}]}]}]}`,
    );
    assertEquals([points[0]?.fields.get("message"), refused], [message, []]);
  }
});

Deno.test("decodeJsonMetrics() takes null for NaN as no value", () => {
  const metric = '{"name":"g","gauge":{"dataPoints":[{"timeUnixNano":"1","asDouble":null}]}}';
  const { resources, malformed } = decodeJsonMetrics(
    utf8(`{"resourceMetrics":[{"scopeMetrics":[{"metrics":[${metric}]}]}]}`),
  );
  const data = resources[0]?.scopes[0]?.items[0]?.data;
  assertEquals(malformed, 0);
  assertEquals(data?.kind === "gauge" ? data.dataPoints : undefined, [
    { timeUnixNano: 1n, attributes: new Map(), flags: 0, value: undefined },
  ]);
});

Deno.test("decodeJsonLogs() reads severities by name", () => {
  const record = '{"severityNumber":"SEVERITY_NUMBER_WARN2","severityText":"W","eventName":"e"}';
  const { resources } = decodeJsonLogs(utf8(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[${record}]}]}]}`));
  const read = resources[0]?.scopes[0]?.items[0];
  assertEquals([read?.severityNumber, read?.severityText, read?.eventName], [14, "W", "e"]);
});
