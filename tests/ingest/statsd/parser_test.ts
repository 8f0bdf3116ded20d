import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { StatsdDialect } from "../../../src/config/statsd.ts";
import { parsePacket } from "../../../src/ingest/statsd/parser.ts";
import type { Sample, ServiceCheck, StatsdEvent } from "../../../src/ingest/statsd/sample.ts";

interface Parsed {
  readonly samples: Sample[];
  readonly events: StatsdEvent[];
  readonly checks: ServiceCheck[];
  readonly malformed: number;
}

function parse(packet: string, dialect: StatsdDialect = "dogstatsd"): Parsed {
  const samples: Sample[] = [];
  const events: StatsdEvent[] = [];
  const checks: ServiceCheck[] = [];
  let malformed = 0;
  parsePacket(packet, dialect, {
    sample: (sample) => samples.push(sample),
    event: (event) => events.push(event),
    check: (check) => checks.push(check),
    malformed: (count) => malformed += count,
  });
  return { samples, events, checks, malformed };
}

/** A sample with what a plain line leaves out. */
function sample(parts: Partial<Sample> & Pick<Sample, "name" | "type">): Sample {
  return { tagText: "", value: 0, member: "", rate: 1, timestampS: 0, relative: false, ...parts };
}

const LINES: readonly (readonly [string, readonly Sample[]])[] = [
  ["orders:2|c|@0.5|#tier:gold", [
    sample({ name: "orders", type: "counter", value: 2, rate: 0.5, tagText: "tier:gold" }),
  ]],
  ["q:-3|g", [sample({ name: "q", type: "gauge", value: -3 })]],
  ["q:+3|g", [sample({ name: "q", type: "gauge", value: 3 })]],
  ["t:12:15:9|ms|@0.1", [
    sample({ name: "t", type: "timing", value: 12, rate: 0.1 }),
    sample({ name: "t", type: "timing", value: 15, rate: 0.1 }),
    sample({ name: "t", type: "timing", value: 9, rate: 0.1 }),
  ]],
  ["u:a:b|s", [sample({ name: "u", type: "set", member: "a:b" })]],
  ["x:1.5|d|T1700000000|#a:b", [
    sample({ name: "x", type: "distribution", value: 1.5, timestampS: 1700000000, tagText: "a:b" }),
  ]],
  ["a:1|c:101|c:1|c|@0.1", [
    sample({ name: "a", type: "counter", value: 1 }),
    sample({ name: "a", type: "counter", value: 101 }),
    sample({ name: "a", type: "counter", value: 1, rate: 0.1 }),
  ]],
  ["k:1|c:200|ms|@0.1", [
    sample({ name: "k", type: "counter", value: 1 }),
    sample({ name: "k", type: "timing", value: 200, rate: 0.1 }),
  ]],
  ["k:1|c|@0.5:5|g", [
    sample({ name: "k", type: "counter", value: 1, rate: 0.5 }),
    sample({ name: "k", type: "gauge", value: 5 }),
  ]],
  ["h:1e3|h|c:ci-8a1|e:it-false,cn-x|card:low", [sample({ name: "h", type: "histogram", value: 1000 })]],
  ["h:.5|h|c:in-12,ci-9", [sample({ name: "h", type: "histogram", value: 0.5 })]],
  ["a:1|c|#x:1|#y:2", [sample({ name: "a", type: "counter", value: 1, tagText: "y:2" })]],
  ["a:1::2|c", [
    sample({ name: "a", type: "counter", value: 1 }),
    sample({ name: "a", type: "counter", value: 2 }),
  ]],
  ["a:1|c|@2", [sample({ name: "a", type: "counter", value: 1 })]],
  ["a:1|c|@0", [sample({ name: "a", type: "counter", value: 1 })]],
  ["a:1|c|@NaN", [sample({ name: "a", type: "counter", value: 1 })]],
  ["  größe:1|g\r", [sample({ name: "größe", type: "gauge", value: 1 })]],
  ["m[url=http://x]:1|c", [sample({ name: "m[url=http://x]", type: "counter", value: 1 })]],
  ["m,url=x:32|g", [sample({ name: "m,url=x", type: "gauge", value: 32 })]],
];

Deno.test("parsePacket() reads every form of metric line", async (t) => {
  for (const [line, samples] of LINES) {
    await t.step(
      line,
      () => assertEquals(parse(line), { samples: [...samples], events: [], checks: [], malformed: 0 }),
    );
  }
});

Deno.test("parsePacket() drops lines that break the grammar, each counted once", async (t) => {
  for (
    const line of [
      "a|c",
      ":1|c",
      "a:|c",
      "a:1|zz",
      "a:1|c|@x",
      "a:1|c|@",
      "a:1|g|T0",
      "a:1|g|Tx",
      "a:1|g|T",
      "a:1",
      "a",
      "a:1|",
      "a:NaN|g",
      "a:Inf|g",
      "a:-Infinity|g",
      "a:0x10|g",
      "a:1_0|c",
      "a: |c",
      "a::|c",
      "a:|s",
      "a|b:1|c",
      "_e{1,1}:",
      "_e{0,1}:|x",
      "_e{1}:t|x",
      "_sc|up|4",
      "_sc||1",
      "_sc|up",
    ]
  ) {
    await t.step(
      line,
      () => assertEquals(parse(line), { samples: [], events: [], checks: [], malformed: 1 }),
    );
  }
});

Deno.test("parsePacket() keeps the good lines and values of a packet", () => {
  const parsed = parse("a:1|c\nbad\n\nb:2:x:3|g\n");
  assertEquals(parsed.samples, [
    sample({ name: "a", type: "counter", value: 1 }),
    sample({ name: "b", type: "gauge", value: 2 }),
    sample({ name: "b", type: "gauge", value: 3 }),
  ]);
  assertEquals(parsed.malformed, 2);
});

Deno.test("parsePacket() in Etsy's dialect marks signed gauges as changes and drops negative timings", () => {
  const parsed = parse("q:+4|g:-2|g:7|g\nt:-1|ms\nm:3|m\nu:a:b|s", "etsy");
  assertEquals(parsed.samples, [
    sample({ name: "q", type: "gauge", value: 4, relative: true }),
    sample({ name: "q", type: "gauge", value: -2, relative: true }),
    sample({ name: "q", type: "gauge", value: 7 }),
    sample({ name: "m", type: "counter", value: 3 }),
    sample({ name: "u", type: "set", member: "b" }),
  ]);
  assertEquals(parsed.malformed, 2);
});

const NO_EVENT: StatsdEvent = {
  title: "",
  text: "",
  timestampS: 0,
  host: "",
  aggregationKey: "",
  priority: "",
  sourceType: "",
  alertType: "",
  tagText: "",
};

Deno.test("parsePacket() reads events by either way of counting their lengths", async (t) => {
  const cases: readonly (readonly [string, Partial<StatsdEvent>])[] = [
    ["_e{5,4}:title|text|t:error", { title: "title", text: "text", alertType: "error" }],
    // The lengths count neither form: cut at the bars.
    ["_e{1,3}:t|a\\nb", { title: "t", text: "a\nb" }],
    ["_e{1,4}:t|a\\nb", { title: "t", text: "a\nb" }],
    // 🚀 is 4 bytes in UTF-8, 2 units in UTF-16.
    ["_e{5,4}:🚀!|🚀|p:low", { title: "🚀!", text: "🚀", priority: "low" }],
    ["_e{3,2}:🚀!|🚀|p:low", { title: "🚀!", text: "🚀", priority: "low" }],
    // Only right lengths can tell a bar inside from one between.
    ["_e{3,3}:a|b|c|d|s:src", { title: "a|b", text: "c|d", sourceType: "src" }],
    ["_e{1,0}:t|", { title: "t" }],
    ["_e{1,1}:t|x|d:1700000000|h:h1|k:agg|p:normal|s:cron|t:success|#a:b,c|c:in-1|card:low", {
      title: "t",
      text: "x",
      timestampS: 1700000000,
      host: "h1",
      aggregationKey: "agg",
      priority: "normal",
      sourceType: "cron",
      alertType: "success",
      tagText: "a:b,c",
    }],
    ["_e{1,1}:t|x|d:soon", { title: "t", text: "x" }],
  ];
  for (const [line, event] of cases) {
    await t.step(line, () => {
      assertEquals(parse(line), {
        samples: [],
        events: [{ ...NO_EVENT, ...event }],
        checks: [],
        malformed: 0,
      });
    });
  }
});

const NO_CHECK = { timestampS: 0, host: "", message: "", tagText: "" };

Deno.test("parsePacket() reads service checks and cuts what clients append to the message", async (t) => {
  const cases: readonly (readonly [string, ServiceCheck])[] = [
    ["_sc|up|2|#a:b|m:down|c:in-12", { ...NO_CHECK, name: "up", status: 2, tagText: "a:b", message: "down" }],
    ["_sc|up|0", { ...NO_CHECK, name: "up", status: 0 }],
    ["_sc|up|1|d:1700000000|h:h1|m:a|b m\\: c\\nd|e:it-x|card:low", {
      ...NO_CHECK,
      name: "up",
      status: 1,
      timestampS: 1700000000,
      host: "h1",
      message: "a|b m: c\nd",
    }],
    ["_sc|up|3|m:why|#a:b", { ...NO_CHECK, name: "up", status: 3, message: "why", tagText: "a:b" }],
  ];
  for (const [line, check] of cases) {
    await t.step(line, () => {
      assertEquals(parse(line), { samples: [], events: [], checks: [check], malformed: 0 });
    });
  }
});

/** Text made of what lines are made of, so that most of it gets past the first checks. */
const lineText = fc.array(
  fc.constantFrom(
    ..."a:|#@,c",
    "1",
    "-2.5",
    "|c",
    "|g",
    "|ms",
    "|s",
    "|d",
    ":1|c",
    "|@0.5",
    "|T1700000000",
    "|#k:v",
    "_e{",
    "}:",
    "_sc|",
    "m:",
    "🚀",
    "\\n",
    "[",
    "]:",
    "=",
    ";",
    "\0",
    "é",
  ),
  { maxLength: 14 },
).map((parts) => parts.join(""));

Deno.test("parsePacket() counts each line at least once and never throws", () => {
  fc.assert(
    fc.property(
      fc.array(lineText, { maxLength: 6 }),
      fc.constantFrom("dogstatsd", "etsy"),
      (lines, dialect) => {
        const { samples, events, checks, malformed } = parse(lines.join("\n"), dialect);
        const filled = lines.filter((line) => line.trim() !== "").length;
        const taken = samples.length + events.length + checks.length + malformed;
        assertEquals(taken >= filled, true, `${taken} of ${filled}`);
        for (const { value, rate } of samples) {
          assertEquals(Number.isFinite(value) && rate > 0 && rate <= 1, true);
        }
      },
    ),
    { numRuns: 2000 },
  );
});

Deno.test("parsePacket() counts a line of one value exactly once, good or bad", () => {
  const value = fc.oneof(
    fc.double().map(String),
    fc.string({ maxLength: 4 }).map((s) => s.replace(/[:\n|]/g, "")),
  );
  const type = fc.constantFrom("c", "g", "ms", "h", "d", "s", "x");
  fc.assert(
    fc.property(fc.array(fc.tuple(value, type), { maxLength: 5 }), (lines) => {
      const parsed = parse(lines.map(([v, t]) => `n:${v}|${t}`).join("\n"));
      assertEquals(parsed.samples.length + parsed.malformed, lines.length);
    }),
    { numRuns: 500 },
  );
});

Deno.test("parsePacket() takes any text", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const text = new TextDecoder().decode(bytes);
      parse(text);
      parse(text, "etsy");
    }),
    { numRuns: 1000 },
  );
});
