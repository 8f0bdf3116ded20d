/**
 * The spans in front of an invocation's own, made of its event: who called the function and when, where no tracer could
 * see it.
 */
import type { JsonObject } from "../../../json/exact_json.ts";
import type { InferredSpanSettings } from "../../../config/ddtrace.ts";
import { asObject, recordsOf } from "../event_values.ts";
import { contextOfRecord } from "../record_context.ts";
import { type DdSpan, emptySpan, hex16, setMissing } from "../span.ts";
import { readTrigger } from "./read_trigger.ts";
import type { HttpForm, InferredSpan, ServiceName, Tags, Trigger } from "./trigger.ts";

/** What an event's trigger adds to the trace of its invocation. */
export interface Inference {
  /** The id of the span right in front of the invocation's; `undefined` when there is none. */
  readonly parentId: bigint | undefined;
  /** Tags of the invocation's own span. */
  readonly tags: Tags;
  /** Who answers the client, where there is one that waits. */
  readonly http: HttpForm | undefined;
  /**
   * The spans, the earliest first, for an invocation whose own span is complete, and makes them its cause. `causeId`: the
   * span that caused them, 0 when unknown.
   */
  spansBefore(invocation: DdSpan, causeId: bigint): readonly DdSpan[];
}

export interface InferenceOptions {
  readonly settings: InferredSpanSettings;
  /** A random unsigned 64-bit id that is not 0. */
  readonly randomId: () => bigint;
}

/** What the event tells; `undefined` when it is of no known form. */
export function infer(event: JsonObject, options: InferenceOptions): Inference | undefined {
  const { settings, randomId } = options;
  const trigger = readTrigger(event, settings);
  if (trigger === undefined) return undefined;
  const ids = trigger.spans.map(randomId);
  const others = trigger.spans.length === 0 ? undefined : otherTraces(event);
  return {
    parentId: ids.at(-1),
    tags: tagsOfTrigger(trigger),
    http: trigger.http,
    spansBefore: (invocation, causeId) => {
      const spans = trigger.spans.map((span) => build(span, invocation, settings));
      const last = spans.at(-1);
      if (last !== undefined && trigger.records > 0) last.metrics.set("record_count", trigger.records);
      if (last !== undefined && others !== undefined) setMissing(last, "other_trace_ids", others);
      connect(spans, ids, invocation, causeId);
      setTimes(trigger.spans, spans, invocation);
      return spans;
    },
  };
}

function tagsOfTrigger({ source, sourceArn = "", kind, tags }: Trigger): Tags {
  const all = new Map([...tags, ["function_trigger.event_source", source], ["faas.trigger", kind]]);
  if (sourceArn !== "") all.set("function_trigger.event_source_arn", sourceArn);
  return all;
}

/** Traces of the batch's other records, as their points have them: a span has one parent only. */
function otherTraces(event: JsonObject): string | undefined {
  const [first, ...others] = recordsOf(event).map((record, i) => {
    const found = asObject(record);
    const context = found === undefined ? undefined : contextOfRecord(found, i === 0);
    if (context === undefined) return undefined;
    const { traceId, traceIdHigh } = context;
    return traceIdHigh === 0n ? traceId.toString() : hex16(traceIdHigh) + hex16(traceId);
  });
  const distinct = new Set(others.filter((id) => id !== undefined && id !== first));
  return distinct.size === 0 ? undefined : [...distinct].join(",");
}

/** A span but for its place in the trace and its times. */
function build(inferred: InferredSpan, invocation: DdSpan, settings: InferredSpanSettings): DdSpan {
  const span = emptySpan();
  span.name = inferred.operation;
  span.resource = inferred.resource;
  span.service = serviceOf(inferred.service, settings);
  span.type = inferred.type;
  span.error = invocation.error;
  for (const [name, text] of inferred.tags) span.meta.set(name, text);
  for (const name of COPIED_TAGS) setMissing(span, name, invocation.meta.get(name) ?? "");
  if (inferred.type === "http") setMissing(span, STATUS_CODE, invocation.meta.get(STATUS_CODE) ?? "");
  span.meta.set("span.kind", "server");
  span.meta.set("_inferred_span.tag_source", "self");
  span.meta.set("_inferred_span.synchronicity", inferred.isAsync ? "async" : "sync");
  const priority = invocation.metrics.get(PRIORITY);
  if (priority !== undefined) span.metrics.set(PRIORITY, priority);
  return span;
}

const STATUS_CODE = "http.status_code";
const PRIORITY = "_sampling_priority_v1";
/** What is true of the whole trace, or of the invocation that all is about. */
const COPIED_TAGS = [
  "_dd.p.tid",
  "_dd.origin",
  "request_id",
  "env",
  "version",
  "error.message",
  "error.type",
];

/** By the user's mapping; else the resource's own name, or the same one for all of a kind. */
function serviceOf(name: ServiceName, { serviceMapping, resourceServices }: InferredSpanSettings): string {
  const { instance = "", mapped = instance, generic, fallback } = name;
  return serviceMapping.get(mapped) ?? serviceMapping.get(generic) ??
    (resourceServices && instance !== "" ? instance : fallback);
}

/** Each is the parent of the next, the last one of the invocation. */
function connect(
  spans: readonly DdSpan[],
  ids: readonly bigint[],
  invocation: DdSpan,
  causeId: bigint,
): void {
  let parentId = causeId;
  spans.forEach((span, i) => {
    span.traceId = invocation.traceId;
    span.spanId = ids[i] ?? 0n;
    span.parentId = parentId;
    parentId = span.spanId;
    span.meta.set("peer.service", spans[i + 1]?.service ?? invocation.service);
  });
  if (spans.length > 0) invocation.parentId = parentId;
}

/** From the last one on: what waits ends where the next begins, what is waited for with the invocation. */
function setTimes(inferred: readonly InferredSpan[], spans: readonly DdSpan[], invocation: DdSpan): void {
  let nextNs = invocation.startNs;
  const endNs = invocation.startNs + invocation.durationNs;
  for (let i = spans.length - 1; i >= 0; i--) {
    const [span, from] = [spans[i], inferred[i]];
    if (span === undefined || from === undefined) continue;
    // Two clocks may differ: nothing begins after what it caused.
    span.startNs = from.startNs === undefined || from.startNs > nextNs ? nextNs : from.startNs;
    span.durationNs = (from.isAsync ? nextNs : endNs) - span.startNs;
    nextNs = span.startNs;
  }
}
