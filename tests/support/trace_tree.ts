/** Spans and the logs that belong to them, as a tree of text: what the golden files of traces hold. */
import type { Point } from "../../src/point/point.ts";

export interface TreeOptions {
  /** The time that starts are told from, Unix time in ms; without it neither starts nor durations are told. */
  readonly baseMs?: number;
}

/** One span, as its point has it. */
interface Span {
  readonly traceId: string;
  readonly id: string;
  readonly parentId: string;
  readonly line: string;
  readonly startUs: number;
}

/**
 * All traces, each with its spans below their parents and the logs below the span they name. Ids are told by numbers in
 * the order in which they appear: `trace 1`. A parent that did not arrive is told as such.
 */
export function traceTree(points: readonly Point[], options: TreeOptions = {}): string {
  const spans = latest(
    points.filter(({ category }) => category === "tracing").map((each) => spanOf(each, options)),
  );
  const logs = points.filter(({ category }) => category === "logging");
  const traces = [...new Set([...spans.map(({ traceId }) => traceId), ...logs.map(traceOfLog)])];
  const lines: string[] = [];
  for (const [index, trace] of traces.entries()) {
    lines.push(trace === "" ? "no trace" : `trace ${index + 1}`);
    const inTrace = spans.filter(({ traceId }) => traceId === trace);
    const ids = new Set(inTrace.map(({ id }) => id));
    const write = (span: Span, depth: number): void => {
      lines.push(`${"  ".repeat(depth)}${span.line}`);
      writeLogs(span.id, depth + 1);
      for (const child of inTrace) if (child.parentId === span.id) write(child, depth + 1);
    };
    const writeLogs = (spanId: string, depth: number): void => {
      for (const log of logs) {
        if (traceOfLog(log) !== trace || textOf(log, "span_id") !== spanId) continue;
        lines.push(`${"  ".repeat(depth)}log ${JSON.stringify(textOf(log, "message").split("\n")[0])}`);
      }
    };
    for (const span of inTrace) {
      if (span.parentId === "0") write(span, 1);
      else if (!ids.has(span.parentId)) {
        lines.push(`  (parent ${span.parentId} elsewhere)`);
        write(span, 2);
      }
    }
    for (const spanId of new Set(logs.map((log) => textOf(log, "span_id")))) {
      if (!ids.has(spanId)) writeLogs(spanId, 1);
    }
  }
  return `${lines.join("\n")}\n`;
}

/** Of points with one id the last: it takes the place of those before. */
function latest(spans: readonly Span[]): readonly Span[] {
  const byId = new Map<string, Span>();
  for (const span of spans) byId.set(`${span.traceId}|${span.id}`, span);
  return [...byId.values()].sort((a, b) => a.startUs - b.startUs);
}

function spanOf(point: Point, { baseMs }: TreeOptions): Span {
  const { tags, fields } = point;
  const startUs = Number(fields.get("start"));
  const times = baseMs === undefined
    ? ""
    : ` ${startUs / 1000 - baseMs}+${Number(fields.get("duration")) / 1000} ms`;
  const more = ["error_type", "error_message", "durable_execution_name", "durable_execution_id"].flatMap((
    key,
  ) => fields.has(key) ? [` ${key}=${JSON.stringify(fields.get(key))}`] : []);
  const stack = fields.has("error_stack") ? [" error_stack"] : [];
  const cold = tags.has("faas_coldstart") ? [` coldstart=${tags.get("faas_coldstart")}`] : [];
  return {
    traceId: textOf(point, "trace_id"),
    id: textOf(point, "span_id"),
    parentId: textOf(point, "parent_id"),
    startUs,
    line: [
      `${tags.get("operation") ?? fields.get("resource")}${times} ${tags.get("status")}`,
      ...cold,
      ...more,
      ...stack,
    ].join(""),
  };
}

function traceOfLog(log: Point): string {
  return textOf(log, "trace_id");
}

function textOf({ fields }: Point, key: string): string {
  const value = fields.get(key);
  return typeof value === "string" ? value : "";
}
