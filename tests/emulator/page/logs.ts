/** The log of one invocation in the order of time: the function's lines, the platform's, and what came by OTLP. */
import { type LogDetail, type LogLevel } from "./state.ts";
import { type SentPoint, showValue } from "./watch_dataway.ts";
import type { WatchedLine } from "./watch_sandbox.ts";

/** Log points that were made of the function's own lines, which are shown as they were written. */
const LINE_MEASUREMENT = "awslambda-logging";
/** As the runtimes of Node.js (`time id LEVEL text`) and Python (`[LEVEL] time id text`) write a line. */
const RUNTIME_LINE = /^(?:\S+Z\t\S+\t([A-Z]+)\t|\[([A-Z]+)\]\t\S+Z\t\S+\t)([^]*)$/;
/** Longer lines are cut: the page has to stay quick. */
const MAX_CHARS = 256 * 1024;

/** `t` of the invocation's start in ms since the run's; lines up to the next one's. */
export function logsOf(
  lines: readonly WatchedLine[],
  points: readonly SentPoint[],
  t: number,
  startedAt: number,
): readonly LogDetail[] {
  const statuses = new Map<string, LogLevel>();
  const others: LogDetail[] = [];
  for (const { point } of points) {
    if (point.category !== "logging") continue;
    const message = showValue(point.fields.get("message") ?? "");
    const level = levelOf(showValue(point.fields.get("status") ?? point.tags.get("status") ?? ""));
    if (point.measurement === LINE_MEASUREMENT) {
      statuses.set(message, level);
      continue;
    }
    const at = Number(point.timeNs / 100_000n) / 10 - startedAt - t;
    others.push({ t: tenths(at), level, text: cut(message), source: point.measurement });
  }
  const own = lines.flatMap((line): LogDetail[] => {
    if (line.source === "platform" && !/Task timed out|Error|error/.test(line.text)) return [];
    const read = readLine(line.text);
    // The extension's verdict, if it sent the line; else what the line says.
    const told = statuses.get(read.message) ?? statuses.get(line.text);
    const level = line.source === "platform" ? "error" : told ?? read.level;
    const source = line.source === "function" ? "" : line.source;
    return [{ t: tenths(line.t - t), level, text: cut(read.message), source }];
  });
  return [...own, ...others].toSorted((a, b) => a.t - b.t);
}

/** A line of JSON says its level and message itself, and so do the formats of Lambda's runtimes. */
function readLine(text: string): { readonly level: LogLevel; readonly message: string } {
  if (text.startsWith("{")) {
    try {
      const { level, message, msg } = JSON.parse(text);
      const said = message ?? msg;
      if (typeof said === "string") return { level: levelOf(String(level ?? "")), message: said };
    } catch {
      // No JSON: a line like any other.
    }
  }
  const [, node, python, message = text] = RUNTIME_LINE.exec(text) ?? [];
  return { level: levelOf(node ?? python ?? ""), message };
}

function levelOf(word: string): LogLevel {
  const lower = word.toLowerCase();
  if (/^(error|fatal|critical|emerg|alert)/.test(lower)) return "error";
  if (/^warn/.test(lower)) return "warning";
  return /^(debug|trace)/.test(lower) ? "debug" : "info";
}

function cut(text: string): string {
  return text.length > MAX_CHARS ? `${text.slice(0, MAX_CHARS)}… (${text.length} characters)` : text;
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10;
}
