/** What can only be said of a span by looking at the spans it came with. */
import { parseEventsTag, parseLinksTag } from "./decode_json.ts";
import { type Chunk, type DdSpan, hex16 } from "./span.ts";

/** A span's place in the part of the trace that came: as DataKit's tag `span_type` has it. */
export type SpanType = "entry" | "local" | "exit";

/** Facts of a whole chunk. */
export interface ChunkFacts {
  /** Upper half of the trace id as 16 lower hex digits; empty for 64-bit ids. */
  readonly traceIdHigh: string;
  /** The lower half that {@link traceIdHigh} belongs to. */
  readonly traceId: bigint;
  /** Sampling priority for spans without their own. */
  readonly priority: number | undefined;
  readonly spanType: (span: DdSpan) => SpanType;
}

/** A start before this is no time: 2000-01-01 in ns, as the agent has it. */
const MIN_START_NS = 946_684_800_000_000_000n;
/** A start may be this far ahead of our clock, in ns. */
const MAX_AHEAD_NS = 3_600_000_000_000n;

/** Looks through a chunk. Any span may carry what holds for all of them. */
export function chunkFacts(chunk: Chunk): ChunkFacts {
  let traceIdHigh = "";
  let traceId = 0n;
  let priority: number | undefined;
  const services = new Map<bigint, string>();
  const parents = new Set<bigint>();
  for (const span of chunk) {
    services.set(span.spanId, span.service);
    parents.add(span.parentId);
    priority ??= span.metrics.get("_sampling_priority_v1");
    if (traceIdHigh !== "") continue;
    const high = span.meta.get("_dd.p.tid");
    if (high === undefined || !isUpperHalf(high)) continue;
    traceIdHigh = high.toLowerCase();
    traceId = span.traceId;
  }
  const spanType = (span: DdSpan): SpanType => {
    if (span.parentId === 0n || services.get(span.parentId) !== span.service) return "entry";
    return parents.has(span.spanId) ? "local" : "exit";
  };
  return { traceIdHigh, traceId, priority, spanType };
}

/** The whole trace id as 32 hex digits, or `undefined` when it has 64 bits. */
export function traceId128(span: DdSpan, facts: ChunkFacts): string | undefined {
  const joined = facts.traceIdHigh !== "" && span.traceId === facts.traceId;
  return joined ? facts.traceIdHigh + hex16(span.traceId) : undefined;
}

/** Mends what a tracer sent: times that cannot be, and links and events hidden in tags. `nowNs` is Unix time. */
export function mendSpan(span: DdSpan, nowNs: bigint): void {
  if (span.durationNs < 0n) span.durationNs = 0n;
  if (span.startNs < MIN_START_NS) span.startNs = nowNs - span.durationNs;
  if (span.startNs < MIN_START_NS) span.startNs = nowNs;
  if (span.startNs > nowNs + MAX_AHEAD_NS) span.startNs = nowNs + MAX_AHEAD_NS;

  const links = span.meta.get("_dd.span_links");
  if (links !== undefined) {
    // Go sends both.
    span.links ??= parseLinksTag(links);
    if (span.links !== undefined) span.meta.delete("_dd.span_links");
  }
  const events = span.events === undefined ? span.meta.get("events") : undefined;
  const parsedEvents = events === undefined ? undefined : parseEventsTag(events);
  if (parsedEvents !== undefined) {
    span.events = parsedEvents;
    span.meta.delete("events");
  }
}

function isUpperHalf(text: string): boolean {
  return /^[0-9a-f]{16}$/i.test(text) && text !== "0000000000000000";
}
