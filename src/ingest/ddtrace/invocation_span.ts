/** Builds the span of one invocation from all that is known of it. */
import type { FinishedInvocation } from "../../pipeline/receiver.ts";
import type { InvocationReport } from "./invocation_report.ts";
import { type DdSpan, emptySpan, hex16, setMissing } from "./span.ts";
import type { TraceContext } from "./trace_context.ts";

/** What libraries told of an invocation so far. Times are ours, Unix ms. */
export interface InvocationRecord {
  readonly requestId: string;
  readonly startedAt: number;
  context?: TraceContext;
  report?: InvocationReport;
  endedAt?: number;
  /** What the tracer sent in this span's stead: the user's tags are on it. */
  placeholder?: DdSpan;
  /** The tracer sent the invocation's span itself. */
  hasOwnRoot?: boolean;
}

export interface InvocationSpanOptions {
  readonly now: () => number;
  /** A random unsigned 64-bit id that is not 0. */
  readonly randomId: () => bigint;
  readonly service: string;
  readonly functionName: string;
}

/** The span `aws.lambda`; without `invocation` its times are by our clock. */
export function buildInvocationSpan(
  record: InvocationRecord,
  invocation: FinishedInvocation | undefined,
  options: InvocationSpanOptions,
): DdSpan {
  const { report, placeholder } = record;
  const span = emptySpan();
  for (const [key, text] of placeholder?.meta ?? []) span.meta.set(key, text);
  for (const [key, number] of placeholder?.metrics ?? []) span.metrics.set(key, number);
  const service = placeholder?.service ?? "";
  span.service = service === "" || service === "aws.lambda" ? options.service : service;
  span.name = "aws.lambda";
  span.resource = options.functionName;
  span.type = "serverless";
  setIds(span, record, options.randomId);
  setTimes(span, record, invocation, options.now);
  setError(span, report, invocation);
  const requestId = record.requestId === "" ? invocation?.requestId ?? "" : record.requestId;
  setMissing(span, "request_id", requestId);
  setMissing(span, "span.kind", "server");
  setMissing(span, "_dd.origin", record.context?.origin ?? "lambda");
  if (invocation !== undefined) setMissing(span, "cold_start", String(invocation.coldStart));
  if (report?.httpStatus !== undefined) setMissing(span, "http.status_code", String(report.httpStatus));
  const priority = report?.priority ?? span.metrics.get("_sampling_priority_v1") ?? record.context?.priority;
  if (priority !== undefined) span.metrics.set("_sampling_priority_v1", priority);
  return span;
}

function setIds(span: DdSpan, record: InvocationRecord, randomId: () => bigint): void {
  const { report, context, placeholder } = record;
  span.traceId = report?.traceId ?? context?.traceId ?? placeholder?.traceId ?? randomId();
  span.spanId = report?.spanId ?? placeholder?.spanId ?? randomId();
  span.parentId = context !== undefined && context.traceId === span.traceId
    ? context.parentId
    : report?.parentId ?? placeholder?.parentId ?? 0n;
  // Go's library, told no parent, names the trace itself.
  if (span.parentId === span.traceId || span.parentId === span.spanId) span.parentId = 0n;
  const fromContext = context?.traceId === span.traceId ? context.traceIdHigh : 0n;
  const high = report !== undefined && report.traceIdHigh !== 0n ? report.traceIdHigh : fromContext;
  if (high !== 0n) span.meta.set("_dd.p.tid", hex16(high));
}

function setTimes(
  span: DdSpan,
  record: InvocationRecord,
  invocation: FinishedInvocation | undefined,
  now: () => number,
): void {
  if (invocation !== undefined) {
    span.startNs = invocation.startNs;
    span.durationNs = BigInt(Math.round(Math.max(0, invocation.durationMs) * 1e6));
    return;
  }
  const durationMs = Math.max(0, (record.endedAt ?? now()) - record.startedAt);
  span.startNs = BigInt(Math.trunc(record.startedAt)) * 1_000_000n;
  span.durationNs = BigInt(Math.round(durationMs * 1e6));
}

function setError(
  span: DdSpan,
  report: InvocationReport | undefined,
  invocation: FinishedInvocation | undefined,
): void {
  const error = report?.error;
  const status = invocation?.status ?? "success";
  const isFailed = report?.error !== undefined || status !== "success" || (report?.httpStatus ?? 0) >= 500;
  span.error = isFailed ? 1 : 0;
  if (!isFailed) return;
  if (error?.message) span.meta.set("error.message", error.message);
  const type = error?.type || invocation?.errorType || (status === "success" ? "" : status);
  if (type !== "") span.meta.set("error.type", type);
  if (error?.stack) span.meta.set("error.stack", error.stack);
}
