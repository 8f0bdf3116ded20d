import { assertEquals } from "@std/assert";
import type { JsonObject } from "../../src/json/exact_json.ts";
import { readEmf } from "../../src/log_metrics/emf.ts";

const NOW_MS = 1_796_040_001_234;

/** A record of one directive with these parts in place of its own. */
function record(
  parts: Readonly<Record<string, unknown>>,
  directive: Readonly<Record<string, unknown>> = {},
): JsonObject {
  return {
    _aws: {
      Timestamp: NOW_MS,
      CloudWatchMetrics: [{
        Namespace: "shop",
        Dimensions: [["service"]],
        Metrics: [{ Name: "orders", Unit: "Count" }],
        ...directive,
      }],
    },
    service: "checkout",
    orders: 2,
    ...parts,
  };
}

/** What it holds: tags and fields of each point, and how many metrics were refused. */
function read(of: JsonObject): unknown {
  const reading = readEmf(of, NOW_MS);
  return reading === undefined ? undefined : [
    ...reading.points.map(({ namespace, tags, fields, isTrimmed }) => [
      namespace,
      Object.fromEntries(tags),
      Object.fromEntries(fields),
      ...isTrimmed ? ["trimmed"] : [],
    ]),
    reading.refused,
  ];
}

const SHOP = ["shop", { service: "checkout" }, { orders: 2 }];

Deno.test("readEmf() makes one point of a directive, at its own time, whatever its unit and resolution", () => {
  const of = record({}, { Metrics: [{ Name: "orders", Unit: "Furlongs", StorageResolution: 1 }] });
  assertEquals(read(of), [SHOP, 0]);
  assertEquals(readEmf(of, NOW_MS)?.timeNs, BigInt(NOW_MS) * 1_000_000n);
});

Deno.test("readEmf() takes all sets of dimensions together, and none where there is none", () => {
  const both = { Dimensions: [["service"], ["service", "region"], []] };
  assertEquals(read(record({ region: "eu" }, both)), [["shop", { service: "checkout", region: "eu" }, {
    orders: 2,
  }], 0]);
  for (const Dimensions of [[], [[]], undefined, null]) {
    assertEquals(read(record({}, { Dimensions })), [["shop", {}, { orders: 2 }], 0]);
  }
});

Deno.test("readEmf() stores without its dimensions what names some that are not there, as CloudWatch does", () => {
  const sets: readonly unknown[] = [["service", "gone"], ["service", 7], [""], "service", { service: 1 }];
  for (const set of sets) {
    assertEquals(
      read(record({}, { Dimensions: [set] })),
      [["shop", {}, { orders: 2 }, "trimmed"], 0],
      JSON.stringify(set),
    );
  }
  for (const region of [7, "", null, ["eu"]]) {
    assertEquals(read(record({ region }, { Dimensions: [["service"], ["region"]] })), [
      [...SHOP, "trimmed"],
      0,
    ]);
  }
  const many = Array.from({ length: 31 }, (_, index) => `d${index}`);
  const members = Object.fromEntries(many.map((key) => [key, "x"]));
  assertEquals(read(record(members, { Dimensions: [many] })), [["shop", {}, { orders: 2 }, "trimmed"], 0]);
  assertEquals(
    read(record(members, { Dimensions: [many.slice(0, 30)] })),
    [["shop", Object.fromEntries(many.slice(0, 30).map((key) => [key, "x"])), { orders: 2 }], 0],
  );
});

Deno.test("readEmf() sums values up that are a list, and takes one value for itself", () => {
  assertEquals(read(record({ orders: [3] })), [["shop", { service: "checkout" }, { orders: 3 }], 0]);
  const summary = { orders_count: 3n, orders_sum: 6, orders_min: -1, orders_max: 4, orders_mean: 2 };
  assertEquals(read(record({ orders: [3, -1, 4] })), [["shop", { service: "checkout" }, summary], 0]);
  const hundred = Array.from({ length: 100 }, () => 1);
  const ones = { orders_count: 100n, orders_sum: 100, orders_min: 1, orders_max: 1, orders_mean: 1 };
  assertEquals(read(record({ orders: hundred })), [["shop", { service: "checkout" }, ones], 0]);
  assertEquals(read(record({ orders: [...hundred, 1] })), [1]);
});

Deno.test("readEmf() takes statistic sets, and values with counts, as OpenTelemetry's exporters write them", () => {
  const summary = { orders_count: 9n, orders_sum: 21, orders_min: 0, orders_max: 4, orders_mean: 21 / 9 };
  const statistics = { Values: [0.99, 3.9, 0], Counts: [4, 3, 2], Count: 9, Sum: 21, Max: 4, Min: 0 };
  assertEquals(read(record({ orders: statistics })), [["shop", { service: "checkout" }, summary], 0]);
  const weighted = { orders_count: 3n, orders_sum: 5, orders_min: 1, orders_max: 2, orders_mean: 5 / 3 };
  assertEquals(read(record({ orders: { Values: [1, 2], Counts: [1, 2] } })), [
    ["shop", { service: "checkout" }, weighted],
    0,
  ]);
  const none: readonly unknown[] = [
    {},
    { Values: [] },
    { Values: [1], Counts: [1, 2] },
    { Values: ["1"] },
    {
      Values: [1],
      Counts: [0],
    },
    { Count: 0, Sum: 0, Min: 0, Max: 0 },
    { Count: 1, Sum: 1, Min: 2, Max: 1 },
  ];
  for (const orders of none) assertEquals(read(record({ orders })), [1], JSON.stringify(orders));
});

Deno.test("readEmf() counts each metric that is not there or no number", () => {
  for (const orders of [undefined, null, "2", true, [], ["2"], [1, null], 2 ** 361, -(2 ** 361)]) {
    assertEquals(read(record({ orders })), [1], String(orders));
  }
  const Metrics = [{ Name: "orders" }, { Name: "gone" }, { Name: "" }, {}, null, { Name: 7 }];
  assertEquals(read(record({}, { Metrics })), [SHOP, 5]);
  assertEquals(read(record({ orders: 12345678901234567890n })), [["shop", { service: "checkout" }, {
    orders: 12345678901234567890,
  }], 0]);
});

Deno.test("readEmf() takes a hundred metrics of a directive, and counts the others", () => {
  const names = Array.from({ length: 103 }, (_, index) => `m${index}`);
  const of = record(Object.fromEntries(names.map((name) => [name, 1])), {
    Metrics: names.map((Name) => ({ Name })),
  });
  const fields = Object.fromEntries(names.slice(0, 100).map((name) => [name, 1]));
  assertEquals(read(of), [["shop", { service: "checkout" }, fields], 3]);
});

Deno.test("readEmf() counts the metrics of a directive that is none, and takes the others", () => {
  const Metrics = [{ Name: "orders" }, { Name: "orders" }];
  const bad: readonly unknown[] = [null, 7, {}, { Namespace: "", Metrics }, {
    Namespace: "x".repeat(1025),
    Metrics,
  }, {
    Namespace: "shop",
    Metrics: {},
  }, { Namespace: "shop", Metrics: [] }];
  const of = record({});
  const good = { Namespace: "shop", Dimensions: [["service"]], Metrics: [{ Name: "orders" }] };
  const both = {
    ...of,
    _aws: { Timestamp: NOW_MS, CloudWatchMetrics: [...bad, good, { ...good, Namespace: "b" }] },
  };
  assertEquals(read(both), [SHOP, ["b", { service: "checkout" }, { orders: 2 }], 1 + 1 + 1 + 2 + 2 + 1]);
});

Deno.test("readEmf() counts all metrics of a time that CloudWatch does not take", () => {
  const day = 24 * 3_600_000;
  for (const Timestamp of [undefined, "now", NaN, NOW_MS / 1000, NOW_MS - 15 * day, NOW_MS + 3 * 3_600_000]) {
    const of = record({});
    const { CloudWatchMetrics } = Object(of["_aws"]);
    assertEquals(read({ ...of, _aws: { Timestamp, CloudWatchMetrics } }), [1], String(Timestamp));
  }
});

Deno.test("readEmf() finds metrics in the message that a runtime put around them, and none in other logs", () => {
  assertEquals(read({ timestamp: "t", level: "INFO", requestId: "r", message: record({}) }), [SHOP, 0]);
  const others: readonly JsonObject[] = [
    {},
    { _aws: 1 },
    { _aws: {} },
    { _aws: { CloudWatchMetrics: {} } },
    { message: "_aws" },
    { message: { text: 1 } },
  ];
  for (const of of others) assertEquals(read(of), undefined);
});

Deno.test("readEmf() loses no field to a tag of its name, nor to a summary's", () => {
  assertEquals(
    read(
      record({ service: "checkout", orders: 2 }, { Metrics: [{ Name: "orders" }], Dimensions: [["orders"]] }),
    ),
    [["shop", {}, { orders: 2 }, "trimmed"], 0],
  );
  const Metrics = [{ Name: "orders" }, { Name: "orders_sum" }, { Name: "orders" }];
  const summary = { orders_count: 2n, orders_sum: 3, orders_min: 1, orders_max: 2, orders_mean: 1.5 };
  assertEquals(read(record({ orders: [1, 2], orders_sum: 9 }, { Metrics })), [
    ["shop", { service: "checkout" }, summary],
    1,
  ]);
});

Deno.test("readEmf() looks at own members only", () => {
  assertEquals(read(record({}, { Metrics: [{ Name: "constructor" }, { Name: "__proto__" }] })), [2]);
});
