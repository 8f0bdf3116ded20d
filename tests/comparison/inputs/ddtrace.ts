/** Datadog's tracers: what real ones send, and what they may. */
import { pack, type Packable } from "../../ingest/ddtrace/support.ts";
import { type Group, type Input, recorded } from "../input.ts";

const START = 1_700_000_000_000_000_000n;

type Members = Readonly<Record<string, Packable>>;

function span(id: number, members: Members = {}): Members {
  return {
    service: "svc",
    name: "op",
    resource: `res ${id}`,
    trace_id: 0xd269b633813fc60cn,
    span_id: id,
    parent_id: 0,
    start: START + BigInt(id),
    duration: 1_234_567n,
    error: 0,
    meta: { "_dd.p.tid": "5b8efff798038103", env: "prod" },
    metrics: { _sampling_priority_v1: 1 },
    type: "web",
    ...members,
  };
}

function v04(name: string, traces: readonly (readonly Members[])[], env?: Input["env"]): Input {
  return {
    name,
    ...(env === undefined ? {} : { env }),
    requests: [{
      path: "/v0.4/traces",
      method: "PUT",
      headers: { "content-type": "application/msgpack" },
      body: pack(traces),
    }],
  };
}

const META = {
  "http.url": "http://h/p?q=1",
  "http.method": "GET",
  "http.status_code": "404",
  "http.route": "/p",
  "span.kind": "server",
  "error.msg": "boom",
  "error.type": "E",
  "error.stack": "a\n  b",
  "db.type": "redis",
  "db.instance": "0",
  "out.host": "db",
  "runtime-id": "rid",
  language: "python",
  version: "1.2",
  "_dd.base_service": "base",
  "_dd.origin": "lambda",
  "é.ü": "中文 🚀",
  empty: "",
  long: "x".repeat(2000),
};

export const DDTRACE: Group = {
  name: "ddtrace",
  inputs: [
    recorded("dd-trace-js-v0.4"),
    recorded("ddtrace-python-v0.4"),
    recorded("ddtrace-python-v0.5"),
    v04("a tree of spans", [[
      span(1),
      span(2, { parent_id: 1, type: "sql" }),
      span(3, { parent_id: 2, type: "" }),
    ]]),
    v04("tags and figures", [[
      span(1, { meta: META, metrics: { a: 1.5, b: -1, pid: 7, "_dd.top_level": 1 }, error: 1 }),
    ]]),
    v04("no service, no name, no times", [[span(1, { service: "", name: "", start: 0, duration: -5 })]]),
    v04("ids", [[span(1, { trace_id: 0 }), span(0), span(2, { meta: {}, trace_id: 18446744073709551615n })]]),
    v04("priorities", [[span(1, { metrics: { _sampling_priority_v1: 2 } })], [
      span(2, { metrics: { _sampling_priority_v1: -1 } }),
    ]]),
    v04("links, events and documents", [[span(1, {
      meta_struct: { appsec: pack({ a: [1, "x", null, 18446744073709551615n] }), raw: Uint8Array.of(0xc1) },
      span_links: [{ trace_id: 5n, trace_id_high: 6n, span_id: 7n, attributes: { a: "b" }, flags: 1 }],
      span_events: [{ time_unix_nano: START, name: "e", attributes: { s: { type: 0, string_value: "x" } } }],
    })]]),
    v04("sampled", [[span(1, { trace_id: 5699n })], [span(2, { trace_id: 5700n })]], {
      ENV_INPUT_DDTRACE_SAMPLER: "0.57",
    }),
    {
      name: "JSON",
      requests: [{
        path: "/v0.4/traces",
        headers: { "content-type": "application/json" },
        body:
          '[[{"service":"s","name":"n","resource":"r","trace_id":12345678901234567890,"span_id":2,"parent_id":0,' +
          '"start":1700000000000000001,"duration":1000,"error":0,"meta":{"k":"v"},"metrics":{"m":1.5},"type":"web"}]]',
      }],
    },
  ],
};
