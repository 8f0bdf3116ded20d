/**
 * A span of an invocation: those that are made here, and those that tracers send in their stead. They are few, so texts
 * and big integers do.
 */
import { toBigInt } from "./int64.ts";
import { clippableText, MAX_CLIPPABLE_BYTES } from "./json_writer.ts";
import { keyText, MAX_MESSAGE_BYTES } from "./span_form.ts";
import type { TextSlice, WireSpan } from "./wire_span.ts";

/** One span. Ids are unsigned 64-bit; `traceId` holds the lower half of a 128-bit id. Times in ns. */
export interface DdSpan {
  service: string;
  name: string;
  resource: string;
  type: string;
  traceId: bigint;
  spanId: bigint;
  /** 0 for a root. */
  parentId: bigint;
  startNs: bigint;
  durationNs: bigint;
  /** Nonzero means failed. */
  error: number;
  readonly meta: Map<string, string>;
  readonly metrics: Map<string, number>;
}

/** Bytes of tags that are read: no message has room for a quarter of them. */
const MAX_TAG_TEXT_BYTES = 4 * MAX_MESSAGE_BYTES;

/** A span with nothing in it. */
export function emptySpan(): DdSpan {
  return {
    service: "",
    name: "",
    resource: "",
    type: "",
    traceId: 0n,
    spanId: 0n,
    parentId: 0n,
    startNs: 0n,
    durationNs: 0n,
    error: 0,
    meta: new Map(),
    metrics: new Map(),
  };
}

/** A decoded span. */
export function readSpan(wire: WireSpan): DdSpan {
  const span = emptySpan();
  span.service = textOf(wire.service);
  span.name = textOf(wire.name);
  span.resource = textOf(wire.resource);
  span.type = textOf(wire.type);
  span.traceId = unsigned(wire.traceLow, wire.traceHigh);
  span.spanId = unsigned(wire.spanLow, wire.spanHigh);
  span.parentId = unsigned(wire.parentLow, wire.parentHigh);
  span.startNs = toBigInt(wire.startLow, wire.startHigh);
  span.durationNs = toBigInt(wire.durationLow, wire.durationHigh);
  span.error = wire.error;
  const { bytes, meta, metaCount, metricKeys, metricValues, metricCount } = wire;
  let room = MAX_TAG_TEXT_BYTES;
  for (let i = 0; i < 4 * metaCount; i += 4) {
    const [keyFrom = 0, keyTo = 0, from = 0, to = 0] = meta.subarray(i, i + 4);
    const size = Math.min(keyTo - keyFrom, MAX_MESSAGE_BYTES) + Math.min(to - from, MAX_CLIPPABLE_BYTES);
    if (size > room) continue;
    room -= size;
    span.meta.set(keyText(bytes, keyFrom, keyTo), clippableText(bytes, from, to));
  }
  for (let i = 0; i < wire.extraMeta.length; i += 2) {
    setMissing(span, wire.extraMeta[i] ?? "", wire.extraMeta[i + 1] ?? "");
  }
  for (let i = 0; i < metricCount; i++) {
    const from = metricKeys[2 * i] ?? 0;
    const to = metricKeys[2 * i + 1] ?? 0;
    const size = Math.min(to - from, MAX_MESSAGE_BYTES);
    if (size > room) continue;
    room -= size;
    span.metrics.set(keyText(bytes, from, to), metricValues[i] ?? 0);
  }
  return span;
}

function textOf({ bytes, from, to }: TextSlice): string {
  return clippableText(bytes, from, to);
}

function unsigned(low: number, high: number): bigint {
  return BigInt.asUintN(64, toBigInt(low, high));
}

/** The span as v0.4 has it, to be written as msgpack. */
export function toWire(span: DdSpan): Readonly<Record<string, unknown>> {
  return {
    service: span.service,
    name: span.name,
    resource: span.resource,
    type: span.type,
    trace_id: span.traceId,
    span_id: span.spanId,
    parent_id: span.parentId,
    start: span.startNs,
    duration: span.durationNs,
    error: span.error,
    meta: span.meta,
    metrics: span.metrics,
  };
}

/** Fixed-width lower hex of an unsigned 64-bit id. */
export function hex16(id: bigint): string {
  return id.toString(16).padStart(16, "0");
}

/** Sets a tag unless the span has it or the text is empty. */
export function setMissing(span: DdSpan, key: string, text: string): void {
  if (text !== "" && !span.meta.has(key)) span.meta.set(key, text);
}
