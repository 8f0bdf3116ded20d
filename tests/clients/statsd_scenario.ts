/** What every DogStatsD client sends, as it must arrive. The programs are named `statsd` in each language. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import type { ClientCase } from "./language.ts";
import type { ClientRun } from "./run_client.ts";
import { checkAccount, pick, pointsOf } from "./scenario.ts";

/** One DogStatsD client. */
export interface StatsdClient {
  readonly client: string;
  readonly program: string;
  readonly setup: string;
}

/** Counters, gauges, timings, histograms, distributions and sets with their figures; an event and a check. */
export function statsdCase({ client, program, setup }: StatsdClient): ClientCase {
  return {
    client,
    program,
    protocol: "DogStatsD, UDP",
    env: {},
    setup,
    verified: "counters, gauges, timings, histograms, distributions, sets, tags, event, service check",
    check: (run) => {
      checkMetrics(run);
      checkEvents(run);
      // What clients count of themselves comes along.
      const all = run.points.filter(({ measurement }) => /^(shop|datadog|statsd_\w+)$/.test(measurement));
      checkAccount(run, "statsd", all.length);
    },
  };
}

function checkMetrics(run: ClientRun): void {
  const metrics = pointsOf(run, "metric", "shop");
  /** Fields of that metric, by type. */
  const values = (type: string): Record<string, unknown> =>
    Object.fromEntries(
      metrics.filter(({ tags }) => tags.get("metric_type") === type).flatMap(({ fields }) => [...fields]),
    );
  assertEquals(values("counter"), { orders: 5, stock: -4 });
  assertEquals(values("gauge"), { queue: 7.5, balance: -3 });
  assertEquals(values("set"), { users: 2n });
  const latency = values("timing");
  assertAlmostEquals(Number(latency["latency_stddev"]), 11.775681155, 1e-9);
  assertEquals({ ...latency, latency_stddev: 0 }, {
    latency_count: 3n,
    latency_sum: 72,
    latency_min: 12,
    latency_max: 40,
    latency_mean: 24,
    latency_median: 20,
    latency_stddev: 0,
    latency_p95: 40,
    latency_p99: 40,
  });
  assertEquals({ ...values("histogram"), size_stddev: 0 }, {
    size_count: 4n,
    size_sum: 10,
    size_min: 1,
    size_max: 4,
    size_mean: 2.5,
    size_median: 2,
    size_stddev: 0,
    size_p95: 4,
    size_p99: 4,
  });
  assertEquals(values("distribution"), {
    weight_count: 2n,
    weight_sum: 4,
    weight_min: 1.5,
    weight_max: 2.5,
    weight_mean: 2,
    weight_median: 1.5,
    weight_stddev: 0.5,
    weight_p95: 2.5,
    weight_p99: 2.5,
  });
  const orders = metrics.find(({ fields }) => fields.has("orders"));
  assertEquals(pick(orders?.tags ?? new Map(), ["env", "tier"]), { env: "test", tier: "gold" });
  for (const { tags } of metrics) assertEquals(tags.get("env"), "test");
}

function checkEvents(run: ClientRun): void {
  const events = pointsOf(run, "keyevent", "statsd_event");
  assertEquals(events.length, 1);
  const [event] = events;
  assert(event !== undefined);
  assertEquals(pick(event.tags, ["env", "region", "aggregation_key", "df_status"]), {
    env: "test",
    region: "eu",
    aggregation_key: "deploy",
    df_status: "error",
  });
  assertEquals(pick(event.fields, ["df_title", "df_message"]), {
    df_title: "déploiement 🚀",
    df_message: "version 1.2.3\nzweite Zeile",
  });
  const checks = pointsOf(run, "metric", "statsd_service_check");
  assertEquals(
    checks.map(({ tags, fields }) => [tags.get("check"), tags.get("region"), fields.get("status")]),
    [
      ["shop.up", "eu", 2n],
    ],
  );
  const words = pointsOf(run, "logging", "statsd_service_check");
  assertEquals(words.map(({ tags, fields }) => [tags.get("status"), fields.get("message")]), [
    ["critical", "down: no answer"],
  ]);
}
