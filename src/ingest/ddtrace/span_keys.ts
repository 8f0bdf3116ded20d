import type { DdtraceMapping } from "../../config/ddtrace.ts";
import { createByteTable } from "../../point/byte_table.ts";
import type { Key } from "../../point/point_keys.ts";
import type { PointKind } from "../../point/point_kind.ts";
import type { PointWriter } from "../../point/point_writer.ts";
import { sliceText } from "./msgpack_cursor.ts";

/** A key of a span's tags, with what is known of it, looked up where it lies. */
export interface SpanKey {
  readonly name: string;
  /** `"name":` as JSON has it. */
  readonly json: Uint8Array;
  /** The point's own key, where the tag becomes a tag (or a field if it is long) of the point. */
  readonly promoted: Key | undefined;
  /** The span that has a text tag of the key, and which of its tags that is. */
  serial: number;
  index: number;
  /** The same of number tags. */
  numberSerial: number;
  numberIndex: number;
}

/** All keys seen. */
export interface SpanKeys {
  of(name: string): SpanKey;
  ofBytes(bytes: Uint8Array, from: number, to: number): SpanKey;
}

/** Keys kept: customers' own are few, and what invents keys must not fill the memory. */
const MAX_KEYS = 4096;
/** Longer ones are not kept. */
export const MAX_KEY_BYTES = 256;

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
  ["faas.trigger", "faas_trigger"],
  ["function_trigger.event_source", "function_trigger_event_source"],
  ["function_trigger.event_source_arn", "function_trigger_event_source_arn"],
]);

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

/** The keys of one mapping. */
export function createSpanKeys(writer: PointWriter, kind: PointKind, mapping: DdtraceMapping): SpanKeys {
  const byName = new Map<string, SpanKey>();
  const byBytes = createByteTable<SpanKey>();
  const encoder = new TextEncoder();

  function of(name: string): SpanKey {
    return byName.get(name) ?? make(name);
  }

  function make(name: string): SpanKey {
    const key: SpanKey = {
      name,
      json: encoder.encode(`${JSON.stringify(name)}:`),
      promoted: promotedKey(name),
      serial: 0,
      index: 0,
      numberSerial: 0,
      numberIndex: 0,
    };
    if (byName.size < MAX_KEYS && name.length <= MAX_KEY_BYTES) byName.set(name, key);
    return key;
  }

  /** A mapping may promote all keys there are: those are kept only as long as others'. */
  function promotedKey(name: string): Key | undefined {
    const known = PROMOTED.get(name);
    if (known !== undefined) return writer.key("tracing", known);
    const chosen = customerTag(name, mapping);
    return chosen === undefined ? undefined : kind.keys.of(chosen);
  }

  return {
    of,
    ofBytes: (bytes, from, to) => {
      const found = byBytes.get(bytes, from, to);
      if (found !== undefined) return found;
      const key = of(sliceText(bytes, from, to));
      if (byBytes.size < MAX_KEYS && to - from <= MAX_KEY_BYTES) byBytes.set(bytes.subarray(from, to), key);
      return key;
    },
  };
}

function customerTag(key: string, mapping: DdtraceMapping): string | undefined {
  const isChosen = mapping.customerTags.has(key) ||
    mapping.customerTagPatterns.some((pattern) => pattern.test(key));
  if (!isChosen) return undefined;
  const name = key.replaceAll(".", "_");
  return RESERVED.has(name) ? undefined : name;
}
