import type { Group } from "../input.ts";
import { both, json, pairs, protobuf, request, START, VALUES } from "./otlp_request.ts";

const TRACE_ID = "5b8efff798038103d269b633813fc60c";

function spanId(n: number): string {
  return n.toString(16).padStart(16, "0");
}

/** A span with what all have. */
function span(n: number, members: Readonly<Record<string, unknown>> = {}): unknown {
  return {
    traceId: TRACE_ID,
    spanId: spanId(n),
    name: `span ${n}`,
    startTimeUnixNano: String(START + BigInt(n)),
    endTimeUnixNano: String(START + BigInt(n) + 1_234_567n),
    ...members,
  };
}

const PROMOTED = Object.fromEntries(
  ("db.operation db.name db.statement server.address server.port net.host.name net.host.port network.peer.address " +
    "network.peer.port network.transport http.method http.route http.target http.scheme http.url url.full url.scheme " +
    "url.path url.query client.address client.port messaging.operation messaging.message.id " +
    "messaging.destination.name rpc.service error.type exception exception.type exception.message " +
    "exception.stacktrace container.name process.pid project version env host pod_name pod_namespace runtime_id " +
    "http.request.method db.operation.name db.namespace db.query.text").split(" ").map((
      name,
    ) => [name, `v ${name}`]),
);

const OTHER_ENV = {
  ENV_INPUT_OTEL_CUSTOMER_TAGS: "app.tenant,reg:^x\\.",
  ENV_INPUT_OTEL_TAGS: "team=blue,service=mine,app_tenant=tag,unit=none",
};
const CUSTOM = { "app.tenant": "t1", "x.y": 1n, "x.z": [1n], other: "o", "db.name": "d" };

/** Spans. */
export const OTLP_TRACES: Group = {
  name: "otlp_traces",
  inputs: [
    request("traces", "values of all types everywhere", [
      span(1, {
        attributes: pairs(VALUES),
        events: [{ timeUnixNano: "5", name: "e", attributes: pairs(VALUES), droppedAttributesCount: 2 }],
        links: [{
          traceId: TRACE_ID,
          spanId: spanId(9),
          traceState: "a=b",
          flags: 257,
          attributes: pairs(VALUES),
        }],
      }),
    ], { resource: { ...VALUES, "service.name": "svc" }, scope: VALUES }),
    request("traces", "attributes that become fields", [
      span(1, { attributes: pairs({ ...PROMOTED, more: "rest" }) }),
      span(2, {
        attributes: pairs({ "http.method": "GET" }),
        events: [{ name: "e", attributes: pairs({ "http.method": "POST", "url.path": "/e" }) }],
      }),
    ], {
      resource: { "service.name": "svc", "http.method": "R", env: "prod" },
      scope: { "http.method": "S" },
    }),
    request("traces", "values of all types in attributes that become fields", [
      span(1, {
        attributes: pairs({
          "http.status_code": 404n,
          "server.port": 8080n,
          "db.statement": Uint8Array.of(1, 2, 255),
          "url.query": ["a", 1n],
          "rpc.service": { a: 1n },
          "client.port": 1.5,
          exception: true,
          "process.pid": undefined,
        }),
      }),
      span(2, { attributes: pairs({ "http.response.status_code": "503" }) }),
      span(3, { attributes: pairs({ "http.response.status_code": "5xx" }) }),
      span(4, { attributes: pairs({ "http.status_code": 200.5, "http.response.status_code": 200n }) }),
    ]),
    request("traces", "services of databases, RPC and messages", [
      span(1, {
        attributes: pairs({ "db.system": "redis", "net.peer.name": "peer", "server.address": "srv" }),
      }),
      span(2, { attributes: pairs({ "db.system.name": "postgresql", "server.address": "srv" }) }),
      span(3, { attributes: pairs({ "rpc.system": "grpc" }) }),
      span(4, { attributes: pairs({ "messaging.system": "kafka" }) }),
      span(5, { attributes: pairs({ "db.system": 7n, "messaging.system": "" }) }),
    ]),
    request("traces", "services kept whole", [span(1, { attributes: pairs({ "db.system": "redis" }) })], {
      env: { ENV_INPUT_OTEL_SPLIT_SERVICE_NAME: "false" },
    }),
    request("traces", "kinds and states", [
      ...[0, 1, 2, 3, 4, 5, 6].map((kind) => span(10 + kind, { kind })),
      ...[{}, { code: 0 }, { code: 1, message: "fine" }, { code: 2 }, { code: 2, message: "broke" }, {
        code: 3,
      }]
        .map((status, index) => span(20 + index, { status })),
    ]),
    request("traces", "errors", [
      span(1, {
        status: { code: 2, message: "status" },
        events: [
          { name: "other", attributes: pairs({ "exception.type": "No" }) },
          {
            timeUnixNano: String(START),
            name: "exception",
            attributes: pairs({
              "exception.type": "E",
              "exception.message": "m",
              "exception.stacktrace": "a\n  b",
              "exception.escaped": true,
            }),
          },
          { name: "exception", attributes: pairs({ "exception.type": "Second" }) },
        ],
      }),
      span(2, {
        status: { code: 2, message: "status" },
        attributes: pairs({ error_message: "own", "error.type": "T" }),
      }),
    ]),
    request("traces", "times", [
      span(1, { startTimeUnixNano: "0" }),
      span(2, { endTimeUnixNano: "0" }),
      span(3, { startTimeUnixNano: "0", endTimeUnixNano: "0" }),
      span(4, { endTimeUnixNano: String(START - 1n) }),
      span(5, { startTimeUnixNano: String(START * 2n) }),
      span(6, { endTimeUnixNano: "18446744073709551615" }),
      span(7, { startTimeUnixNano: "18446744073709551615", endTimeUnixNano: "18446744073709551615" }),
      span(8, { startTimeUnixNano: "1", endTimeUnixNano: "1999" }),
    ]),
    request("traces", "ids", [
      span(1, { traceId: "0".repeat(32) }),
      span(2, { traceId: "ab" }),
      span(3, { spanId: "0".repeat(16) }),
      span(4, { spanId: "" }),
      span(5, { parentSpanId: "abcd" }),
      span(6, { parentSpanId: "0".repeat(16) }),
      span(7, { parentSpanId: spanId(1) }),
      span(8, { traceId: "f".repeat(32), spanId: "f".repeat(16) }),
    ]),
    request("traces", "ids as decimals", [
      span(1, { parentSpanId: "f".repeat(16) }),
      span(2, { traceId: `${"0".repeat(16)}${"f".repeat(16)}` }),
    ], { env: { ENV_INPUT_OTEL_COMPATIBLE_DDTRACE: "true" } }),
    request("traces", "entry, local and exit", [
      span(1),
      span(2, { parentSpanId: spanId(1) }),
      span(3, { parentSpanId: spanId(2) }),
      span(4, { parentSpanId: spanId(99) }),
    ]),
    request("traces", "attributes given twice, and keys that become one", [
      span(1, {
        attributes: [...pairs({ a: 1n, "db.name": "first" }), ...pairs({ a: 2n, "db.name": "second" })],
      }),
      span(2, {
        attributes: pairs({ "x.y": "dot", "x_y": "exact", service: "s", trace_id: "t", start: 1n }),
      }),
    ], { env: { ENV_INPUT_OTEL_CUSTOMER_TAGS_ALL: "true" } }),
    request("traces", "what Dataway's rules shorten", [
      span(1, { name: "n".repeat(5000), attributes: pairs({ ["k".repeat(300)]: 1n, "db.system": "d\n\\" }) }),
    ], {
      resource: { "service.name": `s${"é".repeat(1500)}`, env: "" },
      env: { ENV_INPUT_OTEL_CUSTOMER_TAGS_ALL: "true" },
    }),
    request("traces", "tags and attributes of the user's choice", [
      span(1, { attributes: pairs(CUSTOM) }),
      span(2),
    ], { env: OTHER_ENV }),
    request(
      "traces",
      "sampled",
      Array.from({ length: 12 }, (_, index) =>
        span(index + 1, {
          traceId: `${"0".repeat(16)}${(5694 + index).toString(16).padStart(16, "0")}`,
          ...(index === 11 ? { status: { code: 2 } } : {}),
        })),
      { env: { ENV_INPUT_OTEL_SAMPLER: "0.57", ENV_INPUT_OTEL_DEL_MESSAGE: "true" } },
    ),
    request("traces", "whole messages", [
      span(1, {
        kind: 3,
        traceState: "k=v",
        flags: 1,
        status: { code: 2, message: "m" },
        parentSpanId: spanId(7),
        attributes: pairs({ "http.method": "GET", other: 1n }),
        droppedAttributesCount: 1,
        droppedEventsCount: 2,
        droppedLinksCount: 3,
      }),
      span(2, { status: {} }),
    ], { env: { ENV_INPUT_OTEL_CLEAN_MESSAGE: "false" }, scope: { s: 1n, version: "x" } }),
    request("traces", "counts, flags and state in messages", [
      span(1, {
        traceState: 'k=v,"q',
        flags: 0x301,
        droppedAttributesCount: 4294967295,
        droppedEventsCount: 2,
        droppedLinksCount: 3,
        links: [{ traceId: "", spanId: "" }, {}],
        events: [{}],
      }),
    ]),
    request("traces", "values nested deep", [
      span(1, { attributes: pairs({ deep: Array.from({ length: 40 }).reduce((inner) => [inner], 1n) }) }),
    ]),
    both("traces", "nothing around the spans, and nothing in them", {
      resourceSpans: [
        {},
        { scopeSpans: [{}] },
        { resource: {}, scopeSpans: [{ spans: [span(1), {}] }], schemaUrl: "s" },
        { resource: { attributes: pairs({ "service.name": "b" }) }, scopeSpans: [{ spans: [span(2)] }] },
      ],
    }),
    both("traces", "an empty request", {}),
    json(
      "traces",
      "odd members",
      JSON.stringify({
        resource_spans: [{
          resource: { attributes: [{ key: "service.name", value: { string_value: "svc" } }, "odd"] },
          scope_spans: [{
            spans: [
              {
                trace_id: TRACE_ID.toUpperCase(),
                span_id: spanId(1),
                start_time_unix_nano: 1,
                kind: "SPAN_KIND_SERVER",
              },
              {
                traceId: TRACE_ID,
                spanId: spanId(2),
                attributes: [{ key: "a", value: { intValue: "" } }, null],
              },
              { traceId: TRACE_ID, spanId: spanId(3), startTimeUnixNano: "x" },
              { traceId: TRACE_ID, spanId: spanId(4), startTimeUnixNano: { low: 1, high: 2 } },
              5,
            ],
          }],
        }],
      }),
    ),
    json("traces", "no JSON", "{"),
    protobuf("traces", "no protobuf", Uint8Array.of(0x0a, 0xff)),
    // A span of three bytes whose name says it has 127, between two good ones; a resource in two parts.
    protobuf(
      "traces",
      "a broken span among others",
      Uint8Array.fromHex(
        "0a18" + "1216" + "1203" + "2a0161" + "1203" + "2a7f61" + "1209" + "2a0461626364" + "3002" + "00",
      ),
    ),
  ],
};
