/** Decides which spans are kept, each for itself where the tracer's decision is its own. */
import type { DdtraceSampling } from "../../config/ddtrace.ts";
import type { ChunkFacts } from "./chunk.ts";
import type { Chunk, DdSpan } from "./span.ts";

/** Why a span is not kept; `undefined` when it is. */
export type Rejection = "sampled_out" | "filtered" | undefined;

/** A span that the single-span rules of the tracer chose out of a rejected trace. */
const SINGLE_SPAN_MECHANISM = 8;
/** The tracers' own traffic with the extension and the platform, which no user asked to see. */
const OWN_TRAFFIC =
  /^http:\/\/(127\.0\.0\.1|localhost):(8124|8126|9001)\/|\/2018-06-01\/runtime\/invocation\/next$/;

/** Judges the spans of one chunk. */
export function createSampler(
  sampling: DdtraceSampling,
): (chunk: Chunk, facts: ChunkFacts) => (span: DdSpan) => Rejection {
  const { ratio, keepRejected, closedResources, omittedStatusCodes } = sampling;

  function isClosed(chunk: Chunk, facts: ChunkFacts): boolean {
    if (closedResources.size === 0 && omittedStatusCodes.size === 0) return false;
    return chunk.some((span) => {
      const status = span.meta.get("http.status_code");
      if (status !== undefined && omittedStatusCodes.has(status)) return true;
      return facts.spanType(span) === "entry" && matches(span.service, span.resource);
    });
  }

  function matches(service: string, resource: string): boolean {
    for (const key of [service, "*"]) {
      if (closedResources.get(key)?.some((pattern) => pattern.test(resource))) return true;
    }
    return false;
  }

  /** Whether the ratio drops this trace: the same answer in every service and for every part of it. */
  function isOutOfRatio(chunk: Chunk, span: DdSpan): boolean {
    if (ratio >= 1 || span.traceId % 10_000n < BigInt(Math.floor(ratio * 10_000))) return false;
    return !chunk.some((other) =>
      other.error !== 0 || other.meta.get("_dd.origin") === "rum" || priorityOf(other) === 2
    );
  }

  return (chunk, facts) => {
    const first = chunk[0];
    if (isClosed(chunk, facts)) return () => "filtered";
    if (first !== undefined && isOutOfRatio(chunk, first)) return () => "sampled_out";
    return (span) => {
      const url = span.meta.get("http.url");
      if (url !== undefined && OWN_TRAFFIC.test(url)) return "filtered";
      if (keepRejected || (priorityOf(span) ?? facts.priority ?? 1) > 0) return undefined;
      return span.metrics.get("_dd.span_sampling.mechanism") === SINGLE_SPAN_MECHANISM
        ? undefined
        : "sampled_out";
    };
  };
}

function priorityOf(span: DdSpan): number | undefined {
  return span.metrics.get("_sampling_priority_v1");
}
