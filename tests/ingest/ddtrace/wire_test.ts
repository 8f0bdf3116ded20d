/** The worked bytes of `tests/spec/ingest.md` 3.4 to 3.7, and that all forms of one span make the same point. */
import { assertEquals } from "@std/assert";
import { harness, hex, message, only, pack, type Packable } from "./support.ts";

const V04 = hex(`
  91 91 8b a7 'service' a1 's' a4 'name' a1 'n' a8 'resource' a1 'r'
  a8 'trace_id' cf d269b633813fc60c a7 'span_id' 02 a9 'parent_id' 00
  a5 'start' cf 17979cfe362a0000 a8 'duration' ce 000f4240 a5 'error' 00
  a4 'meta' 81 a9 '_dd.p.tid' b0 '5b8efff798038103'
  a7 'metrics' 81 b5 '_sampling_priority_v1' 01`);

const V05 = hex(`
  92 98 a0 a1 's' a1 'n' a1 'r' a3 'web' a1 'k' a1 'v' b5 '_sampling_priority_v1'
  91 91 9c 01 02 03 cf d269b633813fc60c 02 00 cf 17979cfe362a0000 ce 000f4240 00 81 05 06 81 07 01 04`);

const V10 = hex(`
  83 03 a2 'go' 07 a4 'prod' 0b 91
  83 01 01 06 c4 10 5b8efff798038103d269b633813fc60c 04 91
  8a 01 a3 'svc' 02 a2 'op' 03 04 04 02 06 cf 17979cfe362a0000 07 ce 000f4240 08 c2
  09 96 a1 'k' 01 a1 'v' a1 'n' 04 07 0a a3 'web' 10 02`);

Deno.test("v0.4 takes the spec's example of 170 bytes", async () => {
  assertEquals(V04.length, 170);
  const h = harness();
  assertEquals((await h.send("/v0.4/traces", V04)).status, 200);
  assertEquals(only(h.points), {
    tags: {
      operation: "n",
      remote_ip: "127.0.0.1",
      sampling_rate: "sampler_keep",
      service: "s",
      source: "ddtrace",
      source_type: "custom",
      span_type: "entry",
      status: "ok",
    },
    fields: {
      duration: 1000n,
      parent_id: "0",
      resource: "r",
      span_id: "2",
      start: 1700000000000000n,
      trace_id: "5b8efff798038103d269b633813fc60c",
    },
  });
  assertEquals(h.points[0]?.measurement, "ddtrace");
  assertEquals(h.points[0]?.category, "tracing");
  assertEquals(h.points[0]?.timeNs, 1700000000000000000n);
  assertEquals(
    h.points[0]?.fields.get("message"),
    '{"service":"s","name":"n","resource":"r","start":1700000000000000000,"duration":1000000,"error":0,' +
      '"meta":{"_dd.p.tid":"5b8efff798038103"},"metrics":{"_sampling_priority_v1":1},"type":""}',
  );
});

Deno.test("v0.5 takes the spec's example of 78 bytes", async () => {
  const h = harness();
  assertEquals((await h.send("/v0.5/traces", V05)).status, 200);
  const { tags, fields } = only(h.points);
  assertEquals(tags.service, "s");
  assertEquals(tags.operation, "n");
  assertEquals(tags.source_type, "web");
  assertEquals(tags.sampling_rate, "sampler_keep");
  assertEquals(fields.trace_id, "15161849952847513100");
  assertEquals(fields.start, 1700000000000000n);
  assertEquals(
    h.points[0]?.fields.get("message"),
    '{"service":"s","name":"n","resource":"r","start":1700000000000000000,"duration":1000000,"error":0,' +
      '"meta":{"k":"v"},"metrics":{"_sampling_priority_v1":1},"type":"web"}',
  );
});

Deno.test("v1.0 takes the spec's example of 87 bytes", async () => {
  assertEquals(V10.length, 87);
  const h = harness();
  assertEquals((await h.send("/v1.0/traces", V10)).status, 200);
  assertEquals(only(h.points), {
    tags: {
      env: "prod",
      operation: "op",
      remote_ip: "127.0.0.1",
      sampling_rate: "sampler_keep",
      service: "svc",
      source: "ddtrace",
      source_type: "web",
      span_kind: "server",
      span_type: "entry",
      status: "ok",
    },
    fields: {
      duration: 1000n,
      parent_id: "0",
      resource: "op",
      span_id: "2",
      start: 1700000000000000n,
      trace_id: "5b8efff798038103d269b633813fc60c",
    },
  });
  assertEquals(
    h.points[0]?.fields.get("message"),
    '{"service":"svc","name":"op","resource":"op","start":1700000000000000000,"duration":1000000,"error":0,' +
      '"meta":{"k":"v","_dd.p.tid":"5b8efff798038103","language":"go"},' +
      '"metrics":{"n":7,"_sampling_priority_v1":1},"type":"web"}',
  );
});

const SPAN = {
  service: "web",
  name: "http.request",
  resource: "GET /a",
  trace_id: 0xd269b633813fc60cn,
  span_id: 2n,
  parent_id: 0n,
  start: 1700000000000000000n,
  duration: 1500000n,
  error: 1,
  meta: { env: "prod", "span.kind": "server", k: "v", "_dd.p.tid": "5b8efff798038103" },
  metrics: { n: 7.5, _sampling_priority_v1: 1 },
  type: "web",
};

const JSON_SPAN =
  '[[{"service":"web","name":"http.request","resource":"GET /a","trace_id":15161849952847513100,' +
  '"span_id":2,"parent_id":0,"start":1700000000000000000,"duration":1500000,"error":1,"type":"web",' +
  '"meta":{"env":"prod","span.kind":"server","k":"v","_dd.p.tid":"5b8efff798038103"},' +
  '"metrics":{"n":7.5,"_sampling_priority_v1":1}}]]';

const STRINGS = ["", "web", "http.request", "GET /a", "env", "prod", "span.kind", "server", "k", "v"];

/** The same span in every form. */
const FORMS: readonly (readonly [path: string, body: BodyInit])[] = [
  ["/v0.3/traces", pack([[SPAN]])],
  ["/v0.3/traces", JSON_SPAN],
  ["/v0.4/traces", pack([[SPAN]])],
  ["/v0.4/traces", ` \n${JSON_SPAN}`],
  [
    "/v0.5/traces",
    pack([[...STRINGS, "_dd.p.tid", "5b8efff798038103", "n", "_sampling_priority_v1"], [[[
      ...[1, 2, 3, 0xd269b633813fc60cn, 2, 0, 1700000000000000000n, 1500000, 1],
      new Map([[4, 5], [6, 7], [8, 9], [10, 11]]),
      new Map([[12, 7.5], [13, 1]]),
      1,
    ]]]]),
  ],
  [
    "/v0.7/traces",
    pack({
      container_id: "c",
      env: "prod",
      chunks: [{
        priority: 1,
        origin: "",
        spans: [{
          ...SPAN,
          meta: { env: "prod", "span.kind": "server", k: "v" },
          metrics: { n: 7.5 },
        }],
        tags: { "_dd.p.tid": "5b8efff798038103" },
        dropped_trace: false,
      }],
    }),
  ],
  [
    "/v1.0/traces",
    pack(
      new Map<Packable, Packable>([
        [7, "prod"],
        [11, [
          new Map<Packable, Packable>([
            [4, [
              new Map<Packable, Packable>([
                ...[[1, "web"], [2, "http.request"], [3, "GET /a"], [4, 2n], [5, 0n]] as const,
                ...[[6, 1700000000000000000n], [7, 1500000n], [8, true]] as const,
                [9, ["k", 1, "v", "n", 3, 7.5]],
                ...[[10, 2], [13, 1], [16, 2]] as const,
              ]),
            ]],
            [6, hex("5b8efff798038103d269b633813fc60c")],
            [1, 1],
          ]),
        ]],
      ]),
    ),
  ],
];

Deno.test("every form of one span makes the same point", async () => {
  for (const [path, body] of FORMS) {
    const h = harness();
    const response = await h.send(path, body);
    assertEquals([response.status, h.refused.size], [200, 0], `${path}: ${await response.text()}`);
    assertEquals(only(h.points), {
      tags: {
        env: "prod",
        operation: "http.request",
        remote_ip: "127.0.0.1",
        sampling_rate: "sampler_keep",
        service: "web",
        source: "ddtrace",
        source_type: "web",
        span_kind: "server",
        span_type: "entry",
        status: "error",
      },
      fields: {
        duration: 1500n,
        parent_id: "0",
        resource: "GET /a",
        span_id: "2",
        start: 1700000000000000n,
        trace_id: "5b8efff798038103d269b633813fc60c",
      },
    }, path);
    assertEquals(
      h.points[0]?.fields.get("message"),
      '{"service":"web","name":"http.request","resource":"GET /a","start":1700000000000000000,' +
        '"duration":1500000,"error":1,"meta":{"k":"v","_dd.p.tid":"5b8efff798038103"},' +
        '"metrics":{"n":7.5,"_sampling_priority_v1":1},"type":"web"}',
      path,
    );
  }
});

Deno.test("facts of a payload are on every span or on the first, as v0.4 has them", async () => {
  const spans = [1, 2].map((span_id) => ({ trace_id: 1, span_id, start: 1700000000000000000n }));
  const v07 = pack({
    ...{ language_name: "go", env: "prod", app_version: "1.2", runtime_id: "rid", tags: { all: "x" } },
    chunks: [{ priority: -128, origin: "rum", spans, tags: { "_dd.p.dm": "-4" } }],
  });
  const v10 = pack(
    new Map<Packable, Packable>([
      [11, [
        new Map<Packable, Packable>([
          [2, "rum"],
          [3, ["_dd.p.x", 1, "y"]],
          [4, [1, 2].map((id) => new Map<Packable, Packable>([[4, id], [6, 1700000000000000000n]]))],
          [6, hex("00000000000000000000000000000001")],
          [7, 4],
        ]),
      ]],
      ...[[3, "go"], [6, "rid"], [7, "prod"], [9, "1.2"]] as const,
    ]),
  );
  const first = { "_dd.origin": "rum", "_dd.p.dm": "-4", language: "go" };
  for (
    const [path, body, metas] of [
      ["/v0.7/traces", v07, [{ ...first, all: "x" }, { "_dd.p.dm": "-4", all: "x" }]],
      ["/v1.0/traces", v10, [{ ...first, "_dd.p.x": "y" }, { "_dd.p.x": "y" }]],
    ] as const
  ) {
    const h = harness();
    assertEquals((await h.send(path, body)).status, 200);
    assertEquals<unknown>(h.points.map((point) => Object(message(point)).meta), metas, path);
    for (const { tags } of h.points) {
      assertEquals(
        [tags.get("env"), tags.get("version"), tags.get("runtime_id")],
        ["prod", "1.2", "rid"],
        path,
      );
    }
  }
});

Deno.test("v1.0 numbers strings as the agent does: once each, also within what is skipped", async () => {
  const h = harness();
  const body = hex(`
    84 01 92 a2 'pr' a0  63 92 a2 'sk' 81 a2 'ip' a2 'pr'  07 a2 'sk'
    0b 91 82 06 c4 10 00000000000000000000000000000001
    04 91 86 04 01 06 cf 17979cfe362a0000 01 a3 'svc' 02 04 03 03 0a 01`);
  assertEquals((await h.send("/v1.0/traces", body)).status, 200);
  const { tags, fields } = only(h.points);
  assertEquals([tags.env, tags.service, tags.operation, fields.resource], ["sk", "svc", "svc", "ip"]);
  assertEquals(Object(message(h.points[0])).type, "pr");
});
