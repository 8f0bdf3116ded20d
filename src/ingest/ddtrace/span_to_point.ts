/**
 * A span as DataKit's `ddtrace` point.
 * @see `spec/datakit.md` 4.3; two of its keys are left out: `runtime-id` (the same as `runtime_id`) and
 * `dk_fingerprint` (the tag `host` says it).
 */
import type { DdtraceMapping } from "../../config/ddtrace.ts";
import { createPoint } from "../../point/create_point.ts";
import type { FieldValue, Point } from "../../point/point.ts";
import { utf8Length } from "../../point/utf8.ts";
import { type ChunkFacts, traceId128 } from "./chunk.ts";
import { clip, spanMessage } from "./message.ts";
import { type DdSpan, hex16 } from "./span.ts";

/** A longer text is a field: Dataway cuts tags here. */
const MAX_TAG_BYTES = 1024;

/** Makes the point of a span; `remoteIp` is who sent it. */
export function spanToPoint(
  span: DdSpan,
  facts: ChunkFacts,
  mapping: DdtraceMapping,
  remoteIp: string,
  trimmed?: () => void,
): Point | undefined {
  const tags = new Map<string, string>(mapping.tags);
  const longTexts = new Map<string, string>();
  const rest = promoteTags(span, mapping, tags, longTexts);
  addDerivedTags(span, tags);
  tags.set("service", span.service);
  tags.set("operation", span.name);
  tags.set("source", "ddtrace");
  tags.set("source_type", sourceType(span.type));
  tags.set("span_type", facts.spanType(span));
  tags.set("status", span.error === 0 ? "ok" : "error");
  tags.set("remote_ip", remoteIp);
  const id = mapping.hexSpanIds ? hex16 : String;
  const fields = new Map<string, FieldValue>(longTexts);
  fields.set("trace_id", traceIdText(span, facts, mapping));
  fields.set("span_id", id(span.spanId));
  fields.set("parent_id", span.parentId === 0n ? "0" : id(span.parentId));
  fields.set("resource", resourceText(span));
  fields.set("start", span.startNs / 1000n);
  fields.set("duration", span.durationNs / 1000n);
  if (!mapping.omitMessage) fields.set("message", spanMessage(span, rest));
  return createPoint(
    { category: "tracing", measurement: "ddtrace", tags, fields, timeNs: span.startNs },
    trimmed,
  );
}

/** The field `resource`: one line of bounded length. */
export function resourceText(span: DdSpan): string {
  return clip(span.resource).replace(/[\r\n]+/g, " ");
}

/** The status of an HTTP span, which some tracers send as a number. */
export function httpStatusCode({ meta, metrics }: DdSpan): string | undefined {
  const text = meta.get("http.status_code") ?? "";
  if (text !== "") return text;
  const number = metrics.get("http.status_code");
  return number !== undefined && Number.isInteger(number) ? String(number) : undefined;
}

/** DataKit's tag `source_type` of a span's `type`. */
export function sourceType(type: string): string {
  return SOURCE_TYPES.get(type.toLowerCase()) ?? "custom";
}

function traceIdText(span: DdSpan, facts: ChunkFacts, mapping: DdtraceMapping): string {
  if (mapping.traceId64Hex) return hex16(span.traceId);
  return (mapping.traceId128 ? traceId128(span, facts) : undefined) ?? span.traceId.toString();
}

/** Moves span tags to the point's `tags`, or to `longTexts` where a tag would damage them; returns those that stay. */
function promoteTags(
  span: DdSpan,
  mapping: DdtraceMapping,
  tags: Map<string, string>,
  longTexts: Map<string, string>,
): ReadonlyMap<string, string> {
  const rest = new Map<string, string>();
  for (const [key, text] of span.meta) {
    const name = PROMOTED.get(key) ?? customerTag(key, mapping);
    if (name === undefined || text === "") {
      rest.set(key, text);
      continue;
    }
    // Both keys mean the same; `error.message` is the newer one.
    if (key === "error.msg" && span.meta.has("error.message")) continue;
    // Where the error was handled is less than where it arose, but all that Go's tracer has for most errors.
    if (key === "error.handling_stack" && (span.meta.get("error.stack") ?? "") !== "") {
      rest.set(key, text);
      continue;
    }
    if (isUnfitForTag(text, mapping.oneLineTags)) longTexts.set(name, clip(text));
    else tags.set(name, text);
  }
  return rest;
}

/** A tag is one line, so a stack trace would lose its shape. */
function isUnfitForTag(text: string, oneLineTags: boolean): boolean {
  return (!oneLineTags && text.includes("\n")) ||
    (text.length * 3 > MAX_TAG_BYTES && utf8Length(text) > MAX_TAG_BYTES);
}

function customerTag(key: string, mapping: DdtraceMapping): string | undefined {
  const isChosen = mapping.customerTags.has(key) ||
    mapping.customerTagPatterns.some((pattern) => pattern.test(key));
  if (!isChosen) return undefined;
  const name = key.replaceAll(".", "_");
  return RESERVED.has(name) ? undefined : name;
}

function addDerivedTags(span: DdSpan, tags: Map<string, string>): void {
  const { meta, metrics } = span;
  const status = tags.get("http_status_code") ?? httpStatusCode(span);
  if (status !== undefined) tags.set("http_status_code", status);
  if (status !== undefined && /^[1-5]\d\d$/.test(status)) tags.set("http_status_class", `${status[0]}xx`);
  const priority = metrics.get("_sampling_priority_v1");
  if (priority === 1) tags.set("sampling_rate", "sampler_keep");
  else if (priority === 2) tags.set("sampling_rate", "user_keep");
  const dbHost = meta.has("db.type") ? meta.get("peer.hostname") : undefined;
  if (dbHost !== undefined) tags.set("db_host", dbHost);
}

/** Fields of every point: no tag may take their names. */
const RESERVED: ReadonlySet<string> = new Set([
  "trace_id",
  "span_id",
  "parent_id",
  "resource",
  "start",
  "duration",
  "message",
]);

/** Span tags that are tags of the point, and their names there. */
const PROMOTED: ReadonlyMap<string, string> = new Map([
  ["http.url", "http_url"],
  ["http.hostname", "http_hostname"],
  ["http.route", "http_route"],
  ["http.status_code", "http_status_code"],
  ["http.method", "http_method"],
  ["http.client_ip", "http_client_ip"],
  ["sampling.priority", "sampling_priority"],
  ["span.kind", "span_kind"],
  ["error", "error"],
  ["runtime.name", "runtime_name"],
  ["runtime-id", "runtime_id"],
  ["dd.version", "dd_version"],
  ["dd.env", "dd_env"],
  ["error.message", "error_message"],
  ["error.msg", "error_message"],
  ["error.stack", "error_stack"],
  ["error.handling_stack", "error_stack"],
  ["error.type", "error_type"],
  ["system.pid", "pid"],
  ["project", "project"],
  ["version", "version"],
  ["env", "env"],
  ["host", "host"],
  ["pod_name", "pod_name"],
  ["pod_namespace", "pod_namespace"],
  ["_dd.base_service", "base_service"],
  ["db.type", "db_system"],
  ["db.instance", "db_name"],
  ["db.operation", "db_operation"],
  ["out.host", "out_host"],
]);

const SOURCE_TYPES: ReadonlyMap<string, string> = new Map([
  ["http", "web"],
  ["http2", "web"],
  ["web", "web"],
  ["grpc", "web"],
  ["rpc", "web"],
  ["dns", "web"],
  ["db", "db"],
  ["sql", "db"],
  ["mysql", "db"],
  ["pymysql", "db"],
  ["mongodb", "db"],
  ["cassandra", "db"],
  ["elasticsearch", "db"],
  ["influxdb", "db"],
  ["leveldb", "db"],
  ["aerospike", "db"],
  ["cache", "cache"],
  ["redis", "cache"],
  ["memcached", "cache"],
  ["kafka", "message_queue"],
  ["queue", "message_queue"],
  ["mqtt", "message_queue"],
  ["rabbitmq", "message_queue"],
  ["rocketmq", "message_queue"],
  ["go-nsq", "message_queue"],
  [".net", "framework"],
  ["django", "framework"],
  ["express", "framework"],
  ["flask", "framework"],
  ["go-gin", "framework"],
  ["graphql", "framework"],
  ["hibernate", "framework"],
  ["laravel", "framework"],
  ["soap", "framework"],
  ["spring", "framework"],
  ["datanucleus", "framework"],
  ["consul", "app"],
]);
