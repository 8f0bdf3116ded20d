/** What an emulated life looked like, as tables for people. */
import type { DatawayDouble, ReceivedPoint } from "./dataway.ts";
import type { InvokeResult } from "./invocation.ts";
import type { Lambda } from "./lambda.ts";
import { formatTable, median, showMb, showMs } from "./tables.ts";

/** One invocation with what it was meant to show. */
export interface NamedInvocation {
  readonly name: string;
  readonly result: InvokeResult;
}

/** One start of an extension; times since its execution, in ms. */
export interface Startup {
  readonly by: string;
  readonly registerMs: number | undefined;
  readonly subscribeMs: number | undefined;
  readonly firstNextMs: number | undefined;
}

/** Every start of every extension, in order. */
export function startupsOf(lambda: Pick<Lambda, "calls">): readonly Startup[] {
  return lambda.calls.flatMap((exec, index) => {
    if (exec.call !== "exec" || exec.by === "function") return [];
    const own = lambda.calls.slice(index + 1).filter(({ by }) => by === exec.by);
    const life = own.slice(0, own.findIndex(({ call }) => call === "exec") >>> 0);
    const since = (call: string): number | undefined => {
      const found = life.find((entry) => entry.call === call);
      return found === undefined ? undefined : found.at - exec.at;
    };
    return [{
      by: exec.by,
      registerMs: since("register"),
      subscribeMs: since("telemetry"),
      firstNextMs: since("next"),
    }];
  });
}

/** One row per invocation. */
export function invocationTable(invocations: readonly NamedInvocation[]): string {
  const right = { align: "right" } as const;
  return formatTable(
    [
      { title: "#", ...right },
      { title: "invocation", maxWidth: 34 },
      { title: "status" },
      { title: "caller got", maxWidth: 34 },
      { title: "answer ms", ...right },
      { title: "total ms", ...right },
      { title: "extension hold ms", ...right },
      { title: "billed ms", ...right },
    ],
    invocations.map(({ name, result }, index) => [
      index + 1,
      name,
      result.errorType ?? result.status,
      result.response,
      showMs(result.callerMs),
      showMs(result.durationMs),
      showMs(result.extensionHoldMs),
      result.billedDurationMs,
    ]),
  );
}

/** One row per field, one column per invocation (0: before the first), by the points' own times. */
export function fieldTable(
  points: readonly ReceivedPoint[],
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
export function pointTable(points: readonly ReceivedPoint[]): string {
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
export function logTable(points: readonly ReceivedPoint[]): string {
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

/** Tags that all of these points share. */
export function commonTags(points: readonly ReceivedPoint[]): ReadonlyMap<string, string> {
  const [first, ...others] = points;
  const shared = [...first?.tags ?? []].filter(([key, value]) =>
    others.every((point) => point.tags.get(key) === value)
  );
  return new Map(shared);
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

/** Without the tags all of them share. */
export function withoutTags(
  points: readonly ReceivedPoint[],
  shared: ReadonlyMap<string, string>,
): readonly ReceivedPoint[] {
  return points.map((point) => ({
    ...point,
    tags: new Map([...point.tags].filter(([key]) => !shared.has(key))),
  }));
}

/** One row per kind of API call. */
export function callTable(lambda: Pick<Lambda, "calls">): string {
  const kinds = Map.groupBy(
    lambda.calls.filter(({ call }) => call !== "exec"),
    ({ by, call, status }) => `${by}\0${call}\0${status ?? "open"}`,
  );
  const right = { align: "right" } as const;
  return formatTable(
    [{ title: "by" }, { title: "call" }, { title: "answer" }, { title: "times", ...right }],
    [...kinds].map(([kind, calls]) => [...kind.split("\0"), calls.length]),
  );
}

/** How telemetry was taken. */
export function deliveryTable(lambda: Pick<Lambda, "deliveries">): string {
  const right = { align: "right" } as const;
  const byName = Map.groupBy(lambda.deliveries, ({ name }) => name);
  return formatTable(
    [
      { title: "subscriber" },
      { title: "posts", ...right },
      { title: "bytes", ...right },
      { title: "refused", ...right },
      { title: "median ms", ...right },
      { title: "slowest ms", ...right },
    ],
    [...byName].map(([name, posts]) => [
      name,
      posts.length,
      posts.reduce((sum, { bytes }) => sum + bytes, 0),
      posts.filter(({ result }) => !result.ok).length,
      showMs(median(posts.map(({ tookMs }) => tookMs))),
      showMs(Math.max(...posts.map(({ tookMs }) => tookMs))),
    ]),
  );
}

/** Where time went. */
export function timeTable(lambda: Lambda, invocations: readonly NamedInvocation[]): string {
  const rows: (readonly string[])[] = startupsOf(lambda).flatMap((startup, index) => [
    [`start ${index + 1}: exec to register`, showMs(startup.registerMs)],
    [`start ${index + 1}: exec to subscription`, showMs(startup.subscribeMs)],
    [`start ${index + 1}: exec to first next`, showMs(startup.firstNextMs)],
  ]);
  const holds = invocations.flatMap(({ result }) => result.extensionHoldMs ?? []);
  if (holds.length > 0) {
    rows.push(["runtime done to next: least", showMs(Math.min(...holds))]);
    rows.push(["runtime done to next: median", showMs(median(holds))]);
    rows.push(["runtime done to next: most", showMs(Math.max(...holds))]);
  }
  return formatTable([{ title: "time" }, { title: "ms", align: "right" }], rows);
}

/** Where memory went. */
export function memoryTable(memory: ReturnType<Lambda["memory"]>): string {
  const right = { align: "right" } as const;
  return formatTable(
    [
      { title: "process" },
      { title: "resident MB", ...right },
      { title: "of it its own MB", ...right },
      { title: "peak MB", ...right },
    ],
    [...memory].map(([name, { residentBytes, anonymousBytes, peakBytes }]) => [
      name,
      showMb(residentBytes),
      showMb(anonymousBytes),
      showMb(peakBytes),
    ]),
  );
}

function clockTime(timeNs: bigint): string {
  return new Date(Number(timeNs / 1_000_000n)).toISOString().slice(11, 23);
}

function showValue(value: unknown): string {
  return typeof value === "object" && value !== null ? "[…]" : String(value);
}
