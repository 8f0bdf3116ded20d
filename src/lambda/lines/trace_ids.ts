/** Trace and span ids that a line names itself, under the names of OpenTelemetry, Datadog, ECS, X-Ray and W3C. */

/** Ids as the line writes them, X-Ray's as the 32 digits that traces have. */
export interface TraceIds {
  readonly traceId: string | undefined;
  readonly spanId: string | undefined;
}

const NO_IDS: TraceIds = { traceId: undefined, spanId: undefined };

/** Hexadecimal of 16 or 32 digits, or a decimal number of Datadog's; never only zeros. */
const ID = /^(?!0+$)(?:[\da-f]{16}|[\da-f]{32}|\d{5,20})$/i;
/** `1-6aa29bbf-2f0b1d6e5a4c3b2a19080706`, alone or as `Root=…;Parent=…;Sampled=1`. */
const XRAY = /^(?:Root=)?1-([\da-f]{8})-([\da-f]{24})(?:;|$)/i;
const TRACEPARENT = /\b[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-[\da-f]{2}\b/;
/** `dd.trace_id=1 dd.span_id=2`, `trace_id=… span_id=…`, `traceId=…`, quoted or not. */
const TRACE_IN_TEXT = /(?:^|[\s[{(,.])(?:dd\.)?trace_?id["']?\s*[=:]\s*["']?([\da-f]{5,32})(?![\w-])/i;
const SPAN_IN_TEXT = /(?:^|[\s[{(,.])(?:dd\.)?span_?id["']?\s*[=:]\s*["']?([\da-f]{5,20})(?![\w-])/i;

/** The id a value holds; `undefined` when it holds none. */
export function toTraceId(value: unknown): string | undefined {
  const id = typeof value === "string"
    ? value
    : typeof value === "number" || typeof value === "bigint"
    ? String(value)
    : "";
  if (ID.test(id)) return id;
  const xray = id.length > 34 ? XRAY.exec(id) : null;
  return xray === null ? undefined : `${xray[1]}${xray[2]}`;
}

/** The ids of a `traceparent`. */
export function readTraceparent(value: unknown): TraceIds {
  const found = typeof value === "string" ? TRACEPARENT.exec(value) : null;
  return found === null ? NO_IDS : { traceId: toTraceId(found[1]), spanId: toTraceId(found[2]) };
}

/** The ids in a text line. */
export function readTraceIds(text: string): TraceIds {
  // Nearly all lines end here.
  if (!text.includes("race")) return NO_IDS;
  const traceId = toTraceId(TRACE_IN_TEXT.exec(text)?.[1]);
  if (traceId === undefined) return text.includes("traceparent") ? readTraceparent(text) : NO_IDS;
  return { traceId, spanId: toTraceId(SPAN_IN_TEXT.exec(text)?.[1]) };
}
