/**
 * Decides which spans are kept: filters in DataKit's order (closed resources, then errors pass all that follows), and
 * the tracer's own decision, which each span may have for itself.
 */
import type { DdtraceSampling } from "../../config/ddtrace.ts";
import { createTraceRatio } from "../../pipeline/trace_ratio.ts";
import { type Chunk, isText, type TraceFilter } from "./chunk.ts";
import { clip, clippableText } from "./json_writer.ts";
import { sourceTypeOf } from "./source_types.ts";
import type { WireSpan } from "./wire_span.ts";

/** Why a span is not kept; `undefined` when it is. */
export type Rejection = "sampled_out" | "filtered" | undefined;

/** Judges the spans of a chunk: for all of them first, then one by one. */
export interface Sampler {
  /** `filter` sees all spans of a chunk. */
  readonly filter: TraceFilter | undefined;
  rejectionOfAll(chunk: Chunk): Rejection;
  rejectionOf(chunk: Chunk, index: number): Rejection;
}

const STATUS_CODE = new TextEncoder().encode("http.status_code");

/** A sampler by the settings. */
export function createSampler(sampling: DdtraceSampling): Sampler {
  const { ratio, keepRejected } = sampling;
  const isWithinRatio = createTraceRatio(ratio);
  return {
    filter: createFilter(sampling),
    rejectionOfAll: (chunk) => {
      if (chunk.isClosed) return "filtered";
      if (chunk.hasError) return undefined;
      if (chunk.isOmitted) return "filtered";
      if (ratio >= 1 || chunk.isRum || chunk.isUserKeep) return undefined;
      // The same answer in every service and for every part of the trace.
      return isWithinRatio(chunk.firstTraceId()) ? undefined : "sampled_out";
    },
    rejectionOf: (chunk, index) => {
      if (keepRejected || chunk.hasError) return undefined;
      const priority = chunk.priorityOf(index) ?? chunk.priority ?? 1;
      return priority > 0 || chunk.isSingleSpan(index) ? undefined : "sampled_out";
    },
  };
}

function createFilter({ closedResources, omittedStatusCodes }: DdtraceSampling): TraceFilter | undefined {
  if (closedResources.size === 0 && omittedStatusCodes.size === 0) return undefined;
  return {
    isClosed: ({ service, resource }) => {
      if (closedResources.size === 0) return false;
      const name = clippableText(service.bytes, service.from, service.to);
      const text = oneLine(clippableText(resource.bytes, resource.from, resource.to));
      return [name, "*"].some((key) => closedResources.get(key)?.some((pattern) => pattern.test(text)));
    },
    isOmitted: (span) =>
      omittedStatusCodes.size > 0 && sourceTypeOf(span.type) === "web" &&
      omittedStatusCodes.has(httpStatusCode(span)),
  };
}

/** A resource as it is stored: one line of bounded length. */
export function oneLine(resource: string): string {
  return clip(resource).replace(/[\r\n]+/g, " ");
}

/** The status of an HTTP span, which some tracers send as a number; empty without one. */
function httpStatusCode(span: WireSpan): string {
  const { bytes, meta, metaCount, metricKeys, metricValues, metricCount, extraMeta } = span;
  for (let i = 0; i < 4 * metaCount; i += 4) {
    if (isText(bytes, meta[i] ?? 0, meta[i + 1] ?? 0, STATUS_CODE)) {
      return clippableText(bytes, meta[i + 2] ?? 0, meta[i + 3] ?? 0);
    }
  }
  for (let i = 0; i < metricCount; i++) {
    if (isText(bytes, metricKeys[2 * i] ?? 0, metricKeys[2 * i + 1] ?? 0, STATUS_CODE)) {
      return String(metricValues[i]);
    }
  }
  const extra = extraMeta.indexOf("http.status_code");
  return extra >= 0 && extra % 2 === 0 ? extraMeta[extra + 1] ?? "" : "";
}
