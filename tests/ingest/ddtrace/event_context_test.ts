import { assertEquals } from "@std/assert";
import { contextOfEvent } from "../../../src/ingest/ddtrace/event_context.ts";
import { extractContext } from "../../../src/ingest/ddtrace/trace_context.ts";

const DATADOG = {
  "x-datadog-trace-id": "11",
  "x-datadog-parent-id": "22",
  "x-datadog-sampling-priority": "2",
  "x-datadog-tags": "_dd.p.dm=-4,_dd.p.tid=6552a70e00000000",
  "x-datadog-origin": "rum",
};
const FOUND = { traceId: 11n, traceIdHigh: 0x6552a70e00000000n, parentId: 22n, priority: 2, origin: "rum" };
const JSON_TEXT = JSON.stringify(DATADOG);
const BASE64 = btoa(JSON_TEXT);

Deno.test("contextOfEvent() finds a context wherever an event carries it", () => {
  const events: readonly (readonly [name: string, event: unknown])[] = [
    ["HTTP API", { headers: DATADOG }],
    ["REST API", { headers: { "X-Datadog-Trace-Id": "11", ...DATADOG } }],
    ["ALB", { multiValueHeaders: Object.fromEntries(Object.entries(DATADOG).map(([k, v]) => [k, [v]])) }],
    ["direct", { _datadog: DATADOG }],
    ["EventBridge", { "detail-type": "x", detail: { _datadog: DATADOG } }],
    ["SQS text", {
      Records: [{ messageAttributes: { _datadog: { stringValue: JSON_TEXT, dataType: "String" } } }],
    }],
    ["SQS binary", {
      Records: [{ messageAttributes: { _datadog: { binaryValue: BASE64, dataType: "Binary" } } }],
    }],
    ["SNS text", {
      Records: [{ Sns: { MessageAttributes: { _datadog: { Type: "String", Value: JSON_TEXT } } } }],
    }],
    ["SNS binary", {
      Records: [{ Sns: { MessageAttributes: { _datadog: { Type: "Binary", Value: BASE64 } } } }],
    }],
    ["SNS by SQS", {
      Records: [{
        messageAttributes: {},
        body: JSON.stringify({ MessageAttributes: { _datadog: { Type: "Binary", Value: BASE64 } } }),
      }],
    }],
    ["EventBridge by SQS", { Records: [{ body: JSON.stringify({ detail: { _datadog: DATADOG } }) }] }],
    ["EventBridge by SNS", {
      Records: [{ Sns: { Message: JSON.stringify({ detail: { _datadog: DATADOG } }) } }],
    }],
    ["Kinesis", {
      Records: [{
        eventSource: "aws:kinesis",
        kinesis: { data: btoa(JSON.stringify({ _datadog: DATADOG })) },
      }],
    }],
  ];
  for (const [name, event] of events) assertEquals(contextOfEvent(JSON.stringify(event)), FOUND, name);
});

Deno.test("contextOfEvent() finds nothing in what is no carrier", () => {
  const events = [
    "",
    "null",
    "[1]",
    "{",
    '{"headers":{"x-datadog-trace-id":"0"}}',
    '{"headers":{"x-datadog-trace-id":"99999999999999999999"}}',
    '{"headers":"traceparent"}',
    '{"Records":[{"messageAttributes":{"_datadog":{"stringValue":"{"}}}]}',
    '{"Records":[{"eventSource":"aws:kinesis","kinesis":{"data":"%%%"}}]}',
    '{"__proto__":{"_datadog":{"x-datadog-trace-id":"1"}}}',
    `{"_datadog":${"[".repeat(100_000)}`,
  ];
  for (const event of events) assertEquals(contextOfEvent(event), undefined, event.slice(0, 60));
});

Deno.test("contextOfEvent() reads ids that stand as bare numbers, whatever else the event holds", () => {
  const carrier = '{"x-datadog-trace-id":12345678901234567891,"x-datadog-parent-id":1234567890123456789}';
  const found = { traceId: 12345678901234567891n, traceIdHigh: 0n, parentId: 1234567890123456789n };
  for (const other of ["1", "[".repeat(100_000) + "]".repeat(100_000), "7".repeat(1_000_000)]) {
    assertEquals(contextOfEvent(`{"other":${other},"_datadog":${carrier}}`), found);
  }
});

function extract(headers: Record<string, string>): unknown {
  return extractContext((name) => headers[name]);
}

Deno.test("extractContext() reads W3C, with Datadog's own priority where both agree on sampling", () => {
  const traceparent = "00-6552a70e00000000000000000000000b-0000000000000016-01";
  const found = { traceId: 11n, traceIdHigh: 0x6552a70e00000000n, parentId: 22n };
  assertEquals(extract({ traceparent }), { ...found, priority: 1 });
  assertEquals(extract({ traceparent, tracestate: "a=b, dd=s:2;o:rum;t.dm:-4" }), {
    ...found,
    priority: 2,
    origin: "rum",
  });
  assertEquals(extract({ traceparent, tracestate: "dd=s:-1" }), { ...found, priority: 1 });
  assertEquals(extract({ traceparent: traceparent.replace(/01$/, "00"), tracestate: "dd=s:-1" }), {
    ...found,
    priority: -1,
  });
  assertEquals(extract({ traceparent: traceparent.replace(/^00/, "ff") }), undefined);
  assertEquals(extract({ traceparent: `00-${"0".repeat(32)}-0000000000000016-01` }), undefined);
  assertEquals(extract({ traceparent: "00-zz" }), undefined);
});

Deno.test("extractContext() reads B3, single and multi, short ids and debug", () => {
  const long = "6552a70e00000000000000000000000b";
  const found = { traceId: 11n, traceIdHigh: 0x6552a70e00000000n, parentId: 22n };
  assertEquals(extract({ b3: `${long}-0000000000000016-1` }), { ...found, priority: 1 });
  assertEquals(extract({ b3: `${long}-0000000000000016-d-0000000000000001` }), { ...found, priority: 2 });
  assertEquals(extract({ b3: "000000000000000b-0000000000000016" }), { ...found, traceIdHigh: 0n });
  assertEquals(extract({ b3: "0" }), undefined);
  assertEquals(extract({ "x-b3-traceid": long, "x-b3-spanid": "0000000000000016", "x-b3-sampled": "0" }), {
    ...found,
    priority: 0,
  });
  assertEquals(extract({ "x-b3-traceid": long, "x-b3-spanid": "0000000000000016", "x-b3-flags": "1" }), {
    ...found,
    priority: 2,
  });
});

Deno.test("extractContext() prefers Datadog's headers to the others", () => {
  assertEquals(
    extract({ ...DATADOG, traceparent: "00-00000000000000000000000000000001-0000000000000002-00" }),
    FOUND,
  );
});
