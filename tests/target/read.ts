/** What a collector took, as a test looks at it. */
import { isJsonObject, type JsonObject } from "../../src/json/exact_json.ts";
import type { Collector, Signal } from "./collector.ts";

const NESTED: Readonly<Record<Signal, readonly [string, string, string]>> = {
  traces: ["resourceSpans", "scopeSpans", "spans"],
  metrics: ["resourceMetrics", "scopeMetrics", "metrics"],
  logs: ["resourceLogs", "scopeLogs", "logRecords"],
};

/** The resources of all requests. */
export function resourcesOf(collector: Collector, signal: Signal): readonly JsonObject[] {
  return collector.taken(signal).flatMap((request) => list(request, NESTED[signal][0]));
}

/** The spans, metrics or records of resources. */
export function itemsOf(resources: readonly JsonObject[], signal: Signal): readonly JsonObject[] {
  const [, scopes, items] = NESTED[signal];
  return resources.flatMap((resource) => list(resource, scopes).flatMap((scope) => list(scope, items)));
}

/** A member that is a list of objects; empty if it is not there. */
export function list(value: unknown, key: string): readonly JsonObject[] {
  const member = isJsonObject(value) ? value[key] : undefined;
  return Array.isArray(member) ? member.filter(isJsonObject) : [];
}

export function member(value: unknown, key: string): unknown {
  return isJsonObject(value) ? value[key] : undefined;
}

/** Attributes by name, each the one value that it has. */
export function attributesOf(value: unknown): ReadonlyMap<string, unknown> {
  return new Map(
    list(value, "attributes").map((pair) => [String(pair["key"]), Object.values(Object(pair["value"]))[0]]),
  );
}

export function isPlatform(resource: JsonObject): boolean {
  return attributesOf(resource["resource"]).has("faas.name");
}

/** Sum of a metric's values, or the number of a histogram's, over all that was taken. */
export function sumOf(collector: Collector, name: string): number {
  return itemsOf(resourcesOf(collector, "metrics"), "metrics").filter((metric) => metric["name"] === name)
    .flatMap((metric) => [...list(metric["sum"], "dataPoints"), ...list(metric["histogram"], "dataPoints")])
    .reduce((sum, point) => sum + Number(point["asInt"] ?? point["count"]), 0);
}

/** Texts of all records. */
export function bodiesOf(collector: Collector): readonly unknown[] {
  return itemsOf(resourcesOf(collector, "logs"), "logs").map((record) =>
    member(record["body"], "stringValue")
  );
}
