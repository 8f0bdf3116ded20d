/**
 * Figures of the platform as OpenTelemetry metrics: sums and histograms of what happened since the last time they were
 * asked for (delta temporality).
 * @see https://opentelemetry.io/docs/specs/semconv/faas/faas-metrics/
 */
import type { Figure, MetricField } from "../lambda/metric_fields.ts";
import { createProtobufWriter, type ProtobufWriter } from "../point/protobuf_writer.ts";
import { putDouble, putFixed64, putMessage, putString } from "./proto.ts";

/** Gathers figures. */
export interface MetricGatherer {
  add(figures: readonly Figure[]): void;
  /** The interval begins now, and not when the last one ended. Unix time in nanoseconds. */
  restart(startNs: bigint): void;
  /**
   * The metrics since the last time, each under the tag of a `ScopeMetrics`, and their data points; `undefined`:
   * nothing came. `endNs`: Unix time in nanoseconds.
   */
  take(endNs: bigint): { readonly bytes: Uint8Array<ArrayBuffer>; readonly count: number } | undefined;
}

interface Instrument {
  readonly kind: "sum" | "gauge" | "histogram";
  readonly name: string;
  readonly description: string;
  readonly unit: string;
  /** Of a histogram. */
  readonly bounds?: readonly number[];
  /** What a figure is multiplied by. @default 1 */
  readonly scale?: number;
  /** What it is divided by, as 1/1000 is no number that a computer has. @default 1 */
  readonly divisor?: number;
}

const MIB = 1024 * 1024;
/** Those of the conventions. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
/** Around the sizes that functions may have. */
const MEMORY = [64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096, 6144, 8192, 10_240]
  .map((mib) => mib * MIB);
const SIZES = [256, 1024, 4096, 16_384, 65_536, 262_144, MIB, 6 * MIB];

/** By the conventions' names where they have one; the others are under the name of the service. */
const INSTRUMENTS: Readonly<Record<MetricField, Instrument | undefined>> = {
  errors: sum("faas.errors", "Number of invocation errors.", "{error}"),
  timeouts: sum("faas.timeouts", "Number of invocation timeouts.", "{timeout}"),
  cold_starts: sum("faas.coldstarts", "Number of invocation cold starts.", "{coldstart}"),
  invocations: sum("aws.lambda.invocations", "Number of invocations, failed ones too.", "{invocation}"),
  out_of_memory: sum("aws.lambda.out_of_memory", "Number of invocations that ran out of memory.", "{error}"),
  runtime_duration_ms: seconds(
    "faas.invoke_duration",
    "Measures the duration of the function's logic execution.",
  ),
  init_duration_ms: seconds(
    "faas.init_duration",
    "Measures the duration of the function's initialization, such as a cold start.",
  ),
  max_memory_used_mb: {
    kind: "histogram",
    name: "faas.mem_usage",
    description: "Distribution of max memory usage per invocation.",
    unit: "By",
    bounds: MEMORY,
    scale: MIB,
  },
  duration_ms: seconds("aws.lambda.duration", "Duration of the invocation, as reported."),
  billed_duration_ms: seconds("aws.lambda.billed_duration", "Billed duration of the invocation."),
  post_runtime_duration: seconds(
    "aws.lambda.post_runtime_duration",
    "From the runtime's end to the invocation's.",
  ),
  response_latency: seconds(
    "aws.lambda.response_latency",
    "From the request to the first byte of the response.",
  ),
  response_duration_ms: seconds(
    "aws.lambda.response_duration",
    "From the first byte of the response to the last.",
  ),
  runtime_overhead_ms: seconds(
    "aws.lambda.runtime_overhead",
    "From the response to the runtime's next request.",
  ),
  extension_overhead_ms: seconds(
    "aws.lambda.extension_overhead",
    "Time of extensions after the runtime's end.",
  ),
  restore_duration_ms: seconds("aws.lambda.restore_duration", "Duration of the restore from a snapshot."),
  produced_bytes: {
    kind: "histogram",
    name: "aws.lambda.produced_bytes",
    description: "Size of the response.",
    unit: "By",
    bounds: SIZES,
  },
  logs_dropped_records: sum(
    "aws.lambda.logs_dropped.records",
    "Log records that the platform dropped.",
    "{record}",
  ),
  logs_dropped_bytes: sum(
    "aws.lambda.logs_dropped.size",
    "Size of log records that the platform dropped.",
    "By",
  ),
  estimated_cost_usd: sum("aws.lambda.estimated_cost", "Estimated cost of the invocations.", "USD"),
  init_cost_usd: sum("aws.lambda.init_cost", "Estimated cost of inits.", "USD"),
  extension_billed_ms: seconds(
    "aws.lambda.extension_billed_duration",
    "Part of the bill that is the extension's.",
  ),
  cpu_total_ms: seconds("faas.cpu_usage", "Distribution of CPU usage per invocation."),
  cpu_utilization_pct: gauge("aws.lambda.cpu_utilization", "CPU in use while the function ran.", "%"),
  sandbox_memory_used_mb: gauge(
    "aws.lambda.sandbox.memory_usage",
    "Memory of the sandbox in use.",
    "By",
    MIB,
  ),
  tmp_used_bytes: gauge("aws.lambda.tmp.usage", "Space of /tmp in use.", "By"),
  tmp_free_bytes: gauge("aws.lambda.tmp.free", "Space of /tmp that is free.", "By"),
  shutdowns: sum("aws.lambda.shutdowns", "Number of sandboxes that ended.", "{sandbox}"),
  unused_init: sum("aws.lambda.unused_inits", "Number of those that served no invocation.", "{sandbox}"),
  // Parts of a figure that is told, or never changing.
  cpu_user_ms: undefined,
  cpu_system_ms: undefined,
  sandbox_memory_total_mb: undefined,
  memory_size_mb: undefined,
};
/** The conventions' invocations are the successful ones. */
const SUCCESSES = sum("faas.invocations", "Number of successful invocations.", "{invocation}");

function sum(name: string, description: string, unit: string): Instrument {
  return { kind: "sum", name, description, unit };
}

function gauge(name: string, description: string, unit: string, scale = 1): Instrument {
  return { kind: "gauge", name, description, unit, scale };
}

function seconds(name: string, description: string): Instrument {
  return { kind: "histogram", name, description, unit: "s", bounds: SECONDS, divisor: 1000 };
}

interface Series {
  count: number;
  sum: number;
  min: number;
  max: number;
  readonly buckets: number[];
}

/** Nothing gathered yet; the first interval begins at `startNs`, Unix time in nanoseconds. */
export function createMetricGatherer(startNs: bigint): MetricGatherer {
  let series = new Map<Instrument, Series>();
  let sinceNs = startNs;

  function record(instrument: Instrument, figure: number): void {
    const value = figure * (instrument.scale ?? 1) / (instrument.divisor ?? 1);
    const { bounds } = instrument;
    let found = series.get(instrument);
    if (found === undefined) {
      const buckets = bounds === undefined ? [] : Array.from({ length: bounds.length + 1 }, () => 0);
      found = { count: 0, sum: 0, min: Infinity, max: -Infinity, buckets };
      series.set(instrument, found);
    }
    found.count++;
    found.sum = instrument.kind === "gauge" ? value : found.sum + value;
    if (bounds === undefined) return;
    found.min = Math.min(found.min, value);
    found.max = Math.max(found.max, value);
    const at = bounds.findIndex((bound) => value <= bound);
    const bucket = at < 0 ? bounds.length : at;
    found.buckets[bucket] = (found.buckets[bucket] ?? 0) + 1;
  }

  return {
    restart: (startNs) => void (sinceNs = startNs),
    add: (figures) => {
      for (const [name, value] of figures) {
        const instrument = INSTRUMENTS[name];
        if (instrument !== undefined && value !== undefined) record(instrument, value);
      }
      const known = new Map(figures);
      if (known.get("invocations") === 1) record(SUCCESSES, known.get("errors") === 0 ? 1 : 0);
    },
    take: (endNs) => {
      if (series.size === 0) return undefined;
      const taken = series;
      // A clock set back must not make an interval that ends before it begins.
      const interval = { startNs: sinceNs < endNs ? sinceNs : endNs, endNs };
      series = new Map();
      sinceNs = endNs;
      const writer = createProtobufWriter(256 * taken.size);
      for (const [instrument, values] of taken) putMetric(writer, instrument, values, interval);
      return { bytes: writer.finish(), count: taken.size };
    },
  };
}

/** `ScopeMetrics.metrics`. */
const METRICS = 0x12;
const METRIC = {
  name: 0x0a,
  description: 0x12,
  unit: 0x1a,
  gauge: 0x2a,
  sum: 0x3a,
  histogram: 0x4a,
} as const;
const DATA = { point: 0x0a, temporality: 0x10, monotonic: 0x18 } as const;
const NUMBER = { start: 0x11, time: 0x19, double: 0x21, int: 0x31 } as const;
const HISTOGRAM = {
  start: 0x11,
  time: 0x19,
  count: 0x21,
  sum: 0x29,
  buckets: 0x32,
  bounds: 0x3a,
  min: 0x59,
  max: 0x61,
} as const;
const DELTA = 1;

/** What data points are of: Unix times in nanoseconds. */
interface Interval {
  readonly startNs: bigint;
  readonly endNs: bigint;
}

function putMetric(
  writer: ProtobufWriter,
  instrument: Instrument,
  values: Series,
  interval: Interval,
): void {
  const { kind, name, description, unit, bounds = [] } = instrument;
  putMessage(writer, METRICS, 256, () => {
    putString(writer, METRIC.name, name);
    putString(writer, METRIC.description, description);
    putString(writer, METRIC.unit, unit);
    putMessage(writer, METRIC[kind], 256, () => {
      putMessage(writer, DATA.point, 256, () => {
        if (kind === "histogram") putHistogramPoint(writer, values, bounds, interval);
        else putNumberPoint(writer, values, interval);
      });
      if (kind === "gauge") return;
      writer.tag(DATA.temporality);
      writer.varint(DELTA);
      if (kind !== "sum") return;
      writer.tag(DATA.monotonic);
      writer.varint(1);
    });
  });
}

function putNumberPoint(writer: ProtobufWriter, { sum: value }: Series, { startNs, endNs }: Interval): void {
  putFixed64(writer, NUMBER.start, startNs);
  putFixed64(writer, NUMBER.time, endNs);
  if (Number.isSafeInteger(value)) putFixed64(writer, NUMBER.int, BigInt(value));
  else putDouble(writer, NUMBER.double, value);
}

function putHistogramPoint(
  writer: ProtobufWriter,
  values: Series,
  bounds: readonly number[],
  { startNs, endNs }: Interval,
): void {
  putFixed64(writer, HISTOGRAM.start, startNs);
  putFixed64(writer, HISTOGRAM.time, endNs);
  putFixed64(writer, HISTOGRAM.count, BigInt(values.count));
  putDouble(writer, HISTOGRAM.sum, values.sum);
  writer.tag(HISTOGRAM.buckets);
  writer.bytes(packed(values.buckets, (view, at, value) => view.setBigUint64(at, BigInt(value), true)));
  writer.tag(HISTOGRAM.bounds);
  writer.bytes(packed(bounds, (view, at, value) => view.setFloat64(at, value, true)));
  putDouble(writer, HISTOGRAM.min, values.min);
  putDouble(writer, HISTOGRAM.max, values.max);
}

/** Values of eight bytes each. */
function packed(
  values: readonly number[],
  put: (view: DataView, at: number, value: number) => void,
): Uint8Array {
  const bytes = new Uint8Array(values.length * 8);
  const view = new DataView(bytes.buffer);
  for (const [index, value] of values.entries()) put(view, index * 8, value);
  return bytes;
}
