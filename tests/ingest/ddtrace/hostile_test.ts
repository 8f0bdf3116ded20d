/** Whatever comes in: a clear answer, no exception, bounded time and memory. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Buffer } from "node:buffer";
import process from "node:process";
import { harness, hex, pack, type Packable } from "./support.ts";

const PATHS = ["/v0.3/traces", "/v0.4/traces", "/v0.5/traces", "/v0.7/traces", "/v1.0/traces"];

const SPAN = {
  service: "s",
  name: "n",
  trace_id: 1n,
  span_id: 2n,
  start: 1700000000000000000n,
  meta: { a: "b" },
  metrics: { n: 1.5 },
  meta_struct: { m: pack({ k: [1] }) },
  span_links: [{ trace_id: 1, span_id: 2, attributes: { a: "b" } }],
  span_events: [{ name: "e", time_unix_nano: 1n, attributes: { a: { type: 0, string_value: "x" } } }],
};

const V10 = pack(
  new Map<Packable, Packable>([
    [3, "go"],
    [10, ["region", 1, "eu"]],
    [11, [
      new Map<Packable, Packable>([
        [6, hex("5b8efff798038103d269b633813fc60c")],
        [4, [
          new Map<Packable, Packable>([
            ...[[1, "svc"], [4, 2n], [6, 1700000000000000000n]] as const,
            [9, [
              "k",
              1,
              "v",
              "list",
              6,
              [4, 7n, 1, "svc"],
              "map",
              7,
              ["in", 2, true],
              "doc",
              5,
              hex("9101"),
            ]],
            [11, [new Map<Packable, Packable>([[1, hex("5b8efff798038103d269b633813fc60c")], [2, 3n]])]],
            [12, [new Map<Packable, Packable>([[1, 1700000000000000000n], [2, "event"]])]],
          ]),
        ]],
      ]),
    ]],
  ]),
);

const WHOLE: readonly (readonly [path: string, body: Uint8Array<ArrayBuffer>])[] = [
  ["/v0.4/traces", pack([[SPAN]])],
  [
    "/v0.5/traces",
    pack([["", "s", "k"], [[[1, 1, 1, 1, 2, 0, 1, 1, 0, new Map([[1, 2]]), new Map([[1, 2.5]]), 1]]]]),
  ],
  ["/v0.7/traces", pack({ env: "e", chunks: [{ priority: 1, spans: [SPAN], tags: { a: "b" } }] })],
  ["/v1.0/traces", V10],
];

Deno.test("a payload cut at any byte is a 400 and leaves nothing half read", async () => {
  for (const [path, body] of WHOLE) {
    const whole = harness();
    assertEquals([(await whole.send(path, body)).status, whole.points.length], [200, 1], path);
    for (let length = 1; length < body.length; length++) {
      const h = harness();
      const response = await h.send(path, body.subarray(0, length));
      assertEquals(response.status, 400, `${path} at ${length}`);
      assertEquals(h.refused.get("malformed"), 1, `${path} at ${length}`);
      await response.body?.cancel();
    }
  }
});

Deno.test("trailing bytes are ignored", async () => {
  for (const [path, body] of WHOLE) {
    const h = harness();
    assertEquals((await h.send(path, Uint8Array.from([...body, 0xc1, 0xff]))).status, 200, path);
    assertEquals(h.points.length, 1, path);
  }
});

Deno.test("claims of more items than bytes cost nothing", async () => {
  const claims = [
    "dd ffffffff",
    "dc ffff",
    "df ffffffff",
    "de ffff",
    "91 dd ffffffff",
    "91 91 df ffffffff",
    "92 dd ffffffff 90",
    "91 91 81 a4 'meta' df ffffffff",
    "91 91 81 a7 'service' db ffffffff",
    "91 91 81 a1 'x' c9 ffffffff 01",
    "81 0b dd ffffffff",
    "81 a6 'chunks' dd ffffffff",
  ];
  for (const path of PATHS) {
    for (const claim of claims) {
      const h = harness();
      assertEquals((await h.send(path, hex(claim))).status, 400, `${path} ${claim}`);
      assertEquals(h.points.length, 0);
    }
  }
});

Deno.test("any depth is skipped or flattened, not recursed into", async () => {
  const deep = "91".repeat(100_000) + "01";
  for (
    const members of [`a1 'x' ${deep}`, `ab 'meta_struct' 81 a1 'm' ${deep}`, `a4 'meta' 81 a1 'm' ${deep}`]
  ) {
    const h = harness();
    const body = hex(`91 91 83 a8 'trace_id' 01 a7 'span_id' 02 ${members}`);
    assertEquals((await h.send("/v0.4/traces", body)).status, 200);
    assertEquals(h.points.length, 1);
  }
  const inEvent = hex(
    `91 91 83 a8 'trace_id' 01 a7 'span_id' 02 ab 'span_events' 91 81 aa 'attributes' 81 a1 'k' ${
      "91".repeat(1000)
    }01`,
  );
  assertEquals((await harness().send("/v0.4/traces", inEvent)).status, 200);
  const attribute = `01 a1 'v'`;
  const inV10 = `81 0a 93 a1 'k' ${"06 92 ".repeat(1000)}${attribute}`;
  assertEquals((await harness().send("/v1.0/traces", hex(inV10))).status, 200);
  assertEquals((await harness().send("/v0.4/traces", "[".repeat(100_000))).status, 400);
  assertEquals((await harness().send("/v0.4/traces", "[".repeat(1000) + "]".repeat(1000))).status, 200);
});

Deno.test("keys such as __proto__ are data", async () => {
  const json =
    '[[{"__proto__":{"service":"evil"},"trace_id":1,"span_id":2,"meta":{"__proto__":"p","constructor":"c"}}]]';
  const members = new Map<Packable, Packable>([
    ["trace_id", 1],
    ["span_id", 2],
    ["meta", new Map([["__proto__", "p"], ["constructor", "c"]])],
  ]);
  for (const body of [json, pack([[members]])]) {
    const h = harness({ ENV_INPUT_DDTRACE_CUSTOMER_TAGS: "constructor" });
    await h.send("/v0.4/traces", body);
    assertEquals(h.points[0]?.tags.get("constructor"), "c");
    assertEquals(h.points[0]?.tags.has("service"), false);
    const text = String(h.points[0]?.fields.get("message"));
    assert(text.includes('"meta":{"__proto__":"p"}'), text);
  }
});

Deno.test("values of any type are taken where another is due", async () => {
  const odd: readonly Packable[] = [null, true, -1, 1.5, 7n, "text", hex("ff00fe"), [1, [2]], {
    a: { b: 1 },
  }];
  const keys = [
    ...["service", "name", "resource", "type", "parent_id", "start", "duration", "error", "meta", "metrics"],
    ...["meta_struct", "span_links", "span_events", "unknown"],
  ];
  for (const key of keys) {
    for (const value of odd) {
      const h = harness();
      const body = pack([[{ trace_id: 1, span_id: 2, [key]: value }, { trace_id: 1, span_id: 3 }]]);
      assertEquals(
        [(await h.send("/v0.4/traces", body)).status, h.points.length],
        [200, 2],
        `${key} ${value}`,
      );
    }
  }
});

Deno.test("text is repaired, bytes pass for text, 64-bit integers for each other", async () => {
  const h = harness();
  const body = hex(`
    91 91 86 a8 'trace_id' d3 ffffffffffffffff a7 'span_id' d3 8000000000000000
    a5 'start' cf 17979cfe362a0000 c4 07 'service' c4 03 61ff62 a4 'name' a3 efbbbf a1 'x' d4 01 00`);
  assertEquals((await h.send("/v0.4/traces", body)).status, 200);
  assertEquals(h.points[0]?.tags.get("service"), "a\ufffdb");
  assertEquals(h.points[0]?.fields.get("trace_id"), "18446744073709551615");
  assertEquals(h.points[0]?.fields.get("span_id"), "9223372036854775808");
});

Deno.test("a hundred thousand tags on a span are taken within the limits of a point", async () => {
  const h = harness({ ENV_INPUT_DDTRACE_CUSTOMER_TAGS: "reg:^k1" });
  const meta = new Map(Array.from({ length: 100_000 }, (_, i) => [`k${i}`, "v"] as const));
  const members = new Map<Packable, Packable>([["trace_id", 1], ["span_id", 2], ["meta", meta]]);
  assertEquals((await h.send("/v0.4/traces", pack([[members]]))).status, 200);
  assertEquals(h.points.length, 1);
  assert((h.points[0]?.tags.size ?? 0) <= 256);
});

Deno.test("random bytes are answered with 200 or 400 on every route", async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...PATHS), fc.uint8Array({ maxLength: 200 }), async (path, bytes) => {
      const response = await harness().send(path, Uint8Array.from(bytes));
      assert(response.status === 200 || response.status === 400, `${path} ${response.status}`);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("a whole payload with random bytes changed is answered with 200 or 400", async () => {
  const change = fc.record({ at: fc.nat(), byte: fc.integer({ min: 0, max: 255 }) });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...WHOLE),
      fc.array(change, { minLength: 1, maxLength: 6 }),
      async (whole, changes) => {
        const [path, body] = whole;
        const bytes = Uint8Array.from(body);
        for (const { at, byte } of changes) bytes[at % bytes.length] = byte;
        const response = await harness().send(path, bytes);
        assert(
          response.status === 200 || response.status === 400,
          `${path} ${response.status} ${bytes.toHex()}`,
        );
      },
    ),
    { numRuns: 2000 },
  );
});

Deno.test("random JSON is answered with 200 or 400", async () => {
  const span = fc.dictionary(
    fc.constantFrom("trace_id", "span_id", "meta", "metrics", "start", "span_links", "span_events", "error"),
    fc.jsonValue(),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.json(), fc.array(fc.array(span)).map((v) => JSON.stringify(v))),
      async (text) => {
        const response = await harness().send("/v0.4/traces", text);
        assert(response.status === 200 || response.status === 400, `${response.status} ${text}`);
      },
    ),
    { numRuns: 500 },
  );
});

Deno.test("JSON beyond 1 MiB is refused before it is parsed", async () => {
  const h = harness();
  const response = await h.send("/v0.4/traces", `[[${"{},".repeat(400_000)}{}]]`);
  assertEquals([response.status, h.refused.get("malformed")], [400, 1]);
});

/** A list's head, for more items than {@link pack} would want as objects. */
function head32(tag: number, count: number): Uint8Array<ArrayBuffer> {
  const head = new Uint8Array(5);
  head[0] = tag;
  new DataView(head.buffer).setUint32(1, count);
  return head;
}

function repeat(unit: Uint8Array, count: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(unit.length * count);
  bytes.set(unit);
  for (let have = unit.length; have < bytes.length; have *= 2) {
    bytes.copyWithin(have, 0, Math.min(have, bytes.length - have));
  }
  return bytes;
}

function join(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.concat(parts));
}

const MANY = 600_000;
const LONG: readonly (readonly [name: string, path: string, body: Uint8Array<ArrayBuffer>])[] = [
  ["empty traces", "/v0.4/traces", join(head32(0xdd, MANY), repeat(hex("90"), MANY))],
  ["empty spans", "/v0.4/traces", join(hex("91"), head32(0xdd, MANY), repeat(hex("80"), MANY))],
  [
    "whole spans of one trace",
    "/v0.4/traces",
    join(hex("91"), head32(0xdd, 100_000), repeat(pack({ trace_id: 1, span_id: 2 }), 100_000)),
  ],
  [
    "tags of one span",
    "/v0.4/traces",
    join(
      hex("91 91 83 a8 'trace_id' 01 a7 'span_id' 02 a4 'meta'"),
      head32(0xdf, MANY),
      repeat(hex("a0a0"), MANY),
    ),
  ],
  [
    "values in a member that is not known",
    "/v0.4/traces",
    join(
      hex("91 91 83 a8 'trace_id' 01 a7 'span_id' 02 a1 'x'"),
      head32(0xdd, 2 * MANY),
      repeat(hex("90"), 2 * MANY),
    ),
  ],
  [
    "strings of v0.5",
    "/v0.5/traces",
    join(hex("92"), head32(0xdd, MANY), repeat(hex("a0"), MANY), hex("90")),
  ],
  ["members of a v0.7 payload", "/v0.7/traces", join(head32(0xdf, MANY), repeat(hex("a178 90"), MANY))],
  [
    "chunks of v0.7",
    "/v0.7/traces",
    join(hex("81 a6 'chunks'"), head32(0xdd, MANY), repeat(hex("80"), MANY)),
  ],
  [
    "members of a v0.7 chunk",
    "/v0.7/traces",
    join(hex("81 a6 'chunks' 91"), head32(0xdf, MANY), repeat(hex("a178 90"), MANY)),
  ],
  [
    "tags of a v0.7 payload",
    "/v0.7/traces",
    join(hex("81 a4 'tags'"), head32(0xdf, MANY), repeat(hex("90 90"), MANY)),
  ],
  ["traces in a map", "/v0.4/traces", join(hex("81 a0"), head32(0xdd, MANY), repeat(hex("90"), MANY))],
  ["members of a v1.0 payload", "/v1.0/traces", join(head32(0xdf, MANY), repeat(hex("60 90"), MANY))],
  ["chunks of v1.0", "/v1.0/traces", join(hex("81 0b"), head32(0xdd, MANY), repeat(hex("80"), MANY))],
  [
    "chunks of v1.0 before the payload's facts",
    "/v1.0/traces",
    join(hex("82 0b"), head32(0xdd, MANY), repeat(hex("80"), MANY), hex("03 a0")),
  ],
  [
    "members of a v1.0 chunk",
    "/v1.0/traces",
    join(hex("81 0b 91"), head32(0xdf, MANY), repeat(hex("60 90"), MANY)),
  ],
  [
    "strings of v1.0 sent ahead",
    "/v1.0/traces",
    join(hex("81 01"), head32(0xdd, MANY), repeat(hex("90"), MANY)),
  ],
  [
    "attributes of a v1.0 payload",
    "/v1.0/traces",
    join(hex("81 0a"), head32(0xdd, 3 * MANY), repeat(hex("a16b 04 01"), MANY)),
  ],
];

for (const [name, path, body] of LONG) {
  Deno.test(`the event loop runs while a long payload is taken: ${name}`, async () => {
    const h = harness();
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    const before = process.cpuUsage();
    await h.send(path, body);
    const { user, system } = process.cpuUsage(before);
    const cpuMs = (user + system) / 1000;
    clearInterval(timer);
    // A turn each 20 ms is promised. Of CPU time, as other processes take of any other; the collector uses it as well.
    assert(turns >= Math.floor(cpuMs / 50) - 2, `${turns} turns in ${cpuMs} ms`);
  });
}
