/** All there is to see of one invocation. */
import { logsOf } from "./logs.ts";
import { CHART_INVOCATIONS, metricsOf } from "./metrics.ts";
import { pointsOf } from "./points.ts";
import type { RunLog } from "./run_log.ts";
import { spansOf, traceIdOf } from "./spans.ts";
import type { InvocationDetail } from "./state.ts";
import type { DatawayWatch, SentPoint } from "./watch_dataway.ts";
import type { SandboxWatch, WatchedLine } from "./watch_sandbox.ts";

/** Longer payloads are cut, in characters. */
const MAX_PAYLOAD_CHARS = 100_000;

export interface Watches {
  readonly log: RunLog;
  readonly sandbox: SandboxWatch;
  readonly dataway: DatawayWatch;
}

/** `undefined` when there is no such invocation. */
export function detailOf({ log, sandbox, dataway }: Watches, n: number): InvocationDetail | undefined {
  const invocation = sandbox.byNumber(n);
  if (invocation === undefined) return undefined;
  const { startedAt, tags } = log.head;
  const { row } = invocation;
  const points = dataway.of(n);
  const history: (readonly SentPoint[])[] = [];
  for (let k = Math.max(1, n - CHART_INVOCATIONS + 1); k <= n; k++) history.push(dataway.of(k));
  const start = log.rows("start").findLast((candidate) => candidate.t <= row.t + row.run);
  const until = sandbox.byNumber(n + 1)?.row.t ?? Infinity;
  return {
    n,
    trace: traceIdOf(points),
    spans: spansOf(invocation, points, start, startedAt),
    logs: logsOf(linesBetween(sandbox.lines, row.t, until), points, row.t, startedAt),
    metrics: metricsOf(history, tags),
    points: pointsOf(points, dataway.uploads),
    event: cut(invocation.payload),
    response: cut(invocation.result?.response ?? ""),
  };
}

/** Numbers of the invocations whose lines or log points hold the text, in any case. */
export function searchLogs({ sandbox, dataway }: Watches, text: string): readonly number[] {
  const query = text.toLowerCase();
  const found = new Set<number>();
  for (const line of sandbox.lines) {
    if (line.source !== "platform" && line.text.toLowerCase().includes(query)) {
      found.add(sandbox.at(line.t)?.row.n ?? 0);
    }
  }
  for (const { row: { n } } of sandbox.invocations) {
    if (found.has(n)) continue;
    const isIn = dataway.of(n).some(({ point }) =>
      point.category === "logging" && String(point.fields.get("message")).toLowerCase().includes(query)
    );
    if (isIn) found.add(n);
  }
  found.delete(0);
  return [...found].toSorted((a, b) => a - b);
}

function cut(text: string): string {
  return text.length > MAX_PAYLOAD_CHARS
    ? `${text.slice(0, MAX_PAYLOAD_CHARS)}… (${text.length} characters)`
    : text;
}

function linesBetween(lines: readonly WatchedLine[], from: number, until: number): readonly WatchedLine[] {
  let [low, high] = [0, lines.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((lines[middle]?.t ?? Infinity) < from) low = middle + 1;
    else high = middle;
  }
  const found: WatchedLine[] = [];
  for (let i = low; i < lines.length; i++) {
    const line = lines[i];
    if (line === undefined || line.t >= until) break;
    found.push(line);
  }
  return found;
}
