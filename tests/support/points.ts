import type { Category, Point } from "../../src/point/point.ts";

/** A point for tests that do not look inside it. `name` ends up in the field `message` (or `value` of a metric). */
export function testPoint(
  name: string,
  category: Category = "logging",
  timeNs = 1_700_000_000_000_000_000n,
): Point {
  return {
    category,
    measurement: "test",
    tags: new Map(),
    fields: category === "metric" ? new Map([["value", BigInt(name.length)]]) : new Map([["message", name]]),
    timeNs,
  };
}

/** The `message` fields, in order. */
export function messagesOf(points: readonly Point[]): unknown[] {
  return points.map((point) => point.fields.get("message"));
}
