import { assertEquals } from "@std/assert";
import { createMetricGatherer } from "../../src/otlp_target/metrics.ts";
import { encodeResourceEntry } from "../../src/otlp_target/proto.ts";
import { decodeOtlp, nodes, type OtlpNode } from "../support/wire/decode_otlp.ts";

function read(taken: { readonly bytes: Uint8Array } | undefined): readonly OtlpNode[] {
  const entry = encodeResourceEntry(
    new Uint8Array(),
    { name: "n", version: "v" },
    taken?.bytes ?? new Uint8Array(),
    "u",
  );
  const length = [entry.length % 128 | 128, Math.floor(entry.length / 128)];
  const request = decodeOtlp("metrics", Uint8Array.from([0x0a, ...length, ...entry]));
  return nodes(nodes(nodes(request, "resourceMetrics")[0], "scopeMetrics")[0], "metrics");
}

Deno.test("figures are added up over one interval, and the next begins where it ended", () => {
  const gatherer = createMetricGatherer(10n);
  gatherer.add([["invocations", 1], ["errors", 0], ["runtime_duration_ms", 30]]);
  gatherer.add([["invocations", 1], ["errors", 1], ["runtime_duration_ms", 7600]]);
  gatherer.add([["errors", 1], ["cpu_utilization_pct", 12.5], ["cpu_utilization_pct", 50]]);
  const taken = gatherer.take(20n);
  assertEquals(taken?.count, 5);
  const metrics = new Map(read(taken).map((metric) => [metric["name"], metric]));
  const point = (name: string, kind: string): OtlpNode | undefined =>
    nodes(nodes(metrics.get(name), kind)[0], "dataPoints")[0];
  const interval = { startTimeUnixNano: "10", timeUnixNano: "20" };
  assertEquals(point("aws.lambda.invocations", "sum"), { ...interval, asInt: "2" });
  assertEquals(point("faas.errors", "sum"), { ...interval, asInt: "2" });
  assertEquals(point("faas.invocations", "sum"), { ...interval, asInt: "1" });
  assertEquals(point("aws.lambda.cpu_utilization", "gauge"), { ...interval, asInt: "50" });
  const sum = nodes(metrics.get("faas.errors"), "sum")[0];
  assertEquals([sum?.["aggregationTemporality"], sum?.["isMonotonic"]], ["1", true]);
  const duration = point("faas.invoke_duration", "histogram");
  assertEquals([duration?.["count"], duration?.["sum"], duration?.["min"], duration?.["max"]], [
    "2",
    7.63,
    0.03,
    7.6,
  ]);
  const buckets = duration?.["bucketCounts"];
  assertEquals(Array.isArray(buckets) ? buckets.map(Number) : [], [
    0,
    0,
    0,
    1,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    1,
    0,
  ]);
  gatherer.add([["timeouts", 1]]);
  const [timeouts] = read(gatherer.take(30n));
  assertEquals(nodes(nodes(timeouts, "sum")[0], "dataPoints"), [
    { startTimeUnixNano: "20", timeUnixNano: "30", asInt: "1" },
  ]);
  assertEquals(gatherer.take(40n), undefined);
});

Deno.test("a clock set back makes no interval that ends before it begins", () => {
  const gatherer = createMetricGatherer(100n);
  gatherer.add([["errors", 1]]);
  const [metric] = read(gatherer.take(50n));
  assertEquals(nodes(nodes(metric, "sum")[0], "dataPoints")[0]?.["startTimeUnixNano"], "50");
});

Deno.test("amounts that are no whole numbers keep their fractions", () => {
  const gatherer = createMetricGatherer(0n);
  gatherer.add([["estimated_cost_usd", 0.25], ["estimated_cost_usd", 0.5]]);
  const [metric] = read(gatherer.take(1n));
  assertEquals(nodes(nodes(metric, "sum")[0], "dataPoints")[0]?.["asDouble"], 0.75);
});
