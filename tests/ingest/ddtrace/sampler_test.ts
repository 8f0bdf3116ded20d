import { assertEquals } from "@std/assert";
import type { Environment } from "../../../src/config/reader.ts";
import { harness, pack, type Packable } from "./support.ts";

type Members = { readonly [key: string]: Packable };

let nextId = 1;

function span(members: Members): Members {
  const span_id = nextId++;
  return {
    service: "s",
    name: "n",
    resource: "r",
    trace_id: 11,
    span_id,
    start: 1700000000000000000n,
    ...members,
  };
}

/** Resources kept, and counts by reason. */
async function keep(env: Environment, ...traces: Members[][]): Promise<[unknown[], Record<string, number>]> {
  const h = harness(env);
  await h.send("/v0.4/traces", pack(traces));
  return [h.points.map((point) => point.fields.get("resource")), Object.fromEntries(h.refused)];
}

function priority(value: number): Members {
  return { _sampling_priority_v1: value };
}

Deno.test("a rejected trace is dropped and counted span by span", async () => {
  assertEquals(await keep({}, [span({ metrics: priority(-1) }), span({})], [span({ resource: "kept" })]), [
    ["kept"],
    { sampled_out: 2 },
  ]);
});

Deno.test("a span's own decision beats its trace's, and single-span sampling beats both", async () => {
  assertEquals(
    await keep({}, [
      span({ resource: "root", metrics: priority(1) }),
      span({ resource: "rejected", metrics: priority(0) }),
      span({ resource: "inherits" }),
      span({ resource: "chosen", metrics: { ...priority(-1), "_dd.span_sampling.mechanism": 8 } }),
    ]),
    [["root", "inherits", "chosen"], { sampled_out: 1 }],
  );
});

Deno.test("ENV_INPUT_DDTRACE_KEEP_REJECTED keeps what the tracer rejected", async () => {
  const env = { ENV_INPUT_DDTRACE_KEEP_REJECTED: "true" };
  assertEquals(await keep(env, [span({ metrics: priority(-1) }), span({})]), [["r", "r"], {}]);
});

Deno.test("ENV_INPUT_DDTRACE_SAMPLER decides by trace id and keeps errors, RUM and the user's own", async () => {
  const env = { ENV_INPUT_DDTRACE_SAMPLER: "0.5" };
  assertEquals(
    await keep(
      env,
      [span({ resource: "below", trace_id: 4_999 })],
      [span({ resource: "above", trace_id: 5_000 }), span({ trace_id: 5_000 })],
      [span({ resource: "failed", trace_id: 5_001, error: 1 }), span({ resource: "its", trace_id: 5_001 })],
      [span({ resource: "rum", trace_id: 5_002, meta: { "_dd.origin": "rum" } })],
      [span({ resource: "user", trace_id: 5_003, metrics: priority(2) })],
    ),
    [["below", "failed", "its", "rum", "user"], { sampled_out: 2 }],
  );
});

const WEB_404 = { type: "web", meta: { "http.status_code": "404" } };

Deno.test("a trace with an error stays whole although its tracer rejected it", async () => {
  for (const rejection of [0, -1]) {
    assertEquals(
      await keep(
        {},
        [span({ resource: "root", metrics: priority(rejection) }), span({ resource: "failed", error: 1 })],
        [span({ resource: "well", metrics: priority(rejection) })],
      ),
      [["root", "failed"], { sampled_out: 1 }],
    );
  }
});

Deno.test("ENV_INPUT_DDTRACE_CLOSE_RESOURCE drops traces by the resource of any of their spans", async () => {
  const env = { ENV_INPUT_DDTRACE_CLOSE_RESOURCE: '{"web":["^GET /health"],"*":["^/ping$"]}' };
  assertEquals(
    await keep(
      env,
      [
        span({ service: "web", resource: "GET /healthz", span_id: 900 }),
        span({ service: "web", parent_id: 900 }),
      ],
      [span({ service: "api", resource: "GET /health" })],
      [span({ resource: "/ping", error: 1 })],
      [span({ span_id: 901 }), span({ parent_id: 901, resource: "/ping" })],
    ),
    [["GET /health"], { filtered: 5 }],
  );
});

Deno.test("ENV_INPUT_DDTRACE_OMIT_ERR_STATUS looks at web spans of traces without an error", async () => {
  const env = { ENV_INPUT_DDTRACE_OMIT_ERR_STATUS: '["404"]', ENV_INPUT_DDTRACE_SAMPLER: "0" };
  const rum = { "_dd.origin": "rum" };
  assertEquals(
    await keep(
      env,
      [span({ ...WEB_404 })],
      [span({ type: "HTTP", metrics: { "http.status_code": 404 } })],
      [span({ resource: "root", error: 1, type: "web", meta: { "http.status_code": "500" } }), span(WEB_404)],
      [span({ resource: "no web", type: "custom", meta: { ...rum, "http.status_code": "404" } })],
    ),
    [["root", "r", "no web"], { filtered: 2 }],
  );
});

Deno.test("the tracers' traffic with the extension and the platform is filtered", async () => {
  const urls = [
    "http://127.0.0.1:9001/2018-06-01/runtime/invocation/next",
    "http://127.0.0.1:8124/lambda/hello",
    "http://example.com/",
    "http://127.0.0.1:3000/",
  ];
  assertEquals(await keep({}, urls.map((url) => span({ resource: url, meta: { "http.url": url } }))), [
    ["http://example.com/", "http://127.0.0.1:3000/"],
    { filtered: 2 },
  ]);
});
