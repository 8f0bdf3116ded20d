/** The platform's spans as Guance's points: category tracing, measurement `awslambda`, times in µs. */
import type { PointDraft } from "../../point/point.ts";

/** What a span is called: DataKit's and Datadog's names where they have one. */
export type Operation =
  | "aws.lambda"
  | "aws.lambda.cold_start"
  | "aws.lambda.init.runtime"
  | "aws.lambda.init.extensions"
  | "aws.lambda.snapstart_restore"
  | "aws.lambda.response_latency"
  | "aws.lambda.response"
  | "aws.lambda.runtime_overhead"
  | "aws.lambda.extension_overhead";

/** One span, complete. */
export interface PlatformSpan {
  readonly operation: Operation;
  readonly traceId: string;
  readonly spanId: string;
  /** `0`: it has none. */
  readonly parentId: string;
  /** Unix time in nanoseconds. */
  readonly startNs: bigint;
  readonly durationMs: number;
  readonly error?: SpanError | undefined;
  /** What there is to say of it besides, in its message. */
  readonly meta: ReadonlyMap<string, string>;
  /** The same as fields of its own, to be looked for. */
  readonly fields?: readonly (readonly [string, string])[];
  readonly tags?: readonly (readonly [string, string])[];
}

/** Why a span's status is `error`. */
export interface SpanError {
  readonly type?: string | undefined;
  readonly message?: string | undefined;
  readonly stack?: string | undefined;
}

/** What all spans of a sandbox share. */
export interface SpanIdentity {
  readonly service: string;
  /** The function's name, with the version if that is a published one. */
  readonly resource: string;
}

const NO_PARENT = "0";

/** The span's point, before the rules. */
export function spanToDraft(span: PlatformSpan, identity: SpanIdentity): PointDraft {
  const { operation, error, meta } = span;
  const isEntry = span.parentId === NO_PARENT;
  const fields: [string, string | bigint][] = [
    ["trace_id", span.traceId],
    ["span_id", span.spanId],
    ["parent_id", span.parentId],
    ["resource", identity.resource],
    ["start", span.startNs / 1000n],
    ["duration", BigInt(Math.round(span.durationMs * 1000))],
    [
      "message",
      JSON.stringify({ meta: Object.fromEntries(meta), metrics: { duration_ms: span.durationMs } }),
    ],
  ];
  for (const [key, value] of span.fields ?? []) fields.push([key, value]);
  if (error?.type !== undefined) fields.push(["error_type", error.type]);
  if (error?.message !== undefined) fields.push(["error_message", error.message]);
  if (error?.stack !== undefined) fields.push(["error_stack", error.stack]);
  return {
    category: "tracing",
    measurement: "awslambda",
    tags: [
      ["service", identity.service],
      ["operation", operation],
      ["source", "awslambda"],
      ["span_type", isEntry ? "entry" : "local"],
      ["source_type", "custom"],
      ["status", error === undefined ? "ok" : "error"],
      ...span.tags ?? [],
    ],
    fields,
    timeNs: span.startNs,
  };
}
