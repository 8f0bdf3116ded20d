/**
 * Metrics that Datadog's Lambda libraries write into the log for Datadog's forwarder: one JSON object a line, or the
 * older form `MONITORING|…`.
 * @see https://github.com/DataDog/datadog-lambda-js/blob/main/src/metrics/metric-log.ts
 * @see https://docs.datadoghq.com/serverless/guide/datadog_forwarder_python/
 */
import type { JsonObject } from "../json/exact_json.ts";
import { onlyHas } from "../json/large_values.ts";

/** A value for the StatsD aggregator, in its words. */
export interface LineSample {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram" | "distribution";
  readonly value: number;
  /** As behind DogStatsD's `|#`. */
  readonly tagText: string;
  /** Unix seconds. */
  readonly timestampS: number;
}

/** What a line is: a metric, what cannot be one although it looks so, or (`undefined`) something else. */
export type DatadogReading = LineSample | "malformed" | undefined;

const KEYS: readonly string[] = ["e", "m", "t", "v"];

/** Reads `{"e":…,"m":…,"t":[…],"v":…}`, which has exactly these members. */
export function readDatadogObject(members: JsonObject): DatadogReading {
  const { m: name, v: value, e: timestampS, t: tags } = members;
  if (typeof name !== "string" || value === undefined || timestampS === undefined) return undefined;
  if (!onlyHas(members, (key) => KEYS.includes(key))) return undefined;
  const list = tags === undefined || tags === null ? [] : tags;
  if (name === "" || !isNumber(value) || !isNumber(timestampS) || timestampS < 0 || !isTexts(list)) {
    return "malformed";
  }
  return {
    name,
    type: "distribution",
    value,
    tagText: list.join(","),
    timestampS: Math.floor(timestampS),
  };
}

const TYPES: ReadonlyMap<string, LineSample["type"]> = new Map([
  ["count", "counter"],
  ["gauge", "gauge"],
  ["histogram", "histogram"],
  ["distribution", "distribution"],
]);
const PREFIX = "MONITORING|";

/** Reads `MONITORING|<Unix seconds>|<value>|<type>|<name>|#<tags>`, also after a runtime's columns. */
export function readDatadogText(text: string): DatadogReading {
  const at = text.startsWith(PREFIX) ? 0 : text.indexOf(`\t${PREFIX}`) + 1;
  if (at === 0 && !text.startsWith(PREFIX)) return undefined;
  const [time = "", value = "", typeText = "", name = "", ...rest] = text.slice(at + PREFIX.length).split(
    "|",
  );
  const type = TYPES.get(typeText);
  // A check is no metric.
  if (type === undefined && typeText === "check") return undefined;
  const number = value === "" ? NaN : Number(value);
  if (type === undefined || name === "" || !Number.isFinite(number) || !/^\d{1,12}$/.test(time)) {
    return "malformed";
  }
  const tags = rest.find((part) => part.startsWith("#"))?.slice(1) ?? "";
  return { name, type, value: number, tagText: tags, timestampS: Number(time) };
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}
