import type { DdSpan } from "./span.ts";

interface Seen {
  readonly traceId: bigint;
  readonly startNs: bigint;
}

/** Spans kept in mind: some 2 MB when full, several invocations of most functions. */
const MAX_SPANS = 16_384;

/**
 * Knows spans sent again: clients repeat a request whose answer a freeze or a short timeout has cost them.
 * Forgets the oldest beyond a fixed number.
 * @see `spec/ingest.md` T11
 */
export function createRecentSpans(maxSpans = MAX_SPANS): (span: DdSpan) => boolean {
  const seen = new Map<bigint, Seen>();

  /** Whether this span came before; remembers it. */
  return (span) => {
    if (isUnfinished(span)) return false;
    const { spanId, traceId, startNs } = span;
    const earlier = seen.get(spanId);
    if (earlier !== undefined && earlier.traceId === traceId && earlier.startNs === startNs) return true;
    if (earlier === undefined && seen.size >= maxSpans) {
      for (const oldest of seen.keys()) {
        seen.delete(oldest);
        break;
      }
    }
    seen.set(spanId, { traceId, startNs });
    return false;
  };
}

/** A long-running span is sent over and over while it grows. */
function isUnfinished({ metrics }: DdSpan): boolean {
  return metrics.has("_dd.partial_version") || metrics.has("_dd.was_long_running");
}
