/**
 * The span of each invocation, for the libraries that leave it to the extension (Go, Java, .NET, Ruby): they report
 * its start and end and send a placeholder in its stead.
 */
import type { FinishedInvocation } from "../../pipeline/receiver.ts";
import type { InvocationReport } from "./invocation_report.ts";
import { httpStatusOf } from "./http_status.ts";
import { type DdSpan, emptySpan, hex16, setMissing } from "./span.ts";
import type { TraceContext } from "./trace_context.ts";
import type { Inference } from "./triggers/inferred_spans.ts";

/** Follows invocations by what libraries and the platform say of them. Request ids may be empty: not all tell. */
export interface InvocationSpans {
  readonly started: (
    requestId: string,
    context: TraceContext | undefined,
    inference?: Inference | undefined,
  ) => void;
  readonly ended: (requestId: string, report: InvocationReport) => void;
  /** Takes a placeholder out of what tracers sent; true when it is to be dropped. Learns which root spans are sent. */
  readonly claim: (span: DdSpan) => boolean;
  /** The platform's word, with which the span is complete. */
  readonly finished: (invocation: FinishedInvocation) => void;
  /** At a flush: emits invocations that ended a while ago, of which the platform has not said so. */
  readonly collect: () => void;
}

export interface InvocationSpansOptions {
  readonly emit: (span: DdSpan) => void;
  /** Unix time in ms. */
  readonly now: () => number;
  /** A random unsigned 64-bit id that is not 0. */
  readonly randomId: () => bigint;
  readonly service: string;
  readonly functionName: string;
}

/** What libraries told of an invocation so far. Times are ours, Unix ms. */
interface InvocationRecord {
  readonly requestId: string;
  readonly startedAt: number;
  context?: TraceContext;
  /** What its event tells of who called the function. */
  inference?: Inference;
  report?: InvocationReport;
  endedAt?: number;
  /** What the tracer sent in this span's stead: the user's tags are on it. */
  placeholder?: DdSpan;
  /** The span of the invocation that the tracer sent itself. */
  ownRoot?: DdSpan;
}

const PLACEHOLDER = "dd-tracer-serverless-span";
const ROOT_NAME = "aws.lambda";
/** Invocations followed at once: a managed instance runs 1,600 side by side at most. */
const MAX_RECORDS = 2_000;
/** No invocation is longer: 90 minutes, on managed instances. In ms. */
const MAX_INVOCATION_MS = 5_400_000 + 10_000;
/**
 * So long after the library's word a flush no longer waits for the platform's, which tells of a cold start and the whole
 * time. At the end of the sandbox it has told of all. In ms.
 */
const PLATFORM_DELAY_MS = 3_000;
/** The platform's times are cut to the millisecond, and its clock need not be quite ours. In ms. */
const CLOCK_SLACK_MS = 100;

/** A follower of invocations without any yet. */
export function createInvocationSpans(options: InvocationSpansOptions): InvocationSpans {
  const { emit, now } = options;
  const records = new Map<string, InvocationRecord>();
  let isUsed = false;

  function add(requestId: string): InvocationRecord {
    isUsed = true;
    finish(requestId, undefined);
    const oldest = records.keys().next();
    if (records.size >= MAX_RECORDS && !oldest.done) finish(oldest.value, undefined);
    const record: InvocationRecord = { requestId, startedAt: now() };
    records.set(requestId, record);
    return record;
  }

  /** The record a caller means: by request id, else the one without, else the latest still open. */
  function find(requestId: string): InvocationRecord | undefined {
    const exact = records.get(requestId) ?? records.get("");
    if (exact !== undefined || requestId !== "") return exact;
    return [...records.values()].findLast((record) => record.report === undefined);
  }

  function finish(key: string, invocation: FinishedInvocation | undefined): void {
    const record = records.get(key);
    if (record === undefined) return;
    records.delete(key);
    const { ownRoot, context, inference } = record;
    const span = ownRoot ?? buildInvocationSpan(record, invocation, options);
    const isInferred = inference?.parentId !== undefined &&
      (ownRoot === undefined || ownRoot.parentId === inference.parentId);
    // Who was told of the inferred span names it as the cause of its own: what lies before it is the context's parent.
    const ownCauseId = context?.traceId === span.traceId ? context.parentId : 0n;
    const causeId = span.parentId === inference?.parentId ? ownCauseId : span.parentId;
    const before = isInferred ? inference.spansBefore(span, causeId) : [];
    before.forEach(emit);
    if (ownRoot === undefined) emit(span);
  }

  function findForSpan(span: DdSpan): InvocationRecord | undefined {
    const requestId = span.meta.get("request_id");
    if (requestId !== undefined) return find(requestId);
    const all = [...records.values()];
    return all.find((record) => record.report?.spanId === span.spanId) ??
      all.findLast((record) => record.placeholder === undefined);
  }

  return {
    started: (requestId, context, inference) => {
      const record = add(requestId);
      if (context !== undefined) record.context = context;
      if (inference !== undefined) record.inference = inference;
    },
    ended: (requestId, report) => {
      const record = find(requestId) ?? add(requestId);
      record.report = report;
      record.endedAt = now();
    },
    claim: (span) => {
      const isPlaceholder = span.resource === PLACEHOLDER || span.name === PLACEHOLDER;
      if (!isPlaceholder && span.name !== ROOT_NAME) return false;
      const record = findForSpan(span);
      if (!isPlaceholder) {
        if (record !== undefined && span.meta.has("request_id")) record.ownRoot = span;
        return false;
      }
      if (record !== undefined) record.placeholder ??= span;
      if (isUsed) return true;
      // Nobody reports invocations, so nothing will replace it: it is the best root there is.
      span.name = ROOT_NAME;
      span.resource = options.functionName;
      return false;
    },
    finished: (invocation) => {
      const record = records.get(invocation.requestId) ?? records.get("");
      if (record === undefined) return;
      // A retry has its predecessor's request id, and may have begun before the platform told the other's end.
      const endedAt = Number(invocation.startNs) / 1e6 + invocation.durationMs;
      if (endedAt + CLOCK_SLACK_MS >= record.startedAt) finish(record.requestId, invocation);
    },
    collect: () => {
      for (const [key, record] of [...records]) {
        const isUntold = record.endedAt !== undefined && now() - record.endedAt > PLATFORM_DELAY_MS;
        if (isUntold || now() - record.startedAt > MAX_INVOCATION_MS) {
          finish(key, undefined);
        }
      }
    },
  };
}

/** The span `aws.lambda`; without `invocation` its times are by our clock. */
function buildInvocationSpan(
  record: InvocationRecord,
  invocation: FinishedInvocation | undefined,
  options: InvocationSpansOptions,
): DdSpan {
  const { report, placeholder, inference } = record;
  const httpStatus = httpStatusOf(report, invocation, inference?.http);
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
  setError(span, report, invocation, httpStatus);
  const requestId = record.requestId === "" ? invocation?.requestId ?? "" : record.requestId;
  setMissing(span, "request_id", requestId);
  setMissing(span, "span.kind", "server");
  setMissing(span, "_dd.origin", record.context?.origin ?? "lambda");
  if (invocation !== undefined) setMissing(span, "cold_start", String(invocation.coldStart));
  if (httpStatus !== undefined) setMissing(span, "http.status_code", String(httpStatus));
  for (const [name, text] of inference?.tags ?? []) setMissing(span, name, text);
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
  httpStatus: number | undefined,
): void {
  const error = report?.error;
  const status = invocation?.status ?? "success";
  const isFailed = report?.error !== undefined || status !== "success" || (httpStatus ?? 0) >= 500;
  span.error = isFailed ? 1 : 0;
  if (!isFailed) return;
  if (error?.message) span.meta.set("error.message", error.message);
  const type = error?.type || invocation?.errorType || (status === "success" ? "" : status);
  if (type !== "") span.meta.set("error.type", type);
  if (error?.stack) span.meta.set("error.stack", error.stack);
}
