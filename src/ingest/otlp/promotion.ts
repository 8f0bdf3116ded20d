/**
 * Which attributes of spans become fields of their own, as DataKit chooses them; the others stay in `message`.
 * @see `spec/datakit.md` 5.2
 */
import type { FieldValue } from "../../point/point.ts";
import type { OtlpAttributes, OtlpValue } from "./model.ts";
import { toFieldValue } from "./values.ts";
import type { AttributeChoice } from "../../config/otlp.ts";

/** Promoted under their own name with underscores. */
const SAME_NAME =
  "db.system db.operation db.name db.statement server.address server.port net.host.name net.host.port " +
  "network.peer.address network.peer.port network.transport http.method http.status_code http.route http.target " +
  "http.scheme http.url url.full url.scheme url.path url.query client.address client.port messaging.system " +
  "messaging.operation messaging.message.id messaging.destination.name rpc.service rpc.system error.type " +
  "exception exception.type exception.message exception.stacktrace container.name process.pid project version " +
  "env host pod_name pod_namespace runtime_id";

/** Newer names of OpenTelemetry's conventions, under the field of the older name. */
const RENAMED = "http.request.method=http_method http.response.status_code=http_status_code " +
  "db.system.name=db_system db.operation.name=db_operation db.namespace=db_name db.query.text=db_statement";

/** What a span's point calls by these names is its own: attributes that would go by them stay in `message`. */
const RESERVED = "trace_id span_id parent_id resource start duration message service source source_type " +
  "span_kind span_type status remote_ip base_service db_host";

/** Takes the attributes that become fields out of a message's attributes. */
export interface Promotion {
  /**
   * Adds promoted attributes to `fields` unless their key is there already, and returns the attributes that were
   * not taken.
   */
  promote(attributes: OtlpAttributes, fields: Map<string, FieldValue>): OtlpAttributes;
}

/** The usual attributes, and those of the user's choice. */
export function createPromotion(choice: AttributeChoice): Promotion {
  const keys = new Map<string, string>();
  for (const name of SAME_NAME.split(" ")) keys.set(name, underscored(name));
  for (const pair of RENAMED.split(" ")) {
    const [name = "", key = ""] = pair.split("=");
    keys.set(name, key);
  }
  for (const name of choice.names) if (!keys.has(name)) keys.set(name, underscored(name));
  const reserved = new Set(RESERVED.split(" "));
  const open = choice.all || choice.patterns.length > 0;

  function keyOf(name: string): string | undefined {
    const key = keys.get(name);
    if (key !== undefined || !open) return key;
    return choice.all || choice.patterns.some((pattern) => pattern.test(name))
      ? underscored(name)
      : undefined;
  }

  return {
    promote: (attributes, fields) => {
      if (attributes.size === 0) return attributes;
      const rest = new Map<string, OtlpValue>();
      for (const [name, value] of attributes) {
        const key = keyOf(name);
        const isFree = key !== undefined && !fields.has(key) && !reserved.has(key);
        const field = isFree ? toFieldValue(value) : undefined;
        if (key !== undefined && field !== undefined) fields.set(key, field);
        else rest.set(name, value);
      }
      return rest;
    },
  };
}

/** Guance's keys have no dots. */
export function underscored(name: string): string {
  return name.replaceAll(".", "_");
}
