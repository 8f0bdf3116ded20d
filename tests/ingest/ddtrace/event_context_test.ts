import { assertEquals } from "@std/assert";
import { contextOfCall, contextOfEvent } from "../../../src/ingest/ddtrace/event_context.ts";
import { readEvent } from "../../../src/ingest/ddtrace/event_reader.ts";
import { contextOfXrayHeader } from "../../../src/ingest/ddtrace/xray_context.ts";
import { createTimeSlice } from "../../../src/time_slice.ts";
import { extractContext, type TraceContext } from "../../../src/ingest/ddtrace/trace_context.ts";

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

async function contextOf(json: string): Promise<TraceContext | undefined> {
  const event = await readEvent(new TextEncoder().encode(json), createTimeSlice());
  return event === undefined ? undefined : await contextOfEvent(event);
}

Deno.test("contextOfEvent() finds a context wherever an event carries it", async () => {
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
  for (const [name, event] of events) assertEquals(await contextOf(JSON.stringify(event)), FOUND, name);
});

const TRACEPARENT = "00-6552a70e00000000000000000000000b-0000000000000016-01";
const W3C = { traceId: 11n, traceIdHigh: 0x6552a70e00000000n, parentId: 22n, priority: 1 };
const XRAY = "Root=1-6552a70e-00000001000000000000000b;Parent=0000000000000016;Sampled=1";
const FROM_XRAY = { traceId: 11n, traceIdHigh: 0x6552a70e00000001n, parentId: 22n, priority: 1 };

Deno.test("contextOfEvent() finds what others than Datadog's producers put in", async () => {
  const bytes = (text: string): number[] => [...new TextEncoder().encode(text)];
  const sqs = (members: Record<string, unknown>): unknown => ({
    Records: [{ eventSource: "aws:sqs", ...members }],
  });
  const events: readonly (readonly [string, unknown, TraceContext])[] = [
    [
      "SQS traceparent",
      sqs({ messageAttributes: { traceparent: { stringValue: TRACEPARENT, dataType: "String" } } }),
      W3C,
    ],
    [
      "SQS with tracestate",
      sqs({
        messageAttributes: {
          traceparent: { stringValue: TRACEPARENT, dataType: "String" },
          tracestate: { stringValue: "dd=s:2", dataType: "String" },
        },
      }),
      { ...W3C, priority: 2 },
    ],
    [
      "SQS b3",
      sqs({
        messageAttributes: {
          b3: { stringValue: "6552a70e00000000000000000000000b-0000000000000016-1", dataType: "String" },
        },
      }),
      W3C,
    ],
    [
      "SQS X-Ray attribute",
      sqs({ messageAttributes: { "X-Amzn-Trace-Id": { stringValue: XRAY, dataType: "String" } } }),
      FROM_XRAY,
    ],
    ["SQS AWSTraceHeader", sqs({ attributes: { AWSTraceHeader: XRAY }, messageAttributes: {} }), FROM_XRAY],
    [
      "SQS labelled binary",
      sqs({ messageAttributes: { _datadog: { binaryValue: BASE64, dataType: "Binary.x" } } }),
      FOUND,
    ],
    [
      "SQS carrier before X-Ray",
      sqs({
        attributes: {
          AWSTraceHeader: "Root=1-6552a70e-aaaaaaaaaaaaaaaaaaaaaaaa;Parent=bbbbbbbbbbbbbbbb;Sampled=0",
        },
        messageAttributes: { _datadog: { stringValue: JSON_TEXT, dataType: "String" } },
      }),
      FOUND,
    ],
    ["SNS traceparent", {
      Records: [{ Sns: { MessageAttributes: { traceparent: { Type: "String", Value: TRACEPARENT } } } }],
    }, W3C],
    [
      "SNS in SQS traceparent",
      sqs({
        body: JSON.stringify({
          TopicArn: "t",
          MessageAttributes: { traceparent: { Type: "String", Value: TRACEPARENT } },
        }),
      }),
      W3C,
    ],
    [
      "EventBridge in SNS in SQS",
      sqs({
        body: JSON.stringify({ TopicArn: "t", Message: JSON.stringify({ detail: { _datadog: DATADOG } }) }),
      }),
      FOUND,
    ],
    ["Kinesis traceparent", {
      Records: [{ kinesis: { data: btoa(JSON.stringify({ traceparent: TRACEPARENT })) } }],
    }, W3C],
    ["Kafka", { records: { "t-0": [{ topic: "t", headers: [{ traceparent: bytes(TRACEPARENT) }] }] } }, W3C],
    ["Kafka, the first that has one", {
      records: {
        "t-0": [{ topic: "t", headers: [] }],
        "t-1": [{ topic: "t", headers: [{ traceparent: bytes(TRACEPARENT) }] }],
      },
    }, W3C],
    ["Kafka by Java", {
      records: {
        "t-0": {
          "0": {
            topic: "t",
            headers: {
              "0": {
                traceparent: Object.fromEntries(bytes(TRACEPARENT).map((byte, i) => [i, String(byte)])),
              },
            },
          },
        },
      },
    }, W3C],
    ["AppSync", { info: {}, request: { headers: DATADOG } }, FOUND],
    ["client context", { clientContext: { custom: { _datadog: DATADOG } } }, FOUND],
    ["client context, flat", { clientContext: { custom: DATADOG } }, FOUND],
    ["durable execution", {
      DurableExecutionArn: "arn:aws:lambda:eu-west-1:123456789012:function:f:1/durable-execution/n/i",
      InitialExecutionState: {
        Operations: [
          { Name: "_datadog_2", StepDetails: { Result: JSON_TEXT } },
          { Name: "_datadog_1", StepDetails: { Result: "{}" } },
          { Name: "step", StepDetails: { Result: "{}" } },
        ],
      },
    }, FOUND],
  ];
  for (const [name, event, found] of events) {
    assertEquals(await contextOf(JSON.stringify(event)), found, name);
  }
});

Deno.test("contextOfXrayHeader() tells Datadog's own header from others, and needs a trace and a parent", () => {
  const datadog = "Root=1-68029e8a-0000000035578e774943fd9d;Parent=76c040bdc454a7ac;Sampled=";
  const ids = { traceId: 0x35578e774943fd9dn, traceIdHigh: 0n, parentId: 0x76c040bdc454a7acn };
  assertEquals(contextOfXrayHeader(`${datadog}1`), { ...ids, priority: 1 });
  assertEquals(contextOfXrayHeader(`${datadog}0`), { ...ids, priority: 0 });
  assertEquals(contextOfXrayHeader(XRAY), FROM_XRAY);
  assertEquals(
    contextOfXrayHeader("Sampled=1;Parent=0000000000000016; Root=1-6552a70e-00000001000000000000000b"),
    FROM_XRAY,
  );
  // X-Ray's own decision, or that it is off, is none of this trace's.
  const { priority: _, ...undecided } = FROM_XRAY;
  assertEquals(contextOfXrayHeader(XRAY.replace("Sampled=1", "Sampled=0")), undecided);
  assertEquals(contextOfXrayHeader(XRAY.replace(";Sampled=1", "")), undecided);
  for (
    const none of [
      undefined,
      "",
      "Root=1-6552a70e-00000001000000000000000b",
      "Root=1-6552a70e-00000001000000000000000b;Lineage=1:1:1",
      "Root=1-6552a70e-000000010000000000000000;Parent=0000000000000016",
      "Root=1-6552a70e-00000001000000000000000b;Parent=0000000000000000",
      "Root=2-6552a70e-00000001000000000000000b;Parent=0000000000000016",
      "Root=1-6552a70e-0000000100000000000000;Parent=0000000000000016",
      `${XRAY};${"x".repeat(2000)}`,
    ]
  ) assertEquals(contextOfXrayHeader(none), undefined, none);
});

Deno.test("contextOfCall() finds a context in the headers of a call", () => {
  const client = JSON.stringify({ custom: { _datadog: DATADOG } });
  for (const headers of [DATADOG, { "lambda-runtime-client-context": client }, { _datadog: JSON_TEXT }]) {
    assertEquals(contextOfCall(new Headers(headers)), FOUND);
  }
  assertEquals(contextOfCall(new Headers({ "lambda-runtime-client-context": "[" })), undefined);
});

Deno.test("contextOfEvent() finds nothing in what is no carrier", async () => {
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
  for (const event of events) assertEquals(await contextOf(event), undefined, event.slice(0, 60));
});

Deno.test("contextOfEvent() reads ids that stand as bare numbers, whatever else the event holds", async () => {
  const carrier = '{"x-datadog-trace-id":12345678901234567891,"x-datadog-parent-id":1234567890123456789}';
  const found = { traceId: 12345678901234567891n, traceIdHigh: 0n, parentId: 1234567890123456789n };
  for (const other of ["1", "[".repeat(100_000) + "]".repeat(100_000), "7".repeat(1_000_000)]) {
    assertEquals(await contextOf(`{"other":${other},"_datadog":${carrier}}`), found);
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
