/** From the bytes of one request to points: decode, mend, judge, map, hand on. */
import type { DdtraceConfig } from "../../config/ddtrace.ts";
import type { Intake, RefusalReason } from "../../pipeline/receiver.ts";
import type { Point } from "../../point/point.ts";
import { chunkFacts, mendSpan } from "./chunk.ts";
import { decodeTraces, type TraceVersion } from "./decode.ts";
import type { DecodeContext } from "./decode_context.ts";
import { createRecentSpans } from "./recent_spans.ts";
import { createSampler } from "./sampler.ts";
import type { Chunk, DdSpan } from "./span.ts";
import { spanToPoint } from "./span_to_point.ts";

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

/** Takes spans in. */
export interface TraceIntake {
  /**
   * Takes a payload: `undefined`, or why it could not be read to its end. Traces that were whole by then are kept:
   * a client that sends them again finds them known.
   */
  readonly take: (payload: TracePayload) => string | undefined;
  /** Takes a span made here. */
  readonly takeOwn: (span: DdSpan) => void;
}

export interface TraceIntakeOptions extends Pick<Intake, "consume" | "refuse"> {
  readonly config: DdtraceConfig;
  /** Unix time in ms. */
  readonly now: () => number;
  /** Sees each span first; true: it is taken care of. */
  readonly claim: (span: DdSpan) => boolean;
}

const LOOPBACK = "127.0.0.1";
/** Points are handed on in groups, so that the store's bound holds within a payload too. */
const GROUP_SIZE = 256;

/** An intake; remembers recent spans. */
export function createTraceIntake(options: TraceIntakeOptions): TraceIntake {
  const { config, consume, refuse, now, claim } = options;
  const isKnown = createRecentSpans();
  const judge = createSampler(config.sampling);

  function takeChunk(chunk: Chunk, remoteIp: string, claimed: (span: DdSpan) => boolean): void {
    const facts = chunkFacts(chunk);
    const rejectionOf = judge(chunk, facts);
    const counts = new Map<RefusalReason, number>();
    const nowNs = BigInt(Math.trunc(now())) * 1_000_000n;
    let points: Point[] = [];
    for (const span of chunk) {
      if (claimed(span)) continue;
      const rejection = isKnown(span) ? "duplicate" : rejectionOf(span);
      if (rejection !== undefined) {
        counts.set(rejection, (counts.get(rejection) ?? 0) + 1);
        continue;
      }
      mendSpan(span, nowNs);
      let isTrimmed = false;
      const point = spanToPoint(span, facts, config.mapping, remoteIp, () => void (isTrimmed = true));
      const loss = point === undefined ? "malformed" : isTrimmed ? "trimmed" : undefined;
      if (loss !== undefined) counts.set(loss, (counts.get(loss) ?? 0) + 1);
      if (point === undefined) continue;
      if (points.push(point) >= GROUP_SIZE) {
        consume(points);
        points = [];
      }
    }
    if (points.length > 0) consume(points);
    for (const [reason, count] of counts) refuse(reason, count);
  }

  return {
    take: ({ version, bytes, remoteIp, language, tracerVersion }) => {
      const context: DecodeContext = {
        chunk: (chunk) => {
          const first = chunk[0];
          if (language !== "" && first?.meta.has("language") === false) first.meta.set("language", language);
          if (tracerVersion !== "" && first?.meta.has("tracer_version") === false) {
            first.meta.set("tracer_version", tracerVersion);
          }
          takeChunk(chunk, remoteIp, claim);
        },
        spansLeft: config.maxSpans,
        malformed: 0,
        tooMany: 0,
        unread: 0,
      };
      const error = decodeTraces(version, bytes, context);
      const malformed = context.malformed + (error === undefined ? 0 : Math.max(1, context.unread));
      if (malformed > 0) refuse("malformed", malformed);
      if (context.tooMany > 0) refuse("too_large", context.tooMany);
      return error;
    },
    takeOwn: (span) => takeChunk([span], LOOPBACK, () => false),
  };
}
