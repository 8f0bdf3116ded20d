/**
 * Decides which spans are kept: filters in DataKit's order (closed resources, then errors pass all that follows), and
 * the tracer's own decision, which each span may have for itself.
 */
import type { DdtraceSampling } from "../../config/ddtrace.ts";
import { createTraceRatio } from "../trace_ratio.ts";
import type { ChunkFacts } from "./chunk.ts";
import type { Chunk, DdSpan } from "./span.ts";
import { httpStatusCode, resourceText, sourceType } from "./span_to_point.ts";

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
  const isWithinRatio = createTraceRatio(ratio);

  function isClosed(chunk: Chunk): boolean {
    if (closedResources.size === 0) return false;
    return chunk.some((span) =>
      [span.service, "*"].some((service) =>
        closedResources.get(service)?.some((pattern) => pattern.test(resourceText(span)))
      )
    );
  }

  function isOmitted(chunk: Chunk): boolean {
    if (omittedStatusCodes.size === 0) return false;
    return chunk.some((span) =>
      sourceType(span.type) === "web" && omittedStatusCodes.has(httpStatusCode(span) ?? "")
    );
  }

  /** Whether the ratio drops this trace: the same answer in every service and for every part of it. */
  function isOutOfRatio(chunk: Chunk, span: DdSpan): boolean {
    if (isWithinRatio(span.traceId)) return false;
    return !chunk.some((other) => other.meta.get("_dd.origin") === "rum" || priorityOf(other) === 2);
  }

  return (chunk, facts) => {
    if (isClosed(chunk)) return () => "filtered";
    const isFailed = chunk.some((span) => span.error !== 0);
    if (!isFailed && isOmitted(chunk)) return () => "filtered";
    const first = chunk[0];
    if (!isFailed && first !== undefined && isOutOfRatio(chunk, first)) return () => "sampled_out";
    return (span) => {
      const url = span.meta.get("http.url");
      if (url !== undefined && OWN_TRAFFIC.test(url)) return "filtered";
      if (keepRejected || isFailed || (priorityOf(span) ?? facts.priority ?? 1) > 0) return undefined;
      return span.metrics.get("_dd.span_sampling.mechanism") === SINGLE_SPAN_MECHANISM
        ? undefined
        : "sampled_out";
    };
  };
}

function priorityOf(span: DdSpan): number | undefined {
  return span.metrics.get("_sampling_priority_v1");
}
