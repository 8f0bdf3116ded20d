/** What reached Dataway, as tables for people. */
import type { DecodedPoint } from "../support/wire/decoded_point.ts";
import type { DatawayDouble } from "./dataway.ts";
import type { NamedInvocation } from "./summary.ts";
import { formatTable } from "./tables.ts";

/** One row per field, one column per invocation (0: before the first), by the points' own times. */
export function fieldTable(
  points: readonly DecodedPoint[],
  invocations: readonly NamedInvocation[],
): string {
  // Times of records are cut to the millisecond, so the starts they are compared with have to be as well.
  const starts = invocations.map(({ result }) => Math.floor(result.startedAt));
  const columns = Array.from({ length: starts.length + 1 }, (_, i) => i);
  const names = [...new Set(points.flatMap(({ fields }) => [...fields.keys()]))].sort();
  const rows = names.map((name) => {
    const cells = columns.map(() => NaN);
    let sum = 0;
    for (const { fields, timeNs } of points) {
      if (!fields.has(name)) continue;
      const column = starts.filter((start) => start <= Number(timeNs / 1_000_000n)).length;
      const value = Number(fields.get(name));
      cells[column] = (cells[column] || 0) + value;
      sum += value;
    }
    return [name, sum, ...cells.map((cell) => Number.isNaN(cell) ? "" : cell)];
  });
  const right = { align: "right" } as const;
  return formatTable(
    [{ title: "field" }, { title: "sum", ...right }, ...columns.map((i) => ({ title: String(i), ...right }))],
    rows,
  );
}

/** One row per point with all its fields. */
export function pointTable(points: readonly DecodedPoint[]): string {
  return formatTable(
    [{ title: "time" }, { title: "measurement" }, { title: "tags and fields", maxWidth: 140 }],
    points.map(({ timeNs, measurement, tags, fields }) => [
      clockTime(timeNs),
      measurement,
      [...tags, ...fields].map(([name, value]) => `${name}=${showValue(value)}`).join(" "),
    ]),
  );
}

/** One row per log line. */
export function logTable(points: readonly DecodedPoint[]): string {
  return formatTable(
    [{ title: "time" }, { title: "status" }, { title: "request" }, { title: "message", maxWidth: 76 }],
    points.map(({ timeNs, fields, tags }) => [
      clockTime(timeNs),
      showValue(fields.get("status") ?? tags.get("status") ?? ""),
      showValue(fields.get("aws_request_id") ?? "").slice(0, 8),
      showValue(fields.get("message") ?? ""),
    ]),
  );
}

/** One row per upload. */
export function uploadTable(dataway: Pick<DatawayDouble, "requests">): string {
  const right = { align: "right" } as const;
  return formatTable(
    [
      { title: "upload" },
      { title: "status", ...right },
      { title: "points", ...right },
      { title: "raw bytes", ...right },
      { title: "wire bytes", ...right },
    ],
    dataway.requests.map(({ path, status, points, rawBytes, wireBytes }) => [
      path,
      status === 0 ? "none" : status,
      points.length,
      rawBytes,
      wireBytes,
    ]),
  );
}

/** Tags that all of these points share. */
export function commonTags(points: readonly DecodedPoint[]): ReadonlyMap<string, string> {
  const [first, ...others] = points;
  const shared = [...first?.tags ?? []].filter(([key, value]) =>
    others.every((point) => point.tags.get(key) === value)
  );
  return new Map(shared);
}

/** Without the tags all of them share. */
export function withoutTags(
  points: readonly DecodedPoint[],
  shared: ReadonlyMap<string, string>,
): readonly DecodedPoint[] {
  return points.map((point) => ({
    ...point,
    tags: new Map([...point.tags].filter(([key]) => !shared.has(key))),
  }));
}

function clockTime(timeNs: bigint): string {
  return new Date(Number(timeNs / 1_000_000n)).toISOString().slice(11, 23);
}

function showValue(value: unknown): string {
  return typeof value === "object" && value !== null ? "[…]" : String(value);
}
