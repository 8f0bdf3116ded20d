import { assertEquals, assertThrows } from "@std/assert";
import { decodeJsonLogs } from "../../../src/ingest/otlp/json_logs.ts";
import { decodeJsonMetrics } from "../../../src/ingest/otlp/json_metrics.ts";
import { decodeJsonTraces } from "../../../src/ingest/otlp/json_traces.ts";
import type { OtlpValue } from "../../../src/ingest/otlp/model.ts";
import { decodeProtoTraces } from "../../../src/ingest/otlp/proto_traces.ts";
import { TRACE, TRACE_JSON } from "../../fixtures/otlp/worked_bytes.ts";

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

Deno.test("decodeJsonTraces() loses only the spans that are malformed", () => {
  const spans = '[5,null,{"name":"good"},{"startTimeUnixNano":"x"},{"attributes":7},{"events":[3]}]';
  const { resources, malformed } = decodeJsonTraces(
    utf8(`{"resourceSpans":[{"scopeSpans":[{"spans":${spans}}]}]}`),
  );
  assertEquals(malformed, 5);
  assertEquals(resources[0]?.scopes[0]?.items.map((span) => span.name), ["good"]);
});

Deno.test("decodeJsonTraces() refuses what is no request", () => {
  for (const text of ["", "x", "[]", "null", '"a"', '{"resourceSpans":{}}', '{"resourceSpans":[1]}', "{"]) {
    assertThrows(() => decodeJsonTraces(utf8(text)), Error, undefined, text);
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
