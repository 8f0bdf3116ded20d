/** The trace of one invocation: the platform's own spans and those that arrived, in one tree. */
import type { SpanDetail } from "./state.ts";
import { SPAN_SOURCES } from "./state.ts";
import type { SentPoint } from "./watch_dataway.ts";
import type { WatchedInvocation } from "./watch_sandbox.ts";
import type { StartRow } from "./state.ts";

interface Draft {
  readonly id: string;
  readonly parentId: string;
  readonly span: Omit<SpanDetail, "parent">;
}

const [PLATFORM, OTLP, DDTRACE, EXTENSION] = SPAN_SOURCES.keys();
/** Ids of ours, which no tracer can have. */
const INVOCATION = "invocation";
const INIT = "init";

/** Parents stand before their children, siblings in order of time. `start` is that of its life, if it was cold. */
export function spansOf(
  invocation: WatchedInvocation,
  points: readonly SentPoint[],
  start: StartRow | undefined,
  startedAt: number,
): readonly SpanDetail[] {
  const beginsAt = startedAt + invocation.row.t;
  const received = points.flatMap(({ point }) =>
    point.category === "tracing" ? toDraft(point, beginsAt) : []
  );
  return arrange([...platformSpans(invocation, start), ...received]);
}

/** The id most spans share. */
export function traceIdOf(points: readonly SentPoint[]): string {
  const counts = new Map<string, number>();
  for (const { point } of points) {
    const id = point.category === "tracing" ? point.fields.get("trace_id") : undefined;
    if (typeof id === "string") counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return [...counts].toSorted(([, a], [, b]) => b - a)[0]?.[0] ?? "";
}

function platformSpans({ row, result }: WatchedInvocation, start: StartRow | undefined): readonly Draft[] {
  const drafts: Draft[] = [];
  const add = (id: string, parentId: string, name: string, source: number, t: number, d: number): void => {
    const error = id === INVOCATION && row.status !== "ok" && row.status !== "running";
    drafts.push({ id, parentId, span: { name, source, t, d, error } });
  };
  const shift = row.inside === 1 ? row.init : 0;
  if (start !== undefined && row.init > 0) {
    // A sandbox may stand ready for a long time before its first request: such a start is shown as it was, but beside.
    const t = row.inside === 1 ? 0 : Math.max(start.t - row.t, -row.init - 1);
    add(INIT, "", "init", PLATFORM ?? 0, t, row.init);
    if (start.extensionReadyMs >= 0) {
      add(
        "extension ready",
        INIT,
        "extension ready",
        EXTENSION ?? 0,
        t,
        Math.min(start.extensionReadyMs, row.init),
      );
    }
  }
  add(INVOCATION, "", "invocation", PLATFORM ?? 0, shift, row.run - shift + row.hold);
  if (row.hold > 0) add("hold", INVOCATION, "extension hold", EXTENSION ?? 0, row.run, row.hold);
  if (result?.reset !== undefined) {
    add("reset", "", `reset: ${result.reset.reason}`, PLATFORM ?? 0, row.run, result.reset.tookMs);
  }
  return drafts;
}

function toDraft(point: SentPoint["point"], beginsAt: number): readonly Draft[] {
  const { fields, tags, measurement, timeNs } = point;
  const text = (key: string): string => String(fields.get(key) ?? tags.get(key) ?? "");
  const isDatadog = measurement === "ddtrace" || text("source") === "ddtrace";
  const startUs = Number(fields.get("start") ?? timeNs / 1000n);
  const source = isDatadog ? DDTRACE : measurement.startsWith("awslambda") ? PLATFORM : OTLP;
  return [{
    id: canonicalId(text("span_id"), isDatadog),
    parentId: canonicalId(text("parent_id"), isDatadog),
    span: {
      name: text("resource") || text("operation") || measurement,
      source: source ?? 0,
      t: tenths(startUs / 1000 - beginsAt),
      d: tenths(Number(fields.get("duration") ?? 0) / 1000),
      error: text("status") === "error",
    },
  }];
}

/** Datadog writes ids in decimal and OpenTelemetry in hexadecimal; they may be parents of each other. */
function canonicalId(id: string, isDecimal: boolean): string {
  if (isDecimal && /^\d+$/.test(id)) return BigInt(id).toString(16).padStart(16, "0");
  return id.padStart(16, "0");
}

/** Depth first. What has no parent here hangs under the invocation, or stands alone when it came before. */
function arrange(drafts: readonly Draft[]): readonly SpanDetail[] {
  const byId = new Map(drafts.map((draft) => [draft.id, draft]));
  const children = Map.groupBy(drafts, (draft) => {
    if (draft.id === INVOCATION || draft.id === INIT || draft.id === "reset") return undefined;
    const parent = byId.get(draft.parentId);
    return parent === undefined || parent === draft ? byId.get(INVOCATION) : parent;
  });
  const spans: SpanDetail[] = [];
  const placed = new Set<Draft>();
  const place = (draft: Draft, parent: number): void => {
    if (placed.has(draft)) return;
    placed.add(draft);
    const index = spans.length;
    spans.push({ ...draft.span, parent });
    for (const child of inOrder(children.get(draft) ?? [])) place(child, index);
  };
  for (const root of children.get(undefined) ?? []) place(root, -1);
  // Parents that are each other's: shown all the same.
  for (const draft of drafts) place(draft, -1);
  return spans;
}

function inOrder(drafts: readonly Draft[]): readonly Draft[] {
  return drafts.toSorted((a, b) => a.span.t - b.span.t || b.span.d - a.span.d);
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10;
}
