/**
 * Metrics that a function writes into its log as CloudWatch's embedded metric format: Powertools, the EMF libraries
 * and OpenTelemetry's EMF exporters do. One point for each directive. What CloudWatch stores is taken, what it leaves
 * out is left out and told.
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
import { isJsonObject, type JsonObject } from "../json/exact_json.ts";
import type { FieldValue } from "../point/point.ts";

/** One directive, read. */
export interface EmfPoint {
  readonly namespace: string;
  /** Of all its sets of dimensions: a point for each set would count each metric several times. */
  readonly tags: ReadonlyMap<string, string>;
  /** Floats and, of what has several values, an integer count. Never empty. */
  readonly fields: ReadonlyMap<string, FieldValue>;
  /** Some sets of dimensions could not be used: the metrics are there without them, as at CloudWatch. */
  readonly isTrimmed: boolean;
}

/** What a record of the log holds. */
export interface EmfReading {
  readonly points: readonly EmfPoint[];
  /** Unix time in nanoseconds. */
  readonly timeNs: bigint;
  /** Metrics that are named but missing, not numbers, too many, or of an invalid directive or time. */
  readonly refused: number;
}

/** Bounds of the format: metrics of a directive, values of a metric, dimensions of a set. */
const MAX_METRICS = 100;
const MAX_VALUES = 100;
const MAX_DIMENSIONS = 30;
const MAX_NAMESPACE_CHARS = 1024;
/** CloudWatch takes values from -2^360 to 2^360. */
const MAX_VALUE = 2 ** 360;
/** It takes events of the last two weeks and the next two hours. In ms. */
const MAX_AGE_MS = 14 * 24 * 3_600_000;
const MAX_AHEAD_MS = 2 * 3_600_000;
/** More directives than a record of 1 MB is likely to have. */
const MAX_DIRECTIVES = 1000;

/** The metrics of a record, or of what a runtime put it into; `undefined`: it is not of that format. */
export function readEmf(members: JsonObject, nowMs: number): EmfReading | undefined {
  const record = rootOf(members);
  if (record === undefined) return undefined;
  const { _aws: metadata } = record;
  const directives = isJsonObject(metadata) ? metadata["CloudWatchMetrics"] : undefined;
  if (!isJsonObject(metadata) || !isList(directives)) return undefined;
  const timeMs = metadata["Timestamp"];
  if (!isTimely(timeMs, nowMs)) return { points: [], timeNs: 0n, refused: sum(directives.map(metricsIn)) };
  const points: EmfPoint[] = [];
  let refused = sum(directives.slice(MAX_DIRECTIVES).map(metricsIn));
  for (const directive of directives.slice(0, MAX_DIRECTIVES)) {
    const { point, left } = readDirective(directive, record);
    if (point !== undefined) points.push(point);
    refused += left;
  }
  return { points, timeNs: BigInt(Math.floor(timeMs)) * 1_000_000n, refused };
}

/** The object that has the metrics: the log itself, or the message that a runtime put into an object of its own. */
function rootOf(members: JsonObject): JsonObject | undefined {
  if (members["_aws"] !== undefined) return members;
  const { message } = members;
  return isJsonObject(message) && Object.hasOwn(message, "_aws") ? message : undefined;
}

function isTimely(timeMs: unknown, nowMs: number): timeMs is number {
  return typeof timeMs === "number" && timeMs >= nowMs - MAX_AGE_MS && timeMs <= nowMs + MAX_AHEAD_MS;
}

interface DirectiveReading {
  readonly point?: EmfPoint;
  /** Metrics that it names but does not have. */
  readonly left: number;
}

function readDirective(directive: unknown, record: JsonObject): DirectiveReading {
  if (!isJsonObject(directive) || !isNamespace(directive["Namespace"])) return { left: metricsIn(directive) };
  const { Namespace: namespace, Metrics: metrics } = directive;
  if (!isList(metrics)) return { left: 1 };
  const { tags, isTrimmed } = readDimensions(directive["Dimensions"], record);
  const fields = new Map<string, FieldValue>();
  const names = new Set<string>();
  let left = Math.max(0, metrics.length - MAX_METRICS);
  for (const metric of metrics.slice(0, MAX_METRICS)) {
    const name = isJsonObject(metric) ? metric["Name"] : undefined;
    const made = typeof name === "string" && name !== "" ? fieldsOf(name, member(record, name), tags) : [];
    // What is named twice is one metric.
    const isNew = typeof name !== "string" || !names.has(name);
    if (typeof name === "string") names.add(name);
    if (isNew && (made.length === 0 || made.some(([key]) => fields.has(key)))) left++;
    else for (const [key, value] of made) fields.set(key, value);
  }
  return fields.size === 0 ? { left } : { point: { namespace, tags, fields, isTrimmed }, left };
}

function isNamespace(value: unknown): value is string {
  return typeof value === "string" && value !== "" && value.length <= MAX_NAMESPACE_CHARS;
}

/** How many data are lost with a directive. */
function metricsIn(directive: unknown): number {
  const metrics = isJsonObject(directive) ? directive["Metrics"] : undefined;
  return isList(metrics) ? Math.max(1, metrics.length) : 1;
}

/** CloudWatch stores metrics of a set that it cannot use without dimensions; exporters leave out a list that is empty. */
function readDimensions(
  sets: unknown,
  record: JsonObject,
): { readonly tags: ReadonlyMap<string, string>; readonly isTrimmed: boolean } {
  const tags = new Map<string, string>();
  if (sets === undefined || sets === null) return { tags, isTrimmed: false };
  if (!isList(sets)) return { tags, isTrimmed: true };
  let isTrimmed = false;
  for (const set of sets) {
    const pairs = isList(set) && set.length <= MAX_DIMENSIONS
      ? set.map((key): Pair => [key, member(record, key)])
      : [NO_PAIR];
    if (pairs.every(isDimension)) pairs.forEach(([key, value]) => tags.set(key, value));
    else isTrimmed = true;
  }
  return { tags, isTrimmed };
}

type Pair = readonly [key: unknown, value: unknown];
const NO_PAIR: Pair = [undefined, undefined];

function isDimension(pair: Pair): pair is readonly [string, string] {
  const [key, value] = pair;
  return typeof key === "string" && key !== "" && typeof value === "string" && value !== "";
}

/** The fields of one metric; none if its value is not a number. Beside a tag of its name, a field would be lost. */
function fieldsOf(
  name: string,
  value: unknown,
  tags: ReadonlyMap<string, string>,
): readonly (readonly [string, FieldValue])[] {
  const summary = isJsonObject(value) ? readStatistics(value) : readValues(value);
  if (summary === undefined) return [];
  const own = tags.has(name) ? `${name}_value` : name;
  if (typeof summary === "number") return [[own, summary]];
  const { count, total, min, max } = summary;
  return [
    [`${own}_count`, BigInt(count)],
    [`${own}_sum`, total],
    [`${own}_min`, min],
    [`${own}_max`, max],
    [`${own}_mean`, total / count],
  ];
}

/** What CloudWatch keeps of several values of one time. */
interface Summary {
  readonly count: number;
  readonly total: number;
  readonly min: number;
  readonly max: number;
}

/** A number, alone or in a list; of several numbers their summary, as of StatsD's histograms. */
function readValues(value: unknown): number | Summary | undefined {
  if (!isList(value)) return numberOf(value);
  if (value.length === 0 || value.length > MAX_VALUES) return undefined;
  const numbers = value.map(numberOf);
  if (!numbers.every((each) => each !== undefined)) return undefined;
  return numbers.length === 1 ? numbers[0] : summarize(numbers, numbers.map(() => 1));
}

/** A statistic set, or values with how often each came: OpenTelemetry's exporters and Rust's libraries write these. */
function readStatistics(value: JsonObject): Summary | undefined {
  const [count, total, min, max] = ["Count", "Sum", "Min", "Max"].map((key) => numberOf(member(value, key)));
  if (count !== undefined && total !== undefined && min !== undefined && max !== undefined) {
    return Number.isInteger(count) && count > 0 && min <= max ? { count, total, min, max } : undefined;
  }
  const values = member(value, "Values");
  const counts = member(value, "Counts");
  if (!isList(values) || values.length === 0 || values.length > MAX_VALUES) return undefined;
  if (isList(counts) && counts.length !== values.length) return undefined;
  const numbers = values.map(numberOf);
  const weights = isList(counts) ? counts.map(numberOf) : values.map(() => 1);
  if (!numbers.every((each) => each !== undefined)) return undefined;
  return weights.every((each) => each !== undefined && Number.isInteger(each) && each > 0)
    ? summarize(numbers, weights)
    : undefined;
}

function summarize(values: readonly number[], weights: readonly (number | undefined)[]): Summary {
  const total = sum(values.map((value, index) => value * (weights[index] ?? 0)));
  return {
    count: sum(weights.map((each) => each ?? 0)),
    total,
    min: Math.min(...values),
    max: Math.max(...values),
  };
}

function numberOf(value: unknown): number | undefined {
  const number = typeof value === "bigint" ? Number(value) : value;
  return typeof number === "number" && Math.abs(number) <= MAX_VALUE ? number : undefined;
}

function member(record: JsonObject, key: unknown): unknown {
  return typeof key === "string" && Object.hasOwn(record, key) ? record[key] : undefined;
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
