import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { createLineReader, type Line } from "../../../src/lambda/lines/line.ts";
import type { JsonObject } from "../../../src/json/exact_json.ts";

const ID = "3da1f2dc-3222-475e-9205-e2e6c6318895";
const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";

function read(record: string | JsonObject): Line {
  return createLineReader().read(record);
}

/** What is told of a line beside its message, as far as there is anything. */
function summary(line: Line): Record<string, unknown> {
  const { status, requestId, traceId, spanId } = line;
  const members = line.members === undefined
    ? {}
    : { members: Object.keys(line.members).filter((key) => !line.told.includes(key)).join() };
  return Object.fromEntries(
    Object.entries({ message: line.message, status, requestId, traceId, spanId, ...members })
      .filter(([, value]) => value !== undefined),
  );
}

const CASES:
  readonly (readonly [name: string, record: string | JsonObject, expected: Record<string, unknown>])[] = [
    ["text", "order 4711 taken\n", { message: "order 4711 taken" }],
    ["text in colours", "\x1b[31mERROR\x1b[0m  bad\r\n", { message: "ERROR  bad", status: "error" }],
    ["JSON text", '{"level":"error","message":"bad","order":7}\n', {
      message: "bad",
      status: "error",
      members: "level,order",
    }],
    ["JSON text with blanks around it", '{"lvl":"warn","msg":"bad"} \n', {
      message: "bad",
      status: "warning",
      members: "lvl",
    }],
    [
      "JSON text behind Node's columns",
      `2026-11-25T13:26:39.885Z\t${ID}\tINFO\t{"level":"error","message":"bad"}`,
      {
        message: "bad",
        status: "error",
        requestId: ID,
        members: "level",
      },
    ],
    ["JSON text without a level behind Node's columns", `2026-11-25T13:26:39.885Z\t${ID}\tWARN\t{"a":1}`, {
      message: '{"a":1}',
      status: "warning",
      requestId: ID,
      members: "a",
    }],
    ["JSON text behind .NET's columns", `2026-11-25T13:26:39.885Z\t${ID}\tfail\t{"Message":"bad"}`, {
      message: "bad",
      status: "error",
      requestId: ID,
      members: "",
    }],
    ["JSON that is broken", '{"level":"error",', { message: '{"level":"error",' }],
    ["a list", '[{"level":"error"}]', { message: '[{"level":"error"}]' }],
    ["an object as Node prints it", `2026-11-25T13:26:39.885Z\t${ID}\tINFO\t{\n  level: 'error'\n}`, {
      message: `2026-11-25T13:26:39.885Z\t${ID}\tINFO\t{\n  level: 'error'\n}`,
      status: "info",
      requestId: ID,
    }],
    ["the platform's envelope around text", {
      timestamp: "2026-11-25T13:26:39.885Z",
      level: "INFO",
      message: "2026/11/25 13:29:14 ERROR bad\n",
    }, { message: "2026/11/25 13:29:14 ERROR bad", status: "error", members: "timestamp,level" }],
    ["the platform's envelope around text without a level", {
      timestamp: "2026-11-25T13:26:39.885Z",
      level: "WARN",
      message: "plain",
    }, { message: "plain", status: "warning", members: "timestamp,level" }],
    ["a record around JSON text", {
      timestamp: "2026-11-25T13:26:44.785Z",
      level: "INFO",
      requestId: ID,
      message: `{"level":"error","message":"bad","trace_id":"${TRACE}"}`,
    }, {
      message: "bad",
      status: "error",
      requestId: ID,
      traceId: TRACE,
      members: "level,trace_id,timestamp,requestId",
    }],
    ["a record around an object that is a log", {
      timestamp: "2026-11-25T13:26:44.785Z",
      level: "ERROR",
      requestId: ID,
      message: { message: "bad", order: 7 },
    }, { message: "bad", status: "error", requestId: ID, members: "order,timestamp,requestId,level" }],
    ["a record around an object that is none", {
      timestamp: "2026-11-25T13:26:44.785Z",
      level: "ERROR",
      requestId: ID,
      message: { order: 7 },
    }, { message: '{"order":7}', status: "error", requestId: ID, members: "timestamp,level,requestId" }],
    ["a logger's record around JSON text", {
      levelname: "INFO",
      service: "shop",
      message: '{"severity":"ERROR","message":"bad","service":"other","order":7}',
    }, { message: "bad", status: "info", members: "levelname,service,severity,order" }],
    ["Roarr", { context: { logLevel: 50, level: 2 }, message: "m", sequence: "0" }, {
      message: "m",
      status: "error",
      members: "context,sequence",
    }],
    ["Logstash", { "@fields": { level: "error", order: 7 }, "@message": "m", "@timestamp": "t" }, {
      message: "m",
      status: "error",
      members: "@fields,@timestamp",
    }],
    ["no level but that of something else", { fields: { level: 3 }, message: "m" }, {
      message: "m",
      members: "fields",
    }],
    ["ECS", { "log.level": "WARN", message: "m", "trace.id": TRACE, "span.id": SPAN }, {
      message: "m",
      status: "warning",
      traceId: TRACE,
      spanId: SPAN,
      members: "log.level",
    }],
    ["nested ECS", { log: { level: "warn" }, message: "m", trace: { id: TRACE }, span: { id: SPAN } }, {
      message: "m",
      status: "warning",
      traceId: TRACE,
      spanId: SPAN,
      members: "log,trace,span",
    }],
    ["Datadog's ids, dotted", { message: "m", "dd.trace_id": "123456789012", "dd.span_id": "4567890" }, {
      message: "m",
      traceId: "123456789012",
      spanId: "4567890",
      members: "",
    }],
    ["Datadog's ids, nested", { message: "m", dd: { trace_id: "123456789012", span_id: "4567890" } }, {
      message: "m",
      traceId: "123456789012",
      spanId: "4567890",
      members: "dd",
    }],
    ["Python's OpenTelemetry", { message: "m", otelTraceID: TRACE, otelSpanID: SPAN }, {
      message: "m",
      traceId: TRACE,
      spanId: SPAN,
      members: "",
    }],
    ["no trace", { message: "m", otelTraceID: "0", trace_id: "00000000000000000000000000000000" }, {
      message: "m",
      members: "otelTraceID,trace_id",
    }],
    ["X-Ray's id", { message: "m", xray_trace_id: "1-6aa29bbf-2f0b1d6e5a4c3b2a19080706" }, {
      message: "m",
      traceId: "6aa29bbf2f0b1d6e5a4c3b2a19080706",
      members: "xray_trace_id",
    }],
    ["the line's own id before X-Ray's", {
      xray_trace_id: "1-6aa29bbf-2f0b1d6e5a4c3b2a19080706",
      traceId: TRACE,
    }, {
      message: `{"xray_trace_id":"1-6aa29bbf-2f0b1d6e5a4c3b2a19080706","traceId":"${TRACE}"}`,
      traceId: TRACE,
      members: "xray_trace_id",
    }],
    ["W3C's traceparent", { message: "m", traceparent: `00-${TRACE}-${SPAN}-01` }, {
      message: "m",
      traceId: TRACE,
      spanId: SPAN,
      members: "traceparent",
    }],
    ["ids in text", `[dd.service=shop dd.trace_id=123456789012 dd.span_id=4567890] bad`, {
      message: `[dd.service=shop dd.trace_id=123456789012 dd.span_id=4567890] bad`,
      traceId: "123456789012",
      spanId: "4567890",
    }],
    ["structlog", { event: "bad", level: "error" }, { message: "bad", status: "error", members: "level" }],
    ["an event that is data", { event: { a: 1 }, level: "error" }, {
      message: '{"event":{"a":1},"level":"error"}',
      status: "error",
      members: "event,level",
    }],
    ["Serilog", { "@t": "2026-11-25T13:26:44Z", "@mt": "Hello {Name}", "@l": "Fatal", Name: "x" }, {
      message: "Hello {Name}",
      status: "critical",
      members: "@t,@l,Name",
    }],
    ["OpenTelemetry's record", { body: "bad", severity_text: "ERROR", severity_number: 17 }, {
      message: "bad",
      status: "error",
      members: "severity_text,severity_number",
    }],
    ["OpenTelemetry's number alone", { body: "bad", severityNumber: 13 }, {
      message: "bad",
      status: "warning",
      members: "severityNumber",
    }],
    ["a request's event, which has a body too", { httpMethod: "GET", body: "x" }, {
      message: '{"httpMethod":"GET","body":"x"}',
      members: "httpMethod,body",
    }],
    ["loguru", {
      text: "2026 | ERROR | x - bad\n",
      record: { level: { name: "ERROR", no: 40 }, message: "bad", extra: { trace_id: TRACE } },
    }, { message: "2026 | ERROR | x - bad", status: "error", traceId: TRACE, members: "record" }],
    ["Rust", {
      level: "ERROR",
      fields: { message: "bad", order: 7, trace_id: TRACE },
      target: "shop",
      span: { requestId: ID, name: "Lambda runtime invoke" },
    }, {
      message: "bad",
      status: "error",
      requestId: ID,
      traceId: TRACE,
      members: "level,target,span,order,trace_id",
    }],
    ["pino", { level: 50, time: 1795613204755, msg: "bad" }, {
      message: "bad",
      status: "error",
      members: "level,time",
    }],
    ["logback", { message: "bad", level: "ERROR", level_value: 40000 }, {
      message: "bad",
      status: "error",
      members: "level,level_value",
    }],
    ["a level as an object", { message: "bad", level: { label: "warn", value: 40 } }, {
      message: "bad",
      status: "warning",
      members: "level",
    }],
    ["a level in colours", { message: "bad", level: "\x1b[31merror\x1b[39m" }, {
      message: "bad",
      status: "error",
      members: "level",
    }],
    ["a job's state", { message: "done", status: "success" }, { message: "done", members: "status" }],
    ["a key of any spelling", { Message: "bad", LEVEL: "ERROR", aws_request_id: ID }, {
      message: "bad",
      status: "error",
      requestId: ID,
      members: "LEVEL,aws_request_id",
    }],
    ["an id of a request that is not Lambda's", { message: "m", request_id: ID }, {
      message: "m",
      members: "request_id",
    }],
    ...[
      "requestId",
      "AWSRequestId",
      "awsRequestId",
      "function_request_id",
      "FunctionRequestId",
      "faas.invocation_id",
    ].map(
      (key) =>
        [`the id under ${key}`, { message: "m", [key]: ID }, {
          message: "m",
          requestId: ID,
          members: key,
        }] as const,
    ),
  ];

for (const [name, record, expected] of CASES) {
  Deno.test(`createLineReader() reads ${name}`, () => assertEquals(summary(read(record)), expected));
}

Deno.test("createLineReader() reads a record inside a record inside a text no deeper, and keeps all of it", () => {
  const inner = JSON.stringify({ message: JSON.stringify({ message: "deepest" }), a: 1 });
  const line = read(JSON.stringify({ level: "INFO", message: inner }));
  assertEquals(line.message, '{"message":"deepest"}');
});

Deno.test("createLineReader() reads anything without an error, and gives only what is there", () => {
  const keys = fc.constantFrom(
    ...[
      "message",
      "msg",
      "event",
      "level",
      "severity",
      "fields",
      "record",
      "dd",
      "log",
      "span",
      "trace",
      "body",
    ],
    ...["__proto__", "constructor", "toString", "trace_id", "status", "requestId", "", "timestamp"],
  );
  const records = fc.dictionary(
    fc.oneof(keys, fc.string()),
    fc.oneof(fc.jsonValue(), fc.dictionary(keys, fc.jsonValue())),
  );
  const head = fc.constantFrom(
    "",
    "[ERROR] ",
    "2026-11-25T13:26:39.885Z\t",
    "ERROR: ",
    "\x1b[31m",
    "level=",
    "<11>",
    "E, [",
  );
  fc.assert(
    fc.property(
      fc.oneof(
        records,
        fc.tuple(head, fc.string(), records).map(([a, b, c]) => a + b + JSON.stringify(c)),
        fc.string(),
      ),
      (record) => {
        const reader = createLineReader();
        const line = reader.read(record);
        assertEquals(typeof line.message, "string");
        // What was learnt of its keys changes nothing.
        assertEquals(reader.read(record), line);
        assertEquals(Object.hasOwn(Object.prototype, "polluted"), false);
        for (const key of line.told) assertEquals(line.members !== undefined && key in line.members, true);
      },
    ),
    { numRuns: 2000 },
  );
});
