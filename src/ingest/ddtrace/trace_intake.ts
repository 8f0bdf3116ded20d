/**
 * All of the receiver that the first request loads: a cold start that traces nothing does not pay for it. From the
 * bytes of a request to points, and the spans of invocations.
 */
import type { DdtraceConfig } from "../../config/ddtrace.ts";
import type { FinishedInvocation, ReceiverContext, RefusalReason } from "../../pipeline/receiver.ts";
import { createTimeSlice } from "../../time_slice.ts";
import { type Chunk, createChunk } from "./chunk.ts";
import { decodeTraces, describeDecodeError, toMsgpack } from "./decode.ts";
import type { TraceVersion } from "./routes.ts";
import type { DecodeContext } from "./decode_context.ts";
import { readInvocationReport } from "./invocation_report.ts";
import { spanIdText, traceIdText } from "./id_text.ts";
import { createInvocationSpans } from "./invocation_spans.ts";
import { createMsgpackCursor } from "./msgpack_cursor.ts";
import { createChunkWriter } from "./chunk_writer.ts";
import { hex16 } from "./span.ts";
import type { TraceContext } from "./trace_context.ts";

/** One request's payload. */
export interface TracePayload {
  readonly version: TraceVersion;
  readonly bytes: Uint8Array;
  /** Who sent it. */
  readonly remoteIp: string;
  /** The tracer's language and version where only headers tell them; empty when unknown. */
  readonly language: string;
  readonly tracerVersion: string;
}

/** The work behind the routes. */
export interface TraceIntake {
  /**
   * Takes a payload: `undefined`, or why it could not be read to its end. Traces that were whole by then are kept:
   * a client that sends them again finds them known.
   */
  readonly take: (payload: TracePayload) => Promise<string | undefined>;
  /** An invocation starts: returns the headers that tell the library of its trace context. */
  readonly startInvocation: (
    headers: Headers,
    event: Uint8Array,
  ) => Promise<Readonly<Record<string, string>>>;
  /** An invocation ends. */
  readonly endInvocation: (headers: Headers, result: Uint8Array) => void;
  readonly invocationDone: (invocation: FinishedInvocation) => void;
  readonly collect: () => void;
  /** Loads and runs once what {@link startInvocation} and {@link endInvocation} need, with nothing told by it. */
  readonly warmUp: () => Promise<void>;
}

const REQUEST_ID = "lambda-runtime-aws-request-id";
/** For code that has not run yet: most of its first run is compiling. */
const SAMPLE_EVENT = new TextEncoder().encode(JSON.stringify({
  version: "2.0",
  rawPath: "/",
  rawQueryString: "",
  headers: { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" },
  requestContext: { domainName: "a.b", http: { method: "GET", path: "/1" }, stage: "s", timeEpoch: 1 },
}));
const SAMPLE_RESULT = new TextEncoder().encode('{"statusCode":200}');
/** Chunks kept for requests to come: two at once is much. */
const KEPT_CHUNKS = 2;

/** An intake with nothing under way. */
export function createTraceIntake(config: DdtraceConfig, context: ReceiverContext): TraceIntake {
  const { refuse, now } = context;
  const invocations = createInvocationSpans({
    emit: (span) => chunks.writeOwn(span),
    now,
    randomId,
    service: config.service,
    functionName: config.functionName,
  });
  const chunks = createChunkWriter({ config, intake: context, now, claim: invocations.claim });
  const free: Chunk[] = [];

  async function take(payload: TracePayload): Promise<string | undefined> {
    const chunk = free.pop() ?? createChunk(chunks.filter);
    try {
      return await takeWith(chunk, payload);
    } finally {
      chunk.release();
      if (free.length < KEPT_CHUNKS) free.push(chunk);
    }
  }

  async function takeWith(chunk: Chunk, payload: TracePayload): Promise<string | undefined> {
    const decoding = await beginDecoding(chunk, payload);
    if (typeof decoding === "string") {
      refuse("malformed");
      return decoding;
    }
    const error = await decodeTraces(payload.version, decoding);
    const lost: readonly (readonly [RefusalReason, number])[] = [
      ["malformed", decoding.malformed + (error === undefined ? 0 : Math.max(1, decoding.unread))],
      ["too_large", decoding.tooMany],
    ];
    for (const [reason, count] of lost) if (count > 0) refuse(reason, count);
    if (error !== undefined || decoding.broken === "" || decoding.spansLeft < config.maxSpans) return error;
    return `Cannot decode traces as ${decoding.broken}`;
  }

  async function beginDecoding(chunk: Chunk, payload: TracePayload): Promise<DecodeContext | string> {
    const slice = createTimeSlice(context.isFilling);
    let bytes: Uint8Array;
    try {
      bytes = await toMsgpack(payload.version, payload.bytes, slice);
    } catch (error) {
      return describeDecodeError(error);
    }
    const decoding: DecodeContext = {
      cursor: createMsgpackCursor(bytes),
      slice,
      chunk,
      write: (form, decorate) => chunks.write(decoding, form, payload, decorate),
      spansLeft: config.maxSpans,
      malformed: 0,
      broken: "",
      tooMany: 0,
      unread: 0,
    };
    return decoding;
  }

  /** The trace of an invocation whose span is still to come. */
  function tellTrace(requestId: string, found: TraceContext, inferredId: bigint | undefined): void {
    const { mapping } = config;
    const high = found.traceIdHigh === 0n ? "" : hex16(found.traceIdHigh);
    context.invocationSpan?.({
      requestId,
      traceId: traceIdText(mapping, found.traceId, high),
      spanId: undefined,
      parentId: spanIdText(mapping, inferredId ?? found.parentId),
    });
  }

  return {
    take,
    startInvocation: async (headers, event) => {
      const { readStart } = await import("./start_invocation.ts");
      const { context: found, inference } = await readStart(headers, event, {
        settings: config.inferredSpans,
        randomId,
      });
      const requestId = headers.get(REQUEST_ID) ?? "";
      invocations.started(requestId, found, inference);
      if (found === undefined) return {};
      tellTrace(requestId, found, inference?.parentId);
      return answerOf(found, inference?.parentId);
    },
    endInvocation: (headers, result) =>
      invocations.ended(headers.get(REQUEST_ID) ?? "", readInvocationReport(headers, result)),
    invocationDone: invocations.finished,
    collect: invocations.collect,
    warmUp: async () => {
      const { readStart } = await import("./start_invocation.ts");
      const headers = new Headers();
      const { context: found } = await readStart(headers, SAMPLE_EVENT, {
        settings: config.inferredSpans,
        randomId,
      });
      if (found !== undefined) answerOf(found, undefined);
      readInvocationReport(headers, SAMPLE_RESULT);
    },
  };
}

/** `inferredId`: of the span that stands between the context's and the invocation's. */
function answerOf(
  { traceId, traceIdHigh, parentId, priority = 1 }: TraceContext,
  inferredId: bigint | undefined,
): Readonly<Record<string, string>> {
  const causeId = inferredId ?? parentId;
  return {
    "x-datadog-trace-id": traceId.toString(),
    ...(causeId === 0n ? {} : { "x-datadog-parent-id": causeId.toString() }),
    "x-datadog-sampling-priority": String(priority),
    ...(traceIdHigh === 0n ? {} : { "x-datadog-tags": `_dd.p.tid=${hex16(traceIdHigh)}` }),
  };
}

/** 63 bits, as tracers make them, for those that read ids as signed. */
function randomId(): bigint {
  const [random = 0n] = crypto.getRandomValues(new BigUint64Array(1));
  return BigInt.asUintN(63, random) || 1n;
}
