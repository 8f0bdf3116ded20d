import { assert, assertEquals } from "@std/assert";
import type { Environment } from "../../../src/config/reader.ts";
import { encodeLineProtocol } from "../../../src/point/line_protocol.ts";
import { attributes, exportJson, type Recorder } from "./recorder.ts";

const TIME = "1700000000000000000";
const DELTA = 1;
const CUMULATIVE = 2;

async function record(
  metric: unknown,
  env: Environment = {},
  resource: Record<string, unknown> = {},
): Promise<Recorder> {
  return (await exportJson("metrics", {
    resourceMetrics: [{
      resource: { attributes: attributes(resource) },
      scopeMetrics: [{ scope: { name: "m" }, metrics: [metric] }],
    }],
  }, env));
}

function gauge(...dataPoints: unknown[]): unknown {
  return { name: "g", gauge: { dataPoints } };
}

const TAGS = "otel_service,remote_ip=127.0.0.1,scope_name=m";

Deno.test("createMetricsToPoints() makes the worked example E6 of a histogram", async () => {
  const { points } = await exportJson("metrics", {
    resourceMetrics: [{
      resource: { attributes: attributes({ "service.name": "svc-a" }) },
      scopeMetrics: [{
        scope: { name: "m" },
        metrics: [{
          name: "http.server.duration",
          unit: "ms",
          histogram: {
            aggregationTemporality: DELTA,
            dataPoints: [{
              // E6's own time is later than this test's now.
              timeUnixNano: "1695339861909000000",
              count: 3,
              sum: 12.5,
              min: 1,
              max: 9,
              bucketCounts: [1, 1, 1],
              explicitBounds: [5, 10],
              attributes: attributes({ "http.route": "/x" }),
            }],
          },
        }],
      }],
    }],
  });
  const common = new Map([
    ["aws_lambda_function_memory_size", "128"],
    ["aws_lambda_function_name", "fn"],
    ["aws_lambda_initialization_type", "on-demand"],
    ["aws_region", "us-east-1"],
    ["host", "h0"],
    ["team", "core"],
  ]);
  const g =
    "aws_lambda_function_memory_size=128,aws_lambda_function_name=fn,aws_lambda_initialization_type=on-demand,aws_region=us-east-1,host=h0";
  assertEquals(new TextDecoder().decode(encodeLineProtocol(points, common)).split("\n"), [
    `otel_service,${g},http_route=/x,remote_ip=127.0.0.1,scope_name=m,service_name=svc-a,team=core,unit=ms http.server.duration_count=3u,http.server.duration_max=9,http.server.duration_min=1,http.server.duration_sum=12.5 1695339861909000000`,
    `otel_service,${g},http_route=/x,le=5,remote_ip=127.0.0.1,scope_name=m,service_name=svc-a,team=core,unit=ms http.server.duration_bucket=1u 1695339861909000000`,
    `otel_service,${g},http_route=/x,le=10,remote_ip=127.0.0.1,scope_name=m,service_name=svc-a,team=core,unit=ms http.server.duration_bucket=2u 1695339861909000000`,
    `otel_service,${g},http_route=/x,le=+Inf,remote_ip=127.0.0.1,scope_name=m,service_name=svc-a,team=core,unit=ms http.server.duration_bucket=3u 1695339861909000000`,
    "",
  ]);
});

Deno.test("createMetricsToPoints() keeps ints exact and doubles as they are", async () => {
  const made = await record(gauge(
    { timeUnixNano: TIME, asInt: "9223372036854775807" },
    { timeUnixNano: TIME, asDouble: 1.5 },
    { timeUnixNano: TIME, asInt: 0 },
  ));
  assertEquals(made.lines(), [
    `${TAGS} g=9223372036854775807i ${TIME}`,
    `${TAGS} g=1.5 ${TIME}`,
    `${TAGS} g=0i ${TIME}`,
  ]);
});

Deno.test("createMetricsToPoints() rejects data points without a value or a time, and keeps the others", async () => {
  const made = await record(gauge(
    { timeUnixNano: TIME, asDouble: null },
    { timeUnixNano: TIME, asDouble: "Infinity" },
    { timeUnixNano: TIME },
    { timeUnixNano: "0", asInt: 1 },
    { asInt: 1 },
    { timeUnixNano: TIME, asInt: 1 },
  ));
  assertEquals(made.lines(), [`${TAGS} g=1i ${TIME}`]);
  assertEquals(made.refused, new Map([["malformed", 5]]));
});

Deno.test("createMetricsToPoints() sends nothing for a series that has ended", async () => {
  const made = await record(gauge({ timeUnixNano: TIME, asInt: 1, flags: 1 }));
  assertEquals([made.points.length, made.refused.size], [0, 0]);
});

Deno.test("createMetricsToPoints() rejects metrics without a name or of an unknown kind", async () => {
  const made = await record({ name: "new_kind", futuristic: {} });
  assertEquals([made.points.length, made.refused], [0, new Map([["malformed", 1]])]);
  const nameless = await record({
    gauge: { dataPoints: [{ timeUnixNano: TIME, asInt: 1 }, { timeUnixNano: TIME, asInt: 2 }] },
  });
  assertEquals(nameless.refused, new Map([["malformed", 2]]));
});

Deno.test("createMetricsToPoints() makes tags of all attributes, the nearest first, but what the SDK says of itself", async () => {
  const made = await record(
    gauge({
      timeUnixNano: TIME,
      asInt: 1,
      attributes: attributes({ "a.b": 1.25, list: [1, "x"], env: "point" }),
    }),
    { ENV_INPUT_OTEL_TAGS: "team=core,env=setting" },
    { "service.name": "svc", env: "resource", "telemetry.sdk.name": "otel", "process.runtime.name": "node" },
  );
  assertEquals(made.lines(), [
    `otel_service,a_b=1.25,env=point,list=[1\\,"x"],remote_ip=127.0.0.1,scope_name=m,service_name=svc,team=core g=1i ${TIME}`,
  ]);
});

Deno.test("createMetricsToPoints() leaves out a minimum, maximum and sum that are not told", async () => {
  const made = await record({
    name: "h",
    histogram: { aggregationTemporality: DELTA, dataPoints: [{ timeUnixNano: TIME, count: "2" }] },
  });
  assertEquals(made.lines(), [`${TAGS} h_count=2u ${TIME}`]);
});

Deno.test("createMetricsToPoints() rejects a histogram whose bounds do not fit its buckets", async () => {
  const point = { timeUnixNano: TIME, count: 2, bucketCounts: [1, 1], explicitBounds: [1, 2] };
  const made = await record({ name: "h", histogram: { aggregationTemporality: DELTA, dataPoints: [point] } });
  assertEquals([made.points.length, made.refused], [0, new Map([["malformed", 1]])]);
});

Deno.test("createMetricsToPoints() makes cumulative buckets of an exponential histogram", async () => {
  const made = await record({
    name: "e",
    exponentialHistogram: {
      aggregationTemporality: DELTA,
      dataPoints: [{
        timeUnixNano: TIME,
        count: 10,
        sum: 3,
        scale: 0,
        zeroCount: 1,
        positive: { offset: 0, bucketCounts: [2, 0, 3] }, // (1,2], (4,8]
        negative: { offset: 1, bucketCounts: [4] }, // [-4,-2)
      }],
    },
  });
  assertEquals(made.lines(), [
    `${TAGS} e_count=10u,e_sum=3 ${TIME}`,
    `otel_service,le=-2,${TAGS.slice(13)} e_bucket=4u ${TIME}`,
    `otel_service,le=0,${TAGS.slice(13)} e_bucket=5u ${TIME}`,
    `otel_service,le=2,${TAGS.slice(13)} e_bucket=7u ${TIME}`,
    `otel_service,le=8,${TAGS.slice(13)} e_bucket=10u ${TIME}`,
    `otel_service,le=+Inf,${TAGS.slice(13)} e_bucket=10u ${TIME}`,
  ]);
});

Deno.test("createMetricsToPoints() makes a point of each quantile of a summary", async () => {
  const made = await record({
    name: "s",
    summary: {
      dataPoints: [{
        timeUnixNano: TIME,
        count: 2,
        sum: 5,
        quantileValues: [{ quantile: 0.5, value: 2 }, { quantile: 0.99, value: 3.5 }, {
          quantile: 1,
          value: null,
        }],
      }],
    },
  }, { ENV_INPUT_OTEL_INSTANCE_TAG: "off" });
  assertEquals(made.lines(), [
    `${TAGS} s_count=2u,s_sum=5 ${TIME}`,
    `otel_service,quantile=0.5,${TAGS.slice(13)} s=2 ${TIME}`,
    `otel_service,quantile=0.99,${TAGS.slice(13)} s=3.5 ${TIME}`,
  ]);
  assertEquals(made.refused.size, 0);
});

Deno.test("createMetricsToPoints() names the instance of cumulative metrics that do not", async () => {
  const sum = (aggregationTemporality: number): unknown => ({
    name: "c",
    sum: { aggregationTemporality, isMonotonic: true, dataPoints: [{ timeUnixNano: TIME, asInt: 3 }] },
  });
  const instance = (made: Recorder): string | undefined => made.points[0]?.tags.get("faas_instance");
  assertEquals(instance(await record(sum(CUMULATIVE))), "instance-1");
  assertEquals(instance(await record(sum(DELTA))), undefined);
  assertEquals(instance(await record(gauge({ timeUnixNano: TIME, asInt: 1 }))), undefined);
  assertEquals(instance(await record(sum(CUMULATIVE), {}, { "service.instance.id": "i" })), undefined);
  assertEquals(instance(await record(sum(CUMULATIVE), {}, { "faas.instance": "log/stream" })), "log/stream");
  assertEquals(instance(await record(sum(CUMULATIVE), { ENV_INPUT_OTEL_INSTANCE_TAG: "false" })), undefined);
});

Deno.test("createMetricsToPoints() bounds the points that buckets may become", async () => {
  const bucketCounts = Array.from({ length: 4000 }, () => 1);
  const explicitBounds = Array.from({ length: 3999 }, (_, i) => i);
  const dataPoints = Array.from(
    { length: 30 },
    () => ({ timeUnixNano: TIME, count: 4000, bucketCounts, explicitBounds }),
  );
  const made = await record({ name: "h", histogram: { aggregationTemporality: DELTA, dataPoints } });
  assert(made.points.length <= 100_030, `${made.points.length}`);
  assertEquals(made.refused, new Map([["malformed", 5]]));
});
