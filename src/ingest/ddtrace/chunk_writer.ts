/** Chunks of spans to points: what the tracer and the user drop is counted, the rest is written one by one. */
import type { DdtraceConfig } from "../../config/ddtrace.ts";
import type { Intake } from "../../pipeline/receiver.ts";
import { type Chunk, createChunk, isText, type TraceFilter } from "./chunk.ts";
import type { DecodeContext } from "./decode_context.ts";
import { spanIdText, traceIdText } from "./id_text.ts";
import { createMsgpackCursor } from "./msgpack_cursor.ts";
import { pack } from "./msgpack_writer.ts";
import { normalizeSpan } from "./normalize_span.ts";
import { createRecentSpans } from "./recent_spans.ts";
import { createSampler, type Rejection } from "./sampler.ts";
import { type DdSpan, readSpan, toWire } from "./span.ts";
import type { SpanForm } from "./span_form.ts";
import { createSpanWriter } from "./span_writer.ts";
import { createV04Form } from "./spans_v04.ts";
import { addExtraMeta, type TextSlice, type WireSpan } from "./wire_span.ts";

/** What a request tells of its spans, besides the payload. */
export interface Sender {
  readonly remoteIp: string;
  readonly language: string;
  readonly tracerVersion: string;
}

/** Writes chunks. */
export interface ChunkWriter {
  /** Sees all spans of a chunk, where the settings want that. */
  readonly filter: TraceFilter | undefined;
  /** Writes the chunk that was read; `decorate` adds what its payload says of each span. */
  write(
    decoding: DecodeContext,
    form: SpanForm,
    sender: Sender,
    decorate?: (span: WireSpan, index: number) => void,
  ): Promise<void>;
  /** Writes a span made here. */
  writeOwn(span: DdSpan): void;
}

export interface ChunkWriterOptions {
  readonly config: DdtraceConfig;
  readonly intake: Intake;
  /** Unix time in ms. */
  readonly now: () => number;
  /** Sees spans of invocations first; true: it is taken care of. May name it anew. */
  readonly claim: (span: DdSpan) => boolean;
}

/** Why spans of a chunk were not written. */
interface Losses {
  duplicate: number;
  filtered: number;
  sampled_out: number;
}

const LOOPBACK = "127.0.0.1";

/** A writer that has seen no span yet. */
export function createChunkWriter({ config, intake, now, claim }: ChunkWriterOptions): ChunkWriter {
  const isKnown = createRecentSpans();
  const sampler = createSampler(config.sampling);
  const spans = createSpanWriter(intake, config.mapping);
  const ownChunk = createChunk(sampler.filter);

  async function write(
    decoding: DecodeContext,
    form: SpanForm,
    sender: Sender,
    decorate?: (span: WireSpan, index: number) => void,
  ): Promise<void> {
    const { chunk, slice } = decoding;
    const rejection = sampler.rejectionOfAll(chunk);
    const losses: Losses = { duplicate: 0, filtered: 0, sampled_out: 0 };
    for (let i = 0; i < chunk.count; i++) {
      if (slice.isOver()) await slice.pause();
      const span = chunk.kept(i) ?? await readAgain(decoding, form, i);
      chunk.applyTraceId(span, i);
      decorate?.(span, i);
      if (i === 0) {
        addExtraMeta(span, "language", sender.language);
        addExtraMeta(span, "tracer_version", sender.tracerVersion);
      }
      if (isClaimed(span)) continue;
      const reason = isRepeated(chunk, span, i) ? "duplicate" : reasonAgainst(chunk, span, i, rejection);
      if (reason === undefined) writeSpan(chunk, span, i, form, sender.remoteIp);
      else if (reason !== "sampled_out" || intake.sampledOut === undefined) losses[reason]++;
      else intake.sampledOut(() => writeSpan(chunk, span, i, form, sender.remoteIp));
    }
    count(losses);
  }

  /** Decodes a span anew that was not kept. */
  async function readAgain(
    { cursor, chunk, slice }: DecodeContext,
    form: SpanForm,
    index: number,
  ): Promise<WireSpan> {
    const place = cursor.at;
    cursor.at = chunk.placeOf(index);
    form.begin(chunk.spare);
    while (!form.readSome()) if (slice.isOver()) await slice.pause();
    cursor.at = place;
    return chunk.spare;
  }

  function isRepeated(chunk: Chunk, span: WireSpan, index: number): boolean {
    return !chunk.isUnfinished(index) && isKnown(span);
  }

  /** Why a span of a chunk is not kept; it is ready to be written otherwise, or if it may yet be wanted. */
  function reasonAgainst(chunk: Chunk, span: WireSpan, index: number, ofAll: Rejection): Rejection {
    if (ofAll === "filtered" || (ofAll !== undefined && intake.sampledOut === undefined)) return ofAll;
    spans.prepare(span);
    return spans.isOwnTraffic() ? "filtered" : ofAll ?? sampler.rejectionOf(chunk, index);
  }

  function writeSpan(chunk: Chunk, span: WireSpan, index: number, form: SpanForm, remoteIp: string): void {
    normalizeSpan(span, now());
    spans.write(chunk, index, form, remoteIp);
    if (intake.invocationSpan !== undefined && isOfInvocation(span)) tellInvocation(chunk, span, index);
  }

  function tellInvocation(chunk: Chunk, span: WireSpan, index: number): void {
    const { meta, traceId, spanId, parentId } = readSpan(span);
    const requestId = meta.get("request_id");
    if (requestId === undefined) return;
    const { mapping } = config;
    const high = chunk.hasUpperHalf(index) ? new TextDecoder().decode(chunk.upperHalf) : "";
    intake.invocationSpan?.({
      requestId,
      traceId: traceIdText(mapping, traceId, high),
      spanId: spanIdText(mapping, spanId),
      parentId: spanIdText(mapping, parentId),
    });
  }

  function count({ duplicate, filtered, sampled_out }: Losses): void {
    if (duplicate > 0) intake.refuse("duplicate", duplicate);
    if (filtered > 0) intake.refuse("filtered", filtered);
    if (sampled_out > 0) intake.refuse("sampled_out", sampled_out);
  }

  /** Whether a span of an invocation is taken care of; it may have another name afterwards. */
  function isClaimed(span: WireSpan): boolean {
    if (!isOfInvocation(span)) return false;
    const known = readSpan(span);
    const { name, resource } = known;
    if (claim(known)) return true;
    if (known.name !== name) setText(span.name, known.name);
    if (known.resource !== resource) setText(span.resource, known.resource);
    return false;
  }

  function writeOwn(span: DdSpan): void {
    const cursor = createMsgpackCursor(pack(toWire(span)));
    const form = createV04Form(cursor);
    const own = ownChunk.next();
    ownChunk.clear();
    form.begin(own);
    while (!form.readSome());
    ownChunk.add(own, 0);
    const losses: Losses = { duplicate: 0, filtered: 0, sampled_out: 0 };
    const reason = reasonAgainst(ownChunk, own, 0, sampler.rejectionOfAll(ownChunk));
    if (reason === undefined) writeSpan(ownChunk, own, 0, form, LOOPBACK);
    else if (reason !== "sampled_out" || intake.sampledOut === undefined) losses[reason]++;
    else intake.sampledOut(() => writeSpan(ownChunk, own, 0, form, LOOPBACK));
    count(losses);
    ownChunk.release();
  }

  return { filter: sampler.filter, write, writeOwn };
}

const INVOCATION_NAMES = ["aws.lambda", "dd-tracer-serverless-span"].map((name) =>
  new TextEncoder().encode(name)
);

/** Whether the span's name or resource is one that the spans of invocations have. */
function isOfInvocation({ name, resource }: WireSpan): boolean {
  return INVOCATION_NAMES.some((text) =>
    isText(name.bytes, name.from, name.to, text) || isText(resource.bytes, resource.from, resource.to, text)
  );
}

function setText(slice: TextSlice, text: string): void {
  slice.bytes = new TextEncoder().encode(text);
  slice.from = 0;
  slice.to = slice.bytes.length;
}
