import { assert, assertEquals } from "@std/assert";
import { createLogger } from "@std/log";
import fc from "fast-check";
import { deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { createDatakitApiReceiver } from "../../../src/ingest/datakit/receiver.ts";
import { createPoint } from "../../support/create_point.ts";
import { createCommonKeys, encodeCommonTags } from "../../../src/point/common_tags.ts";
import { ENCODINGS } from "../../../src/point/encoding.ts";
import { CATEGORIES, type FieldValue, type Point } from "../../../src/point/point.ts";
import { asLine } from "../../support/arbitrary_points.ts";
import { batchOfPoints, createRecordingIntake } from "../../support/points.ts";

const NO_TAGS = encodeCommonTags(new Map(), createCommonKeys([]));
const NOW = 1_700_000_000_500;
const NOW_NS = 1_700_000_000_500_000_000n;

interface Reply {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
}

interface Harness {
  readonly points: Point[];
  readonly refused: string[];
  readonly post: (path: string, body: BodyInit, headers?: Record<string, string>) => Promise<Reply>;
  readonly get: (path: string) => Promise<Reply>;
}

function harness(): Harness {
  const intake = createRecordingIntake("datakit");
  const { points } = intake;
  const refused: string[] = [];
  let now = NOW;
  const { app } = createDatakitApiReceiver({ version: "2.0.0", hostname: "h0" }, {
    ...intake,
    log: createLogger({ level: "off" }),
    instanceId: () => "instance-1",
    limits: { maxWireBytes: 100_000, maxInflatedBytes: 1_000_000, timeoutMs: 1000 },
    now: () => now,
  });
  async function send(path: string, init: RequestInit): Promise<Reply> {
    const response = await app?.request(path, init);
    assert(response !== undefined);
    now = NOW;
    const text = await response.text();
    refused.splice(0, Infinity, ...Array.from(intake.refused, ([reason, count]) => `${reason} ${count}`));
    return { status: response.status, text, headers: response.headers };
  }
  return {
    points,
    refused,
    post: (path, body, headers = {}) => send(path, { method: "POST", body, headers }),
    get: (path) => {
      now = NOW + 2500;
      return send(path, {});
    },
  };
}

function plain(point: Point | undefined): unknown {
  if (point === undefined) return undefined;
  const { category, measurement, tags, fields, timeNs } = point;
  return [category, measurement, Object.fromEntries(tags), Object.fromEntries(fields), timeNs];
}

Deno.test("POST /v1/write/metric stores line protocol and answers 200 with nothing", async () => {
  const { post, points, refused } = harness();
  const reply = await post("/v1/write/metric", "cpu,host=h1 load=1.5,n=2i 1700000000000000001\nmem used=3u");
  assertEquals([reply.status, reply.text, reply.headers.get("x-datakit")], [200, "", "2.0.0"]);
  assertEquals(points.map(plain), [
    ["metric", "cpu", { host: "h1" }, { load: 1.5, n: 2n }, 1_700_000_000_000_000_001n],
    ["metric", "mem", {}, { used: { unsigned: 3n } }, NOW_NS],
  ]);
  assertEquals(refused, []);
});

Deno.test("POST /v1/write takes every category and the old name of metrics", async () => {
  for (const category of CATEGORIES) {
    const { post, points } = harness();
    assertEquals((await post(`/v1/write/${category}`, "m f=1")).status, 200);
    assertEquals(points.map((point) => point.category), [category]);
  }
  const { post, points } = harness();
  assertEquals((await post("/v1/write/metrics", "m f=1")).status, 200);
  assertEquals(points[0]?.category, "metric");
});

Deno.test("POST /v1/write applies Dataway's rules", async () => {
  const { post, points } = harness();
  await post(
    "/v1/write/logging",
    '[{"measurement":"","tags":{"a.b":"c"},"fields":{"message":"x"},"time":1}]',
    {
      "Content-Type": "application/json; charset=utf-8",
    },
  );
  assertEquals(plain(points[0]), [
    "logging",
    "__default",
    { a_b: "c" },
    { message: "x", status: "info" },
    1_000_000_000n,
  ]);
});

Deno.test("POST /v1/write reads the same points in every encoding and compression", async (t) => {
  const draft = {
    category: "logging" as const,
    measurement: "m x",
    tags: [["k", "v,=é"]] as const,
    fields: [["message", 'a "b"\nc'], ["n", -3n], ["u", { unsigned: 2n ** 64n - 1n }], ["f", 1e-7], [
      "b",
      true,
    ], [
      "a",
      ["x", "y"],
    ]] as [string, FieldValue][],
    timeNs: 1_700_000_000_000_000_001n,
  };
  const point = createPoint(draft);
  assert(point !== undefined);
  const expected: unknown = [
    "logging",
    "m x",
    { k: "v,=é" },
    {
      a: ["x", "y"],
      b: true,
      f: 1e-7,
      message: 'a "b"\nc',
      n: -3n,
      status: "info",
      u: { unsigned: 2n ** 64n - 1n },
    },
    1_700_000_000_000_000_001n,
  ];
  for (const { contentType, encode } of Object.values(ENCODINGS)) {
    const bytes = encode(batchOfPoints([point]), NO_TAGS);
    const forms: readonly (readonly [string, Uint8Array])[] = [
      ["", bytes],
      ["gzip", gzipSync(bytes)],
      ["deflate", deflateSync(bytes)],
      ["zstd", zstdCompressSync(bytes)],
    ];
    for (const [coding, body] of forms) {
      await t.step(`${contentType} ${coding}`, async () => {
        const byHeader = harness();
        const headers = {
          "Content-Type": contentType,
          ...(coding === "" ? {} : { "Content-Encoding": coding }),
        };
        assertEquals((await byHeader.post("/v1/write/logging", new Uint8Array(body), headers)).status, 200);
        assertEquals(byHeader.points.map(plain), [expected]);
        const byQuery = harness();
        const path = `/v1/write/logging?encoding=${coding}`;
        await byQuery.post(path, new Uint8Array(body), { "Content-Type": contentType });
        assertEquals(byQuery.points.map(plain), [expected]);
      });
    }
  }
});

Deno.test("POST /v1/write gives back what our own encoders wrote, whatever it is", async () => {
  const text = fc.string({
    unit: fc.constantFrom(..."abc ,=\"\\\n\r\t.é🚀[]#'"),
    minLength: 1,
    maxLength: 8,
  });
  // Names and tags cannot hold all of it in line protocol: the encoder leaves backslashes out and guards a `#`.
  const name = fc.string({ unit: fc.constantFrom(..."abc ,=\"\n.é🚀[]'"), minLength: 1, maxLength: 8 });
  const value: fc.Arbitrary<FieldValue> = fc.oneof(
    text,
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((unsigned) => ({ unsigned })),
    fc.boolean(),
    fc.array(text, { minLength: 1, maxLength: 3 }),
  );
  await fc.assert(
    fc.asyncProperty(
      name,
      fc.array(fc.tuple(name, name)),
      fc.array(fc.tuple(name, value), { minLength: 1 }),
      async (measurement, tags, fields) => {
        const point = createPoint({
          category: "tracing",
          measurement,
          tags,
          fields,
          timeNs: 1_700_000_000_000_000_001n,
        });
        fc.pre(point !== undefined);
        for (const [version, { contentType, encode }] of Object.entries(ENCODINGS)) {
          const { post, points } = harness();
          const reply = await post("/v1/write/tracing?precision=n", encode(batchOfPoints([point]), NO_TAGS), {
            "Content-Type": contentType,
          });
          assertEquals([reply.status, reply.text], [200, ""]);
          assertEquals(sorted(points[0]), sorted(version === "v1" ? asLine(point) : point));
        }
      },
    ),
    { numRuns: 150 },
  );
});

/** Line protocol sorts keys and knows no negative zero. */
function sorted(point: Point | undefined): unknown {
  assert(point !== undefined);
  const fields = [...point.fields].map(([key, value]) => [key, Object.is(value, -0) ? 0 : value] as const);
  const byKey = (a: readonly [string, unknown], b: readonly [string, unknown]): number =>
    a[0] < b[0] ? -1 : 1;
  return [point.measurement, [...point.tags].sort(byKey), fields.sort(byKey), point.timeNs];
}

Deno.test("POST /v1/write keeps the good points of a body and tells how many were not", async () => {
  const { post, points, refused } = harness();
  const reply = await post("/v1/write/metric", 'a f=1\nbad\nb f=2\nc s="text is no metric"');
  assertEquals([reply.status, JSON.parse(reply.text)], [200, {
    content: {
      accepted: 2,
      malformed: 2,
      message: "Cannot read a point as a key must be followed by a value: character 9",
    },
  }]);
  assertEquals(points.map(({ measurement }) => measurement), ["a", "b"]);
  assertEquals(refused, ["malformed 2"]);
});

Deno.test("POST /v1/write answers in DataKit's form when nothing could be taken", async (t) => {
  const json = { "Content-Type": "application/json" };
  const cases: readonly (readonly [
    string,
    string,
    BodyInit,
    Record<string, string>,
    number,
    string,
    readonly string[],
  ])[] = [
    ["bad line", "metric", "bad", {}, 400, "datakit.invalidLinePoint", ["malformed 1"]],
    ["bad JSON", "metric", "{", json, 400, "datakit.invalidJsonPoint", ["malformed 1"]],
    [
      "bad protobuf",
      "metric",
      "\xff",
      { "Content-Type": "application/protobuf" },
      400,
      "datakit.invalidProtobufPoint",
      [
        "malformed 1",
      ],
    ],
    ["no point", "metric", "# nothing", {}, 400, "datakit.noPoints", []],
    ["no point in JSON", "metric", "[]", json, 400, "datakit.noPoints", []],
    ["empty", "metric", "", {}, 400, "datakit.emptyBody", []],
    ["category", "nothing", "m f=1", {}, 404, "datakit.invalidCategory", []],
    ["precision", "metric?precision=d", "m f=1", {}, 400, "datakit.invalidPrecision", []],
    ["not gzip", "metric", "m f=1", { "Content-Encoding": "snappy" }, 400, "datakit.invalidBody", [
      "malformed 1",
    ]],
    ["unknown coding", "metric?encoding=gzip%0d%0a", "m f=1", {}, 400, "datakit.invalidBody", [
      "malformed 1",
    ]],
    ["too large", "metric", "x".repeat(100_001), {}, 413, "datakit.invalidBody", ["too_large 1"]],
    [
      "a bomb",
      "metric",
      new Uint8Array(gzipSync(new Uint8Array(2_000_000))),
      { "Content-Encoding": "gzip" },
      413,
      "datakit.invalidBody",
      [
        "too_large 1",
      ],
    ],
  ];
  for (const [name, path, body, headers, status, code, counted] of cases) {
    await t.step(name, async () => {
      const { post, points, refused } = harness();
      const reply = await post(`/v1/write/${path}`, body, headers);
      const { error_code, message } = JSON.parse(reply.text);
      assertEquals([reply.status, error_code, points.length, refused], [status, code, 0, [...counted]]);
      assert(message.startsWith("Cannot "));
    });
  }
});

Deno.test("POST /v1/write?strict takes all points or none", async () => {
  const bad = harness();
  assertEquals((await bad.post("/v1/write/metric?strict=1", "a f=1\nbad")).status, 400);
  assertEquals([bad.points, bad.refused], [[], ["malformed 2"]]);
  const changed = harness();
  assertEquals((await changed.post("/v1/write/metric?strict=1", 'a f=1,s="x"')).status, 400);
  const good = harness();
  assertEquals((await good.post("/v1/write/metric?strict=1", "a f=1")).status, 200);
  assertEquals(good.points.length, 1);
});

Deno.test("POST /v1/write?dry stores nothing", async () => {
  const { post, points, refused } = harness();
  assertEquals((await post("/v1/write/metric?dry=1", "a f=1\nbad")).status, 200);
  assertEquals([points, refused], [[], []]);
});

Deno.test("POST /v1/write counts each point once that lost a part, in every encoding", async () => {
  const json = { "Content-Type": "application/json" };
  const deep = `${"[".repeat(9000)}1${"]".repeat(9000)}`;
  const long = "x".repeat(2000);
  const bodies: readonly (readonly [string, BodyInit, Record<string, string>])[] = [
    ["metric", `a f=1\na,t=${long},u=${long} f=1\na f=1,g=NaN\na f=2`, {}],
    [
      "metric",
      `[{"name":"a","fields":{"f":1}},{"name":"b","fields":{"f":${deep},"g":2}},{"name":"c",
      "fields":[{"key":"f","f":1},{"key":"g","i":"?"}]},{"name":"d","fields":{"f":1}}]`,
      json,
    ],
  ];
  for (const [category, body, headers] of bodies) {
    const { post, points, refused } = harness();
    assertEquals((await post(`/v1/write/${category}`, body, headers)).status, 200);
    assertEquals([points.length, refused], [4, ["trimmed 2"]]);
    const strict = harness();
    assertEquals((await strict.post(`/v1/write/${category}?strict=1`, body, headers)).status, 400);
    assertEquals([strict.points.length, strict.refused], [0, ["malformed 4"]]);
  }
});

Deno.test("POST /v1/write?ignore_global_host_tags marks points that are sent with their own tags only", async () => {
  for (const name of ["ignore_global_host_tags", "ignore_global_tags"]) {
    const { post, points } = harness();
    assertEquals((await post(`/v1/write/metric?${name}=1`, "m,k=v f=1i 1")).status, 200);
    assertEquals(points.map(({ ownTagsOnly }) => ownTagsOnly), [true]);
  }
  const { post, points } = harness();
  await post("/v1/write/metric?ignore_global_host_tags=", "m,k=v f=1i 1");
  assertEquals(points[0]?.ownTagsOnly, undefined);
});

Deno.test("POST /v1/write?echo gives the points back as they are stored", async () => {
  const body =
    'm,t.u=v f.g=1i,u=2u,x=1.5,b=t,s="a \\"q\\"",d="aGk="b,a=[1i,2i] 1700000000000000001\nn f="x" 5';
  const lines =
    'm,t_u=v a=[1i,2i],b=true,d="aGk="b,f_g=1i,s="a \\"q\\"",status="info",u=2u,x=1.5 1700000000000000001\n' +
    'n f="x",status="info" 5';
  const simple =
    '[{"measurement":"m","tags":{"t_u":"v"},"fields":{"f_g":1,"u":2,"x":1.5,"b":true,"s":"a \\"q\\"","d":"aGk=","a":[1,2],' +
    '"status":"info"},"time":1700000000000000001},{"measurement":"n","fields":{"f":"x","status":"info"},"time":5}]';
  const typed = '[{"name":"m","fields":[{"key":"f_g","i":"1"},{"key":"u","u":"2"},{"key":"x","f":1.5},' +
    '{"key":"b","b":true},{"key":"s","s":"a \\"q\\""},{"key":"d","d":"aGk="},{"key":"a","a":{"@type":' +
    '"type.googleapis.com/point.Array","arr":[{"i":"1"},{"i":"2"}]}},{"key":"status","s":"info"},' +
    '{"key":"t_u","s":"v","is_tag":true}],"time":"1700000000000000001"},' +
    '{"name":"n","fields":[{"key":"f","s":"x"},{"key":"status","s":"info"}],"time":"5"}]';
  const forms: readonly (readonly [string, string, string])[] = [
    ["echo=lp", "text/plain; charset=utf-8", lines],
    ["echo=json", "application/json", simple],
    ["echo=pbjson", "application/json", typed],
    ["echo_line_proto=1", "text/plain; charset=utf-8", lines],
    ["echo_json=1", "application/json", simple],
  ];
  for (const [query, type, text] of forms) {
    const { post, points } = harness();
    const reply = await post(`/v1/write/logging?precision=n&${query}`, body);
    assertEquals([reply.status, reply.headers.get("content-type"), reply.text], [200, type, text]);
    assertEquals(points.length, 2);
    const dry = harness();
    assertEquals((await dry.post(`/v1/write/logging?precision=n&dry=1&${query}`, body)).text, text);
    assertEquals(dry.points, []);
  }
  assertEquals((await harness().post("/v1/write/logging?echo=xml", body)).text, "");
});

Deno.test("POST /v1/write?echo gives back a body that makes the same points", async () => {
  const { post, points } = harness();
  const body = `m,t=v i=1i,u=2u,x=1.5,b=t,s="a\n\\"q\\"",d="aGk="b,a=["x","y"] 1700000000000000001`;
  for (const [form, contentType] of [["lp", ""], ["pbjson", "application/json"]] as const) {
    points.length = 0;
    const echo = await post(`/v1/write/tracing?precision=n&echo=${form}`, body);
    await post("/v1/write/tracing?precision=n", echo.text, { "Content-Type": contentType });
    assertEquals(sorted(points[1]), sorted(points[0]));
  }
});

Deno.test("POST /v1/write takes or counts each point of any JSON", async () => {
  const scalar = fc.oneof(
    fc.constantFrom(
      "9".repeat(5000),
      "-0",
      "1e999",
      "12345678901234567890",
      '"x"',
      "null",
      "true",
      "{}",
      "[]",
    ),
    fc.nat(40).map((depth) => `${"[".repeat(depth * depth * 10)}1${"]".repeat(depth * depth * 10)}`),
    fc.nat(40).map((depth) => `${'{"k":'.repeat(depth * depth)}1${"}".repeat(depth * depth)}`),
  );
  const members = (name: string): fc.Arbitrary<string> =>
    fc.array(scalar, { maxLength: 4 }).map((values) =>
      `"${name}":{${values.map((value, i) => `"k${i}":${value}`).join()}}`
    );
  const typed = fc.array(fc.tuple(fc.constantFrom("i", "u", "f", "b", "d", "s", "a", "x"), scalar), {
    maxLength: 4,
  })
    .map((values) =>
      `"fields":[${values.map(([type, value], i) => `{"key":"f${i}","${type}":${value}}`).join()}]`
    );
  const point = fc.tuple(
    fc.constantFrom('"name":"m"', '"measurement":"m"', '"name":5'),
    fc.oneof(members("fields"), typed),
    fc.oneof(members("tags"), fc.constant('"tags":null')),
    scalar.map((value) => `"time":${value}`),
  ).map((parts) => `{${parts.join()}}`);
  await fc.assert(
    fc.asyncProperty(fc.array(point, { maxLength: 5 }), async (some) => {
      const { post, points, refused } = harness();
      const sentinel = '{"name":"sentinel","fields":{"f":1},"time":1}';
      const body = `[${[sentinel, ...some, sentinel].join()}]`;
      fc.pre(body.length < 100_000);
      const reply = await post("/v1/write/logging", body, { "Content-Type": "application/json" });
      assertEquals(reply.status, 200);
      const malformed = refused.map((entry) => /^malformed (\d+)$/.exec(entry)?.[1] ?? "0").map(Number);
      assertEquals(points.length + malformed.reduce((sum, count) => sum + count, 0), some.length + 2);
      assertEquals(points.filter(({ measurement }) => measurement === "sentinel").length, 2);
    }),
    { numRuns: 500 },
  );
});

Deno.test("GET /v1/write is a 405, GET /v1/ping tells version and uptime", async () => {
  const { get } = harness();
  const refusal = await get("/v1/write/metric");
  assertEquals([refusal.status, refusal.headers.get("allow")], [405, "POST"]);
  const ping = await get("/v1/ping");
  assertEquals([ping.status, JSON.parse(ping.text)], [200, {
    content: { version: "2.0.0", uptime: "2.5s", host: "h0" },
  }]);
});
