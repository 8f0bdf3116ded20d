/** Routes and replies of port 8126, as each client wants them. */
import { assertEquals } from "@std/assert";
import { harness, hex, pack } from "./support.ts";

const RATES = '{"rate_by_service":{"service:,env:":1}}';
const INFO = '{"version":"7.70.0","endpoints":["/v0.3/traces","/v0.4/traces","/v0.5/traces","/v0.7/traces",' +
  '"/v1.0/traces","/dogstatsd/v2/proxy"],"client_drop_p0s":false,"span_meta_structs":true,"span_events":true,' +
  '"long_running_spans":false,"config":{"statsd_port":8125,"max_request_bytes":16777216}}';

Deno.test("probes and empty payloads succeed in each version's form", async () => {
  const probes: readonly (readonly [path: string, body: string, reply: string])[] = [
    ["/v0.3/traces", "90", "OK\n"],
    ["/v0.4/traces", "90", RATES],
    ["/v0.4/traces", "", RATES],
    ["/v0.4/traces", "c0", RATES],
    ["/v0.4/traces", "91 90", RATES],
    ["/v0.4/traces", "91 c0", RATES],
    ["/v0.4/traces", "91 91 c0", RATES],
    ["/v0.4/traces", "'[[]]'", RATES],
    ["/v0.4/traces", "'[null]'", RATES],
    ["/v0.5/traces", "92 90 90", RATES],
    ["/v0.7/traces", "80", RATES],
    ["/v1.0/traces", "80", RATES],
  ];
  for (const [path, body, reply] of probes) {
    const h = harness();
    const response = await h.send(path, hex(body), { "x-datadog-trace-count": "0" });
    assertEquals([response.status, await response.text()], [200, reply], `${path} ${body}`);
    assertEquals([h.points.length, h.refused.size], [0, 0], `${path} ${body}`);
  }
});

Deno.test("any method is taken", async () => {
  const { traces, points } = harness();
  const body = pack([[{ trace_id: 1, span_id: 2, start: 1700000000000000000n }]]);
  for (const method of ["POST", "PUT", "PATCH"]) {
    const response = await traces.app?.request("/v0.4/traces", { method, body });
    assertEquals(response?.status, 200, method);
    assertEquals(response?.headers.get("content-type"), "application/json");
    await response?.body?.cancel();
  }
  assertEquals(points.length, 1);
});

Deno.test("/info is the document whose hash every reply carries", async () => {
  const h = harness();
  const response = await h.send("/info");
  const bytes = new Uint8Array(await response.arrayBuffer());
  assertEquals(new TextDecoder().decode(bytes), INFO);
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
  assertEquals(response.headers.get("datadog-agent-state"), hash);
  for (const path of ["/v0.3/traces", "/v0.4/traces", "/v0.6/stats", "/v0.7/config", "/services"]) {
    const reply = await h.send(path, hex("90"));
    await reply.body?.cancel();
    assertEquals(reply.headers.get("datadog-agent-state"), hash, path);
    assertEquals(reply.headers.get("datadog-agent-version"), "7.70.0", path);
  }
});

Deno.test("products without a place here get a plain success and are counted", async () => {
  const h = harness();
  const paths = [
    "/v0.6/stats",
    "/telemetry/proxy/api/v2/apmtelemetry",
    "/profiling/v1/input",
    "/debugger/v1/input",
    "/debugger/v2/input",
    "/symdb/v1/input",
    "/evp_proxy/v2/api/v2/llmobs",
    "/v0.1/pipeline_stats",
  ];
  for (const path of paths) {
    const response = await h.send(path, "data");
    assertEquals([response.status, await response.text()], [200, ""], path);
  }
  assertEquals([...h.refused], [["unsupported", 8]]);
});

Deno.test("remote configuration and services are polls, not data", async () => {
  const h = harness();
  const config = await h.send("/v0.7/config", "{}");
  assertEquals([config.status, await config.text()], [200, "{}"]);
  const services = await h.send("/v0.3/services", "{}");
  assertEquals([services.status, await services.text()], [200, "OK\n"]);
  assertEquals(h.refused.size, 0);
});

Deno.test("DogStatsD lines go to StatsD, or are counted where it is off", async () => {
  const lines: string[] = [];
  const statsd = (bytes: Uint8Array): Promise<void> => {
    lines.push(new TextDecoder().decode(bytes));
    return Promise.resolve();
  };
  const on = harness({}, { statsd });
  assertEquals((await on.send("/dogstatsd/v2/proxy", "a:1|c\nb:2|g")).status, 200);
  assertEquals(lines, ["a:1|c\nb:2|g"]);
  const off = harness();
  assertEquals((await off.send("/dogstatsd/v2/proxy", "a:1|c")).status, 200);
  assertEquals([...off.refused], [["unsupported", 1]]);
});

Deno.test("a page of another site is refused", async () => {
  const h = harness();
  const body = pack([[{ trace_id: 1, span_id: 2 }]]);
  const response = await h.send("/v0.4/traces", body, { "sec-fetch-site": "cross-site" });
  await response.body?.cancel();
  assertEquals([response.status, h.points.length], [403, 0]);
});

Deno.test("a body that cannot be inflated or is too large is a clear status, counted by its traces", async () => {
  const h = harness({ ENV_INPUT_DDTRACE_MAX_BODY_MB: "1" });
  const broken = await h.send("/v0.4/traces", hex("00"), {
    "content-encoding": "gzip",
    "x-datadog-trace-count": "3",
  });
  assertEquals(broken.status, 400);
  await broken.body?.cancel();
  const large = await h.send("/v0.4/traces", new Uint8Array(1_048_577));
  assertEquals([large.status, await large.text()], [413, "payload-too-large"]);
  assertEquals([...h.refused], [["malformed", 3], ["too_large", 1]]);
});

Deno.test("whole traces before an unreadable one are kept; what is missing is counted", async () => {
  const h = harness();
  const whole = pack([[{ trace_id: 1, span_id: 2 }], [{ trace_id: 3, span_id: 4 }], [{
    trace_id: 5,
    span_id: 6,
  }]]);
  const response = await h.send("/v0.4/traces", whole.subarray(0, whole.length - 60));
  assertEquals(response.status, 400);
  assertEquals(await response.text(), "Cannot decode msgpack as its bytes end early\n");
  assertEquals(h.points.map((point) => point.fields.get("trace_id")), ["1"]);
  assertEquals([...h.refused], [["malformed", 2]]);
});

Deno.test("spans without ids or of another type are counted, the others kept", async () => {
  const h = harness();
  const body = pack([[{ trace_id: 1, span_id: 2 }, 7, { trace_id: 1 }, { span_id: 3 }], 8, [{
    trace_id: 4,
    span_id: 5,
  }]]);
  assertEquals((await h.send("/v0.4/traces", body)).status, 200);
  assertEquals(h.points.length, 2);
  assertEquals([...h.refused], [["malformed", 4]]);
});

Deno.test("spans beyond the limit are counted", async () => {
  const h = harness({ ENV_INPUT_DDTRACE_MAX_SPANS: "2" });
  const spans = [1, 2, 3, 4].map((span_id) => ({ trace_id: 1, span_id }));
  for (
    const [path, body] of [["/v0.4/traces", pack([spans])], [
      "/v0.4/traces",
      JSON.stringify([spans]),
    ]] as const
  ) {
    h.refused.clear();
    assertEquals((await h.send(path, body)).status, 200);
    assertEquals(h.refused.get("too_large"), 2);
  }
});

Deno.test("v0.5 refuses an index beyond its table and spans that are not of 12, and takes raw strings", async () => {
  const span = (service: number | string, ...rest: number[]): (number | string | null)[] => [
    ...[service, 0, 0, 1, 2, 0, 0, 0, 0],
    null,
    null,
    0,
    ...rest,
  ];
  const send = async (item: (number | string | null)[]): Promise<[number, unknown]> => {
    const h = harness();
    const response = await h.send("/v0.5/traces", pack([[""], [[item]]]));
    await response.body?.cancel();
    return [response.status, h.points[0]?.tags.get("service")];
  };
  assertEquals(await send(span(1)), [400, undefined]);
  assertEquals(await send(span(-1)), [400, undefined]);
  assertEquals(await send(span(0, 0)), [400, undefined]);
  assertEquals(await send(span("raw")), [200, "raw"]);
});
