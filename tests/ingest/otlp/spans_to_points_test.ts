import { assertEquals } from "@std/assert";
import type { Environment } from "../../../src/config/reader.ts";
import type { Point } from "../../../src/point/point.ts";
import { attributes, exportJson, type Recorder } from "./recorder.ts";

const TRACE_ID = "5b8efff798038103d269b633813fc60c";

function span(more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    traceId: TRACE_ID,
    spanId: "eee19b7ec3c1b174",
    name: "op",
    kind: 1,
    startTimeUnixNano: "1700000000000000000",
    endTimeUnixNano: "1700000000001000000",
    status: {},
    ...more,
  };
}

async function record(
  spans: unknown[],
  env: Environment = {},
  resource: Record<string, unknown> = {},
): Promise<Recorder> {
  return (await exportJson("traces", {
    resourceSpans: [{
      resource: { attributes: attributes(resource) },
      scopeSpans: [{ scope: { name: "lib", version: "1" }, spans }],
    }],
  }, env));
}

async function point(
  more: Record<string, unknown>,
  env: Environment = {},
  resource: Record<string, unknown> = {},
): Promise<Point> {
  const [first] = (await record([span(more)], env, resource)).points;
  if (first === undefined) throw new Error("no point");
  return first;
}

Deno.test("createSpansToPoints() makes DataKit's point of a span", async () => {
  const made = await record(
    [
      span({
        kind: 2,
        parentSpanId: "00000000000000aa",
        attributes: attributes({ "http.method": "GET", "user.id": 7 }),
      }),
    ],
    {},
    { "service.name": "svc", env: "prod" },
  );
  assertEquals(made.lines(), [
    `opentelemetry,remote_ip=127.0.0.1,service=svc,source=opentelemetry,source_type=web,span_kind=server,span_type=entry,status=ok ` +
    `duration=1000i,env="prod",http_method="GET",message="{\\"attributes\\":[{\\"key\\":\\"user.id\\",\\"value\\":{\\"intValue\\":\\"7\\"}}],` +
    `\\"resource\\":{\\"attributes\\":[{\\"key\\":\\"service.name\\",\\"value\\":{\\"stringValue\\":\\"svc\\"}}]},` +
    `\\"scope\\":{\\"name\\":\\"lib\\",\\"version\\":\\"1\\"}}",parent_id="00000000000000aa",resource="op",` +
    `span_id="eee19b7ec3c1b174",start=1700000000000000i,trace_id="${TRACE_ID}" 1700000000000000000`,
  ]);
});

Deno.test("createSpansToPoints() tells entry, local and exit spans by the ids of the request", async () => {
  const made = await record([
    span({ spanId: "000000000000000a" }),
    span({ spanId: "000000000000000b", parentSpanId: "000000000000000a" }),
    span({ spanId: "000000000000000c", parentSpanId: "000000000000000b" }),
  ]);
  assertEquals(made.points.map((p) => p.tags.get("span_type")), ["entry", "local", "exit"]);
});

Deno.test("createSpansToPoints() writes the status of a span: info without one, ok, or error", async () => {
  const status = async (more: Record<string, unknown>): Promise<string | undefined> =>
    (await point(more)).tags.get("status");
  assertEquals(await status({ status: undefined }), "info");
  assertEquals(await status({ status: {} }), "ok");
  assertEquals(await status({ status: { code: 1 } }), "ok");
  assertEquals(await status({ status: { code: 2 } }), "error");
});

Deno.test("createSpansToPoints() keeps a failed span's status message", async () => {
  assertEquals((await point({ status: { code: 2, message: "boom" } })).fields.get("error_message"), "boom");
});

Deno.test("createSpansToPoints() names the service after a database and keeps its system and host", async () => {
  const made = await point(
    {
      attributes: attributes({
        "db.system": "mysql",
        "server.address": "db.local",
        "db.statement": "SELECT 1",
      }),
    },
    {},
    { "service.name": "svc" },
  );
  assertEquals(made.tags.get("service"), "mysql");
  assertEquals(made.tags.get("base_service"), "svc");
  assertEquals(made.tags.get("db_host"), "db.local");
  assertEquals(made.tags.get("source_type"), "db");
  assertEquals(made.fields.get("db_system"), "mysql");
  assertEquals(made.fields.get("db_statement"), "SELECT 1");
});

Deno.test("createSpansToPoints() leaves the service alone when told so", async () => {
  const made = await point(
    { attributes: attributes({ "db.system.name": "mysql" }) },
    { ENV_INPUT_OTEL_SPLIT_SERVICE_NAME: "false" },
    { "service.name": "svc" },
  );
  assertEquals([made.tags.get("service"), made.tags.has("base_service")], ["svc", false]);
  assertEquals(made.fields.get("db_system"), "mysql");
});

Deno.test("createSpansToPoints() knows where a span comes from", async () => {
  const source = async (values: Record<string, unknown>): Promise<string | undefined> =>
    (await point({ attributes: attributes(values) })).tags.get("source_type");
  assertEquals(await source({ "http.request.method": "GET" }), "web");
  assertEquals(await source({ "rpc.system": "grpc" }), "web");
  assertEquals(await source({ "messaging.system": "kafka" }), "message_queue");
  assertEquals(await source({ "db.system": "redis", "http.method": "GET" }), "db");
  assertEquals(await source({}), "custom");
});

Deno.test("createSpansToPoints() makes an HTTP status a tag", async () => {
  const made = await point({ attributes: attributes({ "http.response.status_code": 503 }) });
  assertEquals(made.tags.get("http_status_code"), "503");
  assertEquals(made.fields.has("http_status_code"), false);
});

Deno.test("createSpansToPoints() shows the first exception as the error and keeps further ones", async () => {
  const exception = (type: string): unknown => ({
    name: "exception",
    timeUnixNano: "5",
    attributes: attributes({
      "exception.type": type,
      "exception.message": `${type}!`,
      "exception.stacktrace": "at x",
    }),
  });
  const made = await point({ events: [exception("A"), exception("B")] });
  assertEquals(made.fields.get("error_type"), "A");
  assertEquals(made.fields.get("error_message"), "A!");
  assertEquals(made.fields.get("error_stack"), "at x");
  assertEquals(made.fields.get("exception_type"), "A");
  const message = JSON.parse(String(made.fields.get("message")));
  assertEquals(message.events[0], { timeUnixNano: "5", name: "exception" });
  assertEquals(message.events[1].attributes[0], { key: "exception.type", value: { stringValue: "B" } });
});

Deno.test("createSpansToPoints() keeps links, trace state, flags and dropped counts in the message", async () => {
  const made = await point({
    traceState: "a=1",
    flags: 257,
    droppedAttributesCount: 1,
    droppedEventsCount: 2,
    droppedLinksCount: 3,
    links: [{
      traceId: TRACE_ID,
      spanId: "00000000000000aa",
      traceState: "b=2",
      attributes: attributes({ x: true }),
    }],
  });
  assertEquals(JSON.parse(String(made.fields.get("message"))), {
    traceState: "a=1",
    flags: 257,
    droppedAttributesCount: 1,
    droppedEventsCount: 2,
    links: [{
      traceId: TRACE_ID,
      spanId: "00000000000000aa",
      traceState: "b=2",
      attributes: [{ key: "x", value: { boolValue: true } }],
    }],
    droppedLinksCount: 3,
    scope: { name: "lib", version: "1" },
  });
});

Deno.test("createSpansToPoints() writes the whole span, or no message, when told so", async () => {
  const more = { kind: 3, attributes: attributes({ "http.method": "GET" }) };
  const whole = await point(more, { ENV_INPUT_OTEL_CLEAN_MESSAGE: "false" });
  assertEquals(JSON.parse(String(whole.fields.get("message"))), {
    traceId: TRACE_ID,
    spanId: "eee19b7ec3c1b174",
    name: "op",
    kind: 3,
    startTimeUnixNano: "1700000000000000000",
    endTimeUnixNano: "1700000000001000000",
    attributes: [{ key: "http.method", value: { stringValue: "GET" } }],
    status: { code: 0 },
    scope: { name: "lib", version: "1" },
  });
  assertEquals((await point(more, { ENV_INPUT_OTEL_DEL_MESSAGE: "true" })).fields.has("message"), false);
});

Deno.test("createSpansToPoints() promotes the user's choice of attributes, never over a span's own keys", async () => {
  const values = { "user.id": "u", "app.a": 1, "app.b": [1, "x"], resource: "r", "other": true };
  const env = { ENV_INPUT_OTEL_CUSTOMER_TAGS: '["user.id","reg:^app\\\\.","resource"]' };
  const made = await point({ attributes: attributes(values) }, env);
  assertEquals(made.fields.get("user_id"), "u");
  assertEquals(made.fields.get("app_a"), 1n);
  assertEquals(made.fields.get("app_b"), '[1,"x"]');
  assertEquals(made.fields.get("resource"), "op");
  assertEquals(made.fields.has("other"), false);
  assertEquals(
    JSON.parse(String(made.fields.get("message"))).attributes,
    attributes({ resource: "r", other: true }),
  );
  const all = await point({ attributes: attributes(values) }, { ENV_INPUT_OTEL_CUSTOMER_TAGS_ALL: "true" });
  assertEquals(all.fields.get("other"), true);
});

Deno.test("createSpansToPoints() writes decimal ids for ddtrace's sake", async () => {
  const made = await point({ parentSpanId: "00000000000000ff" }, {
    ENV_INPUT_OTEL_COMPATIBLE_DDTRACE: "true",
  });
  assertEquals(made.fields.get("trace_id"), "15161849952847513100");
  assertEquals(made.fields.get("span_id"), "17213210219539181940");
  assertEquals(made.fields.get("parent_id"), "255");
});

Deno.test("createSpansToPoints() rejects ids that are zero or of a wrong length", async () => {
  const bad = [
    span({ traceId: "0".repeat(32) }),
    span({ traceId: "abc" }),
    span({ traceId: "" }),
    span({ spanId: "0".repeat(16) }),
    span({ spanId: "g".repeat(16) }),
  ];
  const made = await record([...bad, span()]);
  assertEquals(made.points.length, 1);
  assertEquals(made.refused, new Map([["malformed", 5]]));
});

Deno.test("createSpansToPoints() settles times: no start, no times at all, an end before the start, the far future", async () => {
  const at = async (start: string, end: string): Promise<unknown[]> => {
    const made = await point({ startTimeUnixNano: start, endTimeUnixNano: end });
    return [made.timeNs, made.fields.get("duration")];
  };
  assertEquals(await at("0", "1700000000001000000"), [1700000000001000000n, 0n]);
  assertEquals(await at("0", "0"), [1700000010000000000n, 0n]);
  assertEquals(await at("1700000000001000000", "1700000000000000000"), [1700000000001000000n, 0n]);
  assertEquals(await at("18446744073709551615", "0"), [1700003610000000000n, 0n]);
});

Deno.test("createSpansToPoints() samples by trace id and keeps errors", async () => {
  const spans = [
    span({ traceId: `${"0".repeat(16)}0000000000000001` }), // 1 of 10 000: kept
    span({ traceId: `${"0".repeat(16)}0000000000001389` }), // 5001 of 10 000
    span({ traceId: `${"0".repeat(16)}0000000000001389`, status: { code: 2 } }),
  ];
  const made = await record(spans, { ENV_INPUT_OTEL_SAMPLER: "0.5" });
  assertEquals(made.points.map((p) => p.tags.get("status")), ["ok", "error"]);
  assertEquals(made.refused, new Map([["sampled_out", 1]]));
});

Deno.test("createSpansToPoints() puts the user's tags on each point", async () => {
  const made = await point({}, { ENV_INPUT_OTEL_TAGS: "team=core,source=mine" });
  assertEquals([made.tags.get("team"), made.tags.get("source")], ["core", "opentelemetry"]);
});

Deno.test("createSpansToPoints() takes __proto__ as any attribute", async () => {
  const made = await point({ attributes: [{ key: "__proto__", value: { stringValue: "x" } }] }, {
    ENV_INPUT_OTEL_CUSTOMER_TAGS_ALL: "true",
  });
  assertEquals(made.fields.get("__proto__"), "x");
});

Deno.test("createSpansToPoints() tells of the span that names the request it serves, by either convention", async () => {
  const SERVER = 2;
  const parentSpanId = "00f067aa0ba902b7";
  const told = async (more: Record<string, unknown>, env: Environment = {}): Promise<unknown[]> => [
    ...(await record([span(more)], env)).invocationSpans,
  ];
  for (const name of ["faas.invocation_id", "faas.execution", "aws.lambda.request_id"]) {
    const named = { kind: SERVER, attributes: attributes({ [name]: "r1" }) };
    assertEquals(await told(named), [
      { requestId: "r1", traceId: TRACE_ID, spanId: "eee19b7ec3c1b174", parentId: "0" },
    ]);
    assertEquals(await told({ ...named, parentSpanId }, { ENV_INPUT_OTEL_COMPATIBLE_DDTRACE: "true" }), [{
      requestId: "r1",
      traceId: String(0x03d269b633813fc60cn & 0xffffffffffffffffn),
      spanId: String(0xeee19b7ec3c1b174n),
      parentId: String(0x00f067aa0ba902b7n),
    }]);
  }
  assertEquals(await told({ kind: SERVER }), []);
  assertEquals(await told({ kind: 1, attributes: attributes({ "faas.invocation_id": "r1" }) }), []);
  assertEquals(await told({ kind: SERVER, attributes: attributes({ "faas.invocation_id": "" }) }), []);
});
