import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { StatsdConfig } from "../../../src/config/statsd.ts";
import { type Aggregator, createAggregator } from "../../../src/ingest/statsd/aggregate.ts";
import { parsePacket } from "../../../src/ingest/statsd/parser.ts";
import type { RefusalReason } from "../../../src/pipeline/receiver.ts";
import type { FieldValue, Point } from "../../../src/point/point.ts";
import { createRecordingIntake } from "../../support/points.ts";
import { LONGEST_TURN_MS, longestTurnMs } from "../../support/longest_turn.ts";
import { statsdConfig } from "./config_fixture.ts";
import { scenario } from "../../support/scenario.ts";

interface Harness {
  readonly aggregator: Pick<Aggregator, "add"> & {
    /** The points of a flush. */
    readonly flush: () => Promise<Point[]>;
  };
  readonly refused: Map<RefusalReason, number>;
  /** Feeds a packet. */
  readonly feed: (packet: string) => void;
  /** Unix ms, changed at will. */
  readonly clock: { now: number };
}

const NOW = 1_700_000_000_000;
const NOW_NS = 1_700_000_000_000_000_000n;

function harness(parts: Partial<StatsdConfig> = {}): Harness {
  const config = statsdConfig(parts);
  const intake = createRecordingIntake("statsd");
  const clock = { now: NOW };
  const aggregator = createAggregator({ config, intake, now: () => clock.now, random: () => 0.5 });
  const flush = async (): Promise<Point[]> => {
    await aggregator.flush();
    return intake.points.splice(0);
  };
  const feed = (packet: string): void =>
    parsePacket(packet, config.dialect, {
      sample: aggregator.add,
      event: () => {},
      check: () => {},
      malformed: () => {},
    });
  return { aggregator: { add: aggregator.add, flush }, refused: intake.refused, feed, clock };
}

/** A point as one comparable value; tags and fields in a fixed order. */
function plain(point: Point): readonly [string, Record<string, string>, Record<string, FieldValue>, bigint] {
  return [point.measurement, Object.fromEntries(point.tags), Object.fromEntries(point.fields), point.timeNs];
}

async function flush(packet: string, parts: Partial<StatsdConfig> = {}): Promise<ReturnType<typeof plain>[]> {
  const { aggregator, feed } = harness(parts);
  feed(packet);
  return (await aggregator.flush()).map(plain);
}

Deno.test("(await aggregator.flush()) yields DataKit's names, tags and sums", async () => {
  const points = await flush(
    "my.app.reqs:1|c|@0.5|#env:prod,v:1\nmy.app.reqs:2|c|#env:prod,v:1\nsingle:4|c\nmy.app.users:u1|s\nmy.app.users:u2|s\nmy.app.users:u1|s",
  );
  assertEquals(points, [
    ["my", { env: "prod", metric_type: "counter", v: "1" }, { app_reqs: 4 }, NOW_NS],
    ["single", { metric_type: "counter" }, { single: 4 }, NOW_NS],
    ["my", { metric_type: "set" }, { app_users: 2n }, NOW_NS],
  ]);
});

Deno.test("(await aggregator.flush()) summarises timings with the weights of their rates", async () => {
  // Ten each of 9, 12 and 15: ranks 0-9, 10-19, 20-29. Median is rank 14, p95 rank ceil(28.5) - 1 = 28.
  // Variance: (9 + 0 + 9) / 3 = 6.
  const [point] = await flush("my.lat:12:15:9|ms|@0.1");
  const { lat_stddev, ...fields } = point?.[2] ?? {};
  assertEquals(fields, {
    lat_count: 30n,
    lat_sum: 360,
    lat_min: 9,
    lat_max: 15,
    lat_mean: 12,
    lat_median: 12,
    lat_p95: 15,
    lat_p99: 15,
  });
  assertAlmostEquals(Number(lat_stddev), 2.449489742783178, 1e-12);
  assertEquals(point?.[1], { metric_type: "timing" });
});

Deno.test("(await aggregator.flush()) ranks percentiles as DogStatsD does", async () => {
  // 1 to 100 in falling order: the p-th percentile is the value p, the median rank (100 - 1) / 2 = 49 is 50.
  const values = Array.from({ length: 100 }, (_, i) => String(100 - i)).join(":");
  const [point] = await flush(`my.h:${values}|h`, { percentiles: [50, 90, 99.9, 100] });
  const fields = point?.[2] ?? {};
  assertEquals(
    [fields.h_median, fields.h_p50, fields.h_p90, fields.h_p99_9, fields.h_p100, fields.h_count],
    [50, 50, 90, 100, 100, 100n],
  );
});

Deno.test("(await aggregator.flush()) joins distribution values of one second, so that none overwrites another", async () => {
  const [point, ...rest] = await flush("x:1.5|d|T1699999990|#a:b\nx:2.5|d|T1699999990|#a:b", {
    percentiles: [],
  });
  assertEquals(rest, []);
  assertEquals(point, [
    "x",
    { a: "b", metric_type: "distribution" },
    { x_count: 2n, x_sum: 4, x_min: 1.5, x_max: 2.5, x_mean: 2, x_median: 1.5, x_stddev: 0.5 },
    1_699_999_990_000_000_000n,
  ]);
});

Deno.test("(await aggregator.flush()) gives each line's own second, and later flushes of it other nanoseconds", async () => {
  const { aggregator, feed } = harness();
  const times: bigint[] = [];
  for (let i = 0; i < 3; i++) {
    feed("g:1|g|T1600000000\ng:2|g|T1600000001");
    times.push(...(await aggregator.flush()).map((point) => point.timeNs));
  }
  assertEquals(times, [
    1_600_000_000_000_000_000n,
    1_600_000_001_000_000_000n,
    1_600_000_000_000_000_001n,
    1_600_000_001_000_000_001n,
    1_600_000_000_000_000_002n,
    1_600_000_001_000_000_002n,
  ]);
});

Deno.test("(await aggregator.flush()) clamps a line's time to an hour from now", async () => {
  assertEquals((await flush("g:1|g|T9999999999"))[0]?.[3], 1_700_003_600_000_000_000n);
});

Deno.test("(await aggregator.flush()) never gives two flushes of one millisecond the same time", async () => {
  const { aggregator, feed } = harness();
  feed("a:1|c");
  const first = await aggregator.flush();
  feed("a:2|c");
  const second = await aggregator.flush();
  assertEquals([first[0]?.timeNs, second[0]?.timeNs], [NOW_NS, NOW_NS + 1n]);
  assertEquals(second[0]?.fields.get("a"), 2);
  assertEquals(await aggregator.flush(), []);
});

Deno.test("(await aggregator.flush()) keeps types of one name apart and puts fields of one series into one point", async () => {
  const points = await flush("app.a:1|c\napp.a:5|g\napp.b:2|c\napp_a:3|c");
  assertEquals(points, [
    ["app", { metric_type: "counter" }, { a: 4, b: 2 }, NOW_NS],
    ["app", { metric_type: "gauge" }, { a: 5 }, NOW_NS],
  ]);
});

Deno.test("aggregator.add() takes tags in any order and form as one series", async () => {
  const points = await flush(
    "a:1|c|#x:1,y:2\na:1|c|#y:2,x:1\na:1|c|#y:2,,x:0,x:1, \na,y=2,x=1:1|c\na;x=1;y=2:1|c",
  );
  assertEquals(points, [["a", { metric_type: "counter", x: "1", y: "2" }, { a: 5 }, NOW_NS]]);
});

Deno.test("aggregator.add() reads bare tags one by one and hostile keys as any other", async () => {
  assertEquals(
    (await flush("a:1|c|#b,c,url:http://x:80,__proto__:p,empty:,dd.internal.entity_id:e"))[0]?.[1].b,
    "true",
  );
  const { aggregator, feed } = harness();
  feed("a:1|c|#b,c,url:http://x:80,__proto__:p,empty:,dd.internal.entity_id:e");
  assertEquals([...((await aggregator.flush())[0]?.tags ?? [])], [
    ["__proto__", "p"],
    ["b", "true"],
    ["c", "true"],
    ["metric_type", "counter"],
    ["url", "http://x:80"],
  ]);
});

Deno.test("aggregator.add() reads tags that each begin by #", async () => {
  assertEquals((await flush("a:1|c|#a:b,#c:d,#e"))[0]?.[1], {
    a: "b",
    c: "d",
    e: "true",
    metric_type: "counter",
  });
});

Deno.test("aggregator.add() reads the four forms of tags inside a name, unless told which", async () => {
  for (const name of ["a,k=v,l=w", "a#k=v,l=w", "a[k=v,l=w]", "a;k=v;l=w"]) {
    assertEquals(
      await flush(`${name}:1|c`),
      [["a", { k: "v", l: "w", metric_type: "counter" }, { a: 1 }, NOW_NS]],
      name,
    );
  }
  assertEquals((await flush("a,k=v:1|c", { tagStyle: "datadog" }))[0]?.[0], "a,k=v");
  assertEquals((await flush("a;k=v:1|c", { tagStyle: "influx" }))[0]?.[0], "a;k=v");
  assertEquals((await flush("a,odd:1|c"))[0]?.[0], "a,odd");
  assertEquals((await flush("a,k=v:1|c|#k:hash"))[0]?.[1].k, "hash");
});

Deno.test("aggregator.add() lets configured tags win", async () => {
  assertEquals((await flush("a:1|c|#env:dev,x:1", { tags: new Map([["env", "prod"]]) }))[0]?.[1], {
    env: "prod",
    metric_type: "counter",
    x: "1",
  });
});

Deno.test("aggregator.add() names by separator and mapping", async () => {
  const mappings = [{ prefix: "jvm.", measurement: "java" }, { prefix: "app_", measurement: "mine" }];
  const names = async (packet: string, parts: Partial<StatsdConfig>): Promise<string[]> =>
    (await flush(packet, parts)).map(([measurement, , fields]) => `${measurement} ${Object.keys(fields)[0]}`);
  assertEquals(await names("jvm.heap.used:1|g\napp_x:1|g\nother.y:1|g", { mappings }), [
    "java heap_used",
    "mine x",
    "other_y other_y",
  ]);
  assertEquals(await names("a.b.c:1|g\na_b:1|g", { separator: "." }), ["a b.c", "a_b a_b"]);
  assertEquals(await names("_x:1|g\nx_:1|g", {}), ["_x _x", "x_ x_"]);
  assertEquals(await names("my app/x!.y:1|c", { dialect: "etsy" }), ["my app-x_y"]);
});

Deno.test("aggregator.add() keeps a figure whose tag has the same name", async () => {
  assertEquals(await flush("a:1|c|#a:b"), [[
    "a",
    { a: "b", metric_type: "counter" },
    { a_value: 1 },
    NOW_NS,
  ]]);
});

Deno.test("aggregator adjusts Etsy's gauges over flushes and sends them only when touched", async () => {
  const { aggregator, feed } = harness({ dialect: "etsy" });
  const values: (FieldValue | undefined)[] = [];
  for (const packet of ["q:10|g", "q:+4|g\nq:-1|g", "", "q:-3|g"]) {
    feed(packet);
    values.push((await aggregator.flush())[0]?.fields.get("q"));
  }
  assertEquals(values, [10, 13, undefined, 10]);
});

Deno.test("aggregator.add() refuses series beyond the limit and takes samples of known ones", async () => {
  const { aggregator, feed, refused } = harness({ maxSeries: 2 });
  feed("a:1|c\nb:1|c\nc:1|c\nc:1|c\na:1|c");
  assertEquals(refused, new Map([["too_many_series", 2]]));
  assertEquals((await aggregator.flush()).map((point) => point.measurement), ["a", "b"]);
  feed("c:1|c");
  assertEquals((await aggregator.flush()).length, 1);
});

Deno.test("aggregator.add() bounds the memory of names", async () => {
  const { aggregator, feed, refused } = harness();
  const long = "n".repeat(60_000);
  for (let i = 0; i < 100; i++) feed(`${long}${i}:1|c`);
  // A series costs its text and its key, together some 180 000 of 4 Mi units.
  assertEquals((await aggregator.flush()).length, 23);
  assertEquals(refused.get("too_many_series"), 77);
});

Deno.test("aggregator.add() keeps exact figures when there are more values than it holds", async () => {
  const { aggregator, feed } = harness({ percentiles: [] });
  for (let i = 0; i < 5000; i++) feed(`my.d:${i}|d`);
  const fields = (await aggregator.flush())[0]?.fields;
  assertEquals([fields?.get("d_count"), fields?.get("d_sum"), fields?.get("d_min"), fields?.get("d_max")], [
    5000n,
    12_497_500,
    0,
    4999,
  ]);
  assertAlmostEquals(Number(fields?.get("d_stddev")), Math.sqrt((5000 ** 2 - 1) / 12), 1e-6);
});

Deno.test("aggregator.add() counts as filtered what the settings drop", async () => {
  const { aggregator, feed, refused } = harness({ dropPrefixes: ["datadog.dogstatsd.client."] });
  feed("datadog.dogstatsd.client.metrics:5|c\na:1|c");
  assertEquals((await aggregator.flush()).length, 1);
  assertEquals(refused, new Map([["filtered", 1]]));
});

Deno.test("(await aggregator.flush()) splits a point of too many fields and loses none", async () => {
  const { aggregator, feed } = harness();
  for (let i = 0; i < 2500; i++) feed(`app.f${i}:1|c`);
  const points = await aggregator.flush();
  assertEquals(points.reduce((sum, point) => sum + point.fields.size, 0), 2500);
});

Deno.test("(await aggregator.flush()) counts a figure that outgrew its type", async () => {
  const { aggregator, feed, refused } = harness();
  for (let i = 0; i < 2; i++) feed("a:1.7e308|c");
  assertEquals(await aggregator.flush(), []);
  assertEquals(refused, new Map([["malformed", 1]]));
});

Deno.test("aggregator never loses a counter, whatever the tags", async () => {
  const tag = fc.string({ maxLength: 6 }).map((text) => text.replace(/[|\n\r]/g, ""));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(tag, { maxLength: 4 }), { maxLength: 20 }), async (lines) => {
      const { aggregator, feed } = harness();
      for (const tags of lines) feed(`n.f:1|c|#${tags.join(",")}`);
      const total = (await aggregator.flush()).reduce((sum, { fields }) => {
        const value = fields.get("f") ?? fields.get("f_value");
        return sum + (typeof value === "number" ? value : 0);
      }, 0);
      assertEquals(total, lines.length);
    }),
    { numRuns: 300 },
  );
});

/** Packets of one line for each of `count` series. */
function lines(count: number, line: (index: number) => string): string {
  return Array.from({ length: count }, (_, i) => line(i)).join("\n");
}

Deno.test("(await aggregator.flush()) counts each sample once, whatever is added and flushed while it goes on", async () => {
  const MANY = 40_000;
  const intake = createRecordingIntake("statsd");
  const config = statsdConfig({ maxSeries: MANY });
  const aggregator = createAggregator({ config, intake, now: () => NOW });
  const sink = { sample: aggregator.add, event: () => {}, check: () => {}, malformed: () => {} };
  const feed = (packet: string): void => parsePacket(packet, config.dialect, sink);

  feed(lines(MANY, (i) => `m${i}:1|c`));
  let turns = 0;
  const timer = setInterval(() => {
    // Half of them are there already, the others are not.
    if (turns++ < 5) feed(lines(100, (i) => `m${i * 50}:10|c\nnew${i}:10|c`));
  }, 0);
  const first = aggregator.flush();
  await Promise.resolve();
  feed("m1:100|c");
  const second = aggregator.flush();
  await second;
  clearInterval(timer);
  assert(turns > 1, "the event loop ran");
  assertEquals(intake.points.filter(({ fields }) => [...fields.values()][0] === 1).length, MANY);
  await first;
  await aggregator.flush();

  const sum = (name: string): number =>
    intake.points.filter(({ measurement }) => measurement.startsWith(name))
      .reduce((all, { fields }) => all + Number([...fields.values()][0]), 0);
  const rounds = Math.min(turns, 5);
  assertEquals([sum("m"), sum("new")], [MANY + 100 + rounds * 1000, rounds * 1000]);
  assertEquals(intake.refused.size, 0);
  const series = intake.points.map(({ measurement, timeNs }) => `${measurement} ${timeNs}`);
  assertEquals(new Set(series).size, series.length);
});

Deno.test("(await aggregator.flush()) lets a gauge that is adjusted while it goes on start from its last value", async () => {
  const MANY = 40_000;
  const { aggregator, feed } = harness({ dialect: "etsy", maxSeries: MANY });
  feed(lines(MANY, (i) => `g${i}:5|g`));
  const first = aggregator.flush();
  await Promise.resolve();
  feed(lines(MANY, (i) => `g${i}:+1|g`));
  assertEquals((await first).length, MANY);
  const values = (await aggregator.flush()).map(({ fields }) => [...fields.values()][0]);
  assertEquals([values.length, new Set(values)], [MANY, new Set([6])]);
});

scenario(
  "the event loop runs while one point is made of 128 timings that keep 1000 values each",
  async () => {
    const values = Array.from({ length: 1000 }, (_, n) => (n * 7919) % 1000).join(":");
    const ms = await longestTurnMs(async () => {
      const { aggregator, feed } = harness({ percentiles: [] });
      for (let field = 0; field < 128; field++) {
        feed(`m.f${field}:${values}|ms`);
        if (field % 8 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
      }
      await new Promise((resolve) => setTimeout(resolve, 0));
      assertEquals((await aggregator.flush()).map(({ fields }) => fields.size), [128 * 7]);
    });
    assert(ms <= LONGEST_TURN_MS, `${ms.toFixed(1)} ms`);
  },
);

Deno.test("samples with the same tags in other words, and with more texts than are kept apart, are told apart", async () => {
  const { aggregator, feed } = harness({});
  feed(lines(600, (i) => `m:1|c|#k:${i}`));
  feed(lines(600, (i) => `m:1|c|#k:${i}`));
  feed("m:1|g|#k:1\nm,k=1:1|c\nm:1|c|#k:0,k:1\nm:1|c");
  const points = await aggregator.flush();
  const totals = new Map(
    points.map(({ tags, fields }) => [`${tags.get("k")} ${tags.get("metric_type")}`, [...fields.values()]]),
  );
  assertEquals(points.length, 602);
  assertEquals([totals.get("1 counter"), totals.get("0 counter"), totals.get("599 counter")], [[4], [2], [
    2,
  ]]);
  assertEquals([totals.get("1 gauge"), totals.get("undefined counter")], [[1], [1]]);
});
