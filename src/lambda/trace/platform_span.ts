/** The platform's spans, before they have the form of anybody. */
import type { DurableExecution } from "../durable_execution.ts";

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
  readonly meta: Readonly<Record<string, string>>;
  /** Of the invocation's own span. */
  readonly invocation?: InvocationFacts | undefined;
}

/** What an invocation's own span can be looked for by, as its logs can. */
export interface InvocationFacts {
  readonly requestId: string;
  readonly coldStart: boolean;
  readonly durable: DurableExecution | undefined;
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
