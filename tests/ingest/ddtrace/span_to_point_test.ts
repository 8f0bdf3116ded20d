/** How spans become points, from E5 of `tests/spec/datakit.md` 9 on. */
import { assertEquals, assertObjectMatch } from "@std/assert";
import { harness, hex, message, only, pack, type Packable } from "./support.ts";

type Members = { readonly [key: string]: Packable };

function span(members: Members): Members {
  return {
    service: "s",
    name: "n",
    resource: "r",
    trace_id: 11,
    span_id: 22,
    start: 1700000000000000000n,
    ...members,
  };
}

Deno.test("spanToPoint() makes DataKit's point of example E5, its two repeated tags left out", async () => {
  const h = harness();
  await h.send(
    "/v0.4/traces",
    '[[{"service":"web","name":"http.request","resource":"GET /a","trace_id":11,"span_id":22,"parent_id":0,' +
      '"start":1695340275234000000,"duration":1500000,"error":1,"type":"web","meta":{"http.status_code":"500",' +
      '"_dd.p.tid":"6552a70e00000000","env":"prod","foo.bar":"z","runtime-id":"rid"},' +
      '"metrics":{"_sampling_priority_v1":1}}]]',
  );
  assertEquals(only(h.points), {
    tags: {
      env: "prod",
      http_status_class: "5xx",
      http_status_code: "500",
      operation: "http.request",
      remote_ip: "127.0.0.1",
      runtime_id: "rid",
      sampling_rate: "sampler_keep",
      service: "web",
      source: "ddtrace",
      source_type: "web",
      span_type: "entry",
      status: "error",
    },
    fields: {
      duration: 1500n,
      parent_id: "0",
      resource: "GET /a",
      span_id: "22",
      start: 1695340275234000n,
      trace_id: "6552a70e00000000000000000000000b",
    },
  });
  assertEquals(
    h.points[0]?.fields.get("message"),
    '{"service":"web","name":"http.request","resource":"GET /a","start":1695340275234000000,"duration":1500000,' +
      '"error":1,"meta":{"_dd.p.tid":"6552a70e00000000","foo.bar":"z"},"metrics":{"_sampling_priority_v1":1},' +
      '"type":"web"}',
  );
  assertEquals(h.points[0]?.timeNs, 1695340275234000000n);
});

Deno.test("spanToPoint() turns known tags into tags, long ones into fields, and derives the rest", async () => {
  const h = harness();
  const stack = "at line ".repeat(200);
  await h.send(
    "/v0.4/traces",
    pack([[span({
      type: "Redis",
      resource: "SELECT 1\nFROM t",
      meta: {
        ...{ "http.url": "http://a/b", "http.method": "GET", "system.pid": "7", "db.type": "redis" },
        ...{ "peer.hostname": "db1", "db.instance": "0", "_dd.base_service": "base", "error.stack": stack },
        ...{ "error.msg": "older", "error.message": "newer", "out.host": "h", kept: "" },
        ...{ "error.type": "two\nlines" },
      },
      metrics: { "http.status_code": 404, _sampling_priority_v1: 2 },
    })]]),
  );
  const { tags, fields } = only(h.points);
  assertEquals(tags, {
    base_service: "base",
    db_host: "db1",
    db_name: "0",
    db_system: "redis",
    error_message: "newer",
    http_method: "GET",
    http_status_class: "4xx",
    http_status_code: "404",
    http_url: "http://a/b",
    operation: "n",
    out_host: "h",
    pid: "7",
    remote_ip: "127.0.0.1",
    sampling_rate: "user_keep",
    service: "s",
    source: "ddtrace",
    source_type: "cache",
    span_type: "entry",
    status: "ok",
  });
  assertEquals([fields.error_stack, fields.error_type], [stack, "two\nlines"]);
  assertEquals(fields.resource, "SELECT 1 FROM t");
});

Deno.test("texts of several lines are tags on one line where DataKit's names and types are wanted", async () => {
  const h = harness({ ENV_AWSLAMBDA_SCHEMA: "datakit" });
  const long = "line\n".repeat(300);
  const meta = { "error.stack": "at a\n\tat b", "error.message": long };
  await h.send("/v0.4/traces", pack([[span({ error: 1, meta })]]));
  const { tags, fields } = only(h.points);
  assertEquals([tags.error_stack, fields.error_message], ["at a \tat b", long]);
});

Deno.test("spanToPoint() shows where an error was handled when the tracer does not know where it arose", async () => {
  const h = harness();
  const handled = "main.main\n\t/app/main.go:33";
  const arisen = "main.query\n\t/app/db.go:7";
  await h.send(
    "/v0.4/traces",
    pack([[
      span({ span_id: 1, meta: { "error.handling_stack": handled } }),
      span({ span_id: 2, parent_id: 1, meta: { "error.handling_stack": handled, "error.stack": arisen } }),
    ]]),
  );
  assertEquals(h.points.map((point) => point.fields.get("error_stack")), [handled, arisen]);
  assertObjectMatch({ message: message(h.points[1]) }, {
    message: { meta: { "error.handling_stack": handled } },
  });
});

Deno.test("spanToPoint() joins a 128-bit id for the whole chunk, whichever span brings it, and no further", async () => {
  const h = harness();
  await h.send(
    "/v0.4/traces",
    pack([
      [span({ span_id: 1 }), span({ span_id: 2, parent_id: 1, meta: { "_dd.p.tid": "6552A70E00000000" } })],
      [span({ span_id: 3 })],
    ]),
  );
  assertEquals(h.points.map((point) => point.fields.get("trace_id")), [
    "6552a70e00000000000000000000000b",
    "6552a70e00000000000000000000000b",
    "11",
  ]);
});

Deno.test("spanToPoint() ignores an upper half that is none", async () => {
  for (const bad of ["", "xyz", "0000000000000000", "6552a70e0000000", "6552a70e000000000"]) {
    const h = harness();
    await h.send("/v0.4/traces", pack([[span({ meta: { "_dd.p.tid": bad } })]]));
    assertEquals(only(h.points).fields.trace_id, "11", bad);
  }
});

Deno.test("span_type tells entries, spans with children and the rest", async () => {
  const h = harness();
  await h.send(
    "/v0.4/traces",
    pack([[
      span({ span_id: 1, service: "a" }),
      span({ span_id: 2, service: "a", parent_id: 1 }),
      span({ span_id: 3, service: "a", parent_id: 2 }),
      span({ span_id: 4, service: "b", parent_id: 2 }),
      span({ span_id: 5, service: "b", parent_id: 99 }),
    ]]),
  );
  assertEquals(h.points.map((point) => point.tags.get("span_type")), [
    "entry",
    "local",
    "exit",
    "entry",
    "entry",
  ]);
});

Deno.test("ids follow the settings", async () => {
  const wide = { span_id: 0xabcn, parent_id: 0xfn, meta: { "_dd.p.tid": "6552a70e00000000" } };
  const ids = async (env: Record<string, string>): Promise<unknown[]> => {
    const h = harness(env);
    await h.send("/v0.4/traces", pack([[span(wide)]]));
    const { fields } = only(h.points);
    return [fields.trace_id, fields.span_id, fields.parent_id];
  };
  assertEquals(await ids({}), ["6552a70e00000000000000000000000b", "2748", "15"]);
  assertEquals(await ids({ ENV_INPUT_DDTRACE_COMPATIBLE_OTEL: "true" }), [
    "6552a70e00000000000000000000000b",
    "0000000000000abc",
    "000000000000000f",
  ]);
  assertEquals(await ids({ ENV_INPUT_DDTRACE_TRACE_ID_64_BIT_HEX: "true" }), [
    "000000000000000b",
    "0000000000000abc",
    "000000000000000f",
  ]);
  assertEquals(await ids({ ENV_INPUT_DDTRACE_TRACE_128_BIT_ID: "false" }), ["11", "2748", "15"]);
});

Deno.test("customer tags are taken by name and by pattern, never over a field's name", async () => {
  const h = harness({
    ENV_INPUT_DDTRACE_CUSTOMER_TAGS: '["order.id","reg:^team\\\\.","trace_id"]',
    ENV_INPUT_DDTRACE_TAGS: "stage=blue,service=never",
    ENV_INPUT_DDTRACE_DEL_MESSAGE: "true",
  });
  await h.send(
    "/v0.4/traces",
    pack([[span({ meta: { "order.id": "7", "team.name": "core", "steam.x": "1", trace_id: "2" } })]]),
  );
  const { tags, fields } = only(h.points);
  assertEquals([tags.order_id, tags.team_name, tags.stage, tags.service], ["7", "core", "blue", "s"]);
  assertEquals([tags.steam_x, tags.trace_id, fields.trace_id], [undefined, undefined, "11"]);
  assertEquals(h.points[0]?.fields.has("message"), false);
});

Deno.test("message holds links, events and documents exactly, NaN left out", async () => {
  const h = harness();
  await h.send(
    "/v0.4/traces",
    pack([[span({
      metrics: { bad: NaN, good: 1.5 },
      meta_struct: { appsec: pack({ big: 18446744073709551615n, list: [1, "x", null] }), odd: hex("c1") },
      span_links: [{
        trace_id: 0xfffffffffffffff0n,
        trace_id_high: 1n,
        span_id: 2n,
        attributes: { a: "b" },
        tracestate: "t=1",
        flags: 2147483649n,
      }],
      span_events: [{
        time_unix_nano: 1700000000000000000.5,
        name: "e",
        attributes: {
          s: { type: 0, string_value: "x" },
          b: { type: 1, bool_value: true },
          i: { type: 2, int_value: -5n },
          d: { type: 3, double_value: 0.25 },
          l: {
            type: 4,
            array_value: { values: [{ type: 0, string_value: "y" }, { type: 2, int_value: 1 }] },
          },
        },
      }],
    })]]),
  );
  assertEquals(
    h.points[0]?.fields.get("message"),
    '{"service":"s","name":"n","resource":"r","start":1700000000000000000,"duration":0,"error":0,"meta":{},' +
      '"metrics":{"good":1.5},"type":"","meta_struct":{"appsec":{"big":18446744073709551615,' +
      '"list":[1,"x",null]},"odd":"wQ=="},"span_links":[{"trace_id":"0000000000000001fffffffffffffff0",' +
      '"span_id":"0000000000000002","attributes":{"a":"b"},"tracestate":"t=1","flags":2147483649}],' +
      '"span_events":[{"name":"e","time_unix_nano":1700000000000000000,' +
      '"attributes":{"s":"x","b":true,"i":-5,"d":0.25,"l":["y",1]}}]}',
  );
});

Deno.test("links and events in tags are taken as such, others left as text", async () => {
  const h = harness();
  await h.send(
    "/v0.4/traces",
    pack([[span({
      meta: {
        "_dd.span_links": '[{"trace_id":"6552a70e000000000000000000000001","span_id":"000000000000000a"}]',
        events: '[{"name":"e","time_unix_nano":1700000000123456789,"attributes":{"type":1,"k":[true]}}]',
      },
    })], [span({ span_id: 23, meta: { events: "not json" } })]]),
  );
  const text = String(h.points[0]?.fields.get("message"));
  assertEquals(
    text.slice(text.indexOf('"meta"')),
    '"meta":{},"metrics":{},"type":"","span_links":[{"trace_id":"6552a70e000000000000000000000001",' +
      '"span_id":"000000000000000a"}],"span_events":[{"name":"e","time_unix_nano":1700000000123456789,' +
      '"attributes":{"type":1,"k":[true]}}]}',
  );
  assertEquals(message(h.points[1]), {
    service: "s",
    name: "n",
    resource: "r",
    start: 1700000000000000000,
    duration: 0,
    error: 0,
    meta: { events: "not json" },
    metrics: {},
    type: "",
  });
});

Deno.test("times that cannot be are mended", async () => {
  const times = async (members: Members): Promise<unknown[]> => {
    const h = harness();
    await h.send("/v0.4/traces", pack([[span(members)]]));
    const { fields } = only(h.points);
    return [h.points[0]?.timeNs, fields.duration];
  };
  assertEquals(await times({ start: 0, duration: 2_000_000n }), [1699999999998000000n, 2000n]);
  assertEquals(await times({ duration: -5n }), [1700000000000000000n, 0n]);
  assertEquals(await times({ start: 9_000_000_000_000_000_000n }), [1700003600000000000n, 0n]);
  assertEquals(await times({ start: 1.7e18, duration: 1500.9 }), [1700000000000000000n, 1n]);
  assertEquals(await times({ start: NaN, duration: Infinity }), [1700000000000000000n, 0n]);
});

Deno.test("one text used often cannot grow a message without bound", async () => {
  const h = harness();
  const keys = Array.from({ length: 500 }, (_, i) => `key${i}`);
  const big = "x".repeat(1_000_000);
  await h.send(
    "/v0.5/traces",
    pack([["", big, ...keys], [[[
      ...[0, 0, 0, 11, 22, 0, 1700000000000000000n, 1, 0],
      new Map(keys.map((_, i) => [i + 2, 1])),
      null,
      0,
    ]]]]),
  );
  const text = String(h.points[0]?.fields.get("message"));
  assertEquals(text.length < 300_000, true);
  assertEquals(text.endsWith('"type":"","truncated":true}'), true);
});

Deno.test("what only headers or the payload tell of the tracer is on the first span", async () => {
  const h = harness();
  await h.send("/v0.4/traces", pack([[span({ span_id: 1 }), span({ span_id: 2 })]]), {
    "datadog-meta-lang": "nodejs",
    "datadog-meta-tracer-version": "5.132.0",
    "x-forwarded-for": "10.1.2.3:443, 127.0.0.1",
  });
  const meta = (i: number): unknown => Object(message(h.points[i])).meta;
  assertEquals([meta(0), meta(1)], [{ language: "nodejs", tracer_version: "5.132.0" }, {}]);
  assertEquals(h.points[0]?.tags.get("remote_ip"), "10.1.2.3");
});
