/**
 * Which attributes of spans become fields of their own, as DataKit chooses them; the others stay in `message`.
 * @see https://docs.guance.com/integrations/opentelemetry/
 */
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

/** The field that an attribute becomes, by the usual choice and the user's; `undefined`: it stays in `message`. */
export function createPromotion(choice: AttributeChoice): (name: string) => string | undefined {
  const keys = new Map<string, string>();
  for (const name of SAME_NAME.split(" ")) keys.set(name, underscored(name));
  for (const pair of RENAMED.split(" ")) {
    const [name = "", key = ""] = pair.split("=");
    keys.set(name, key);
  }
  for (const name of choice.names) if (!keys.has(name)) keys.set(name, underscored(name));
  const reserved = new Set(RESERVED.split(" "));

  function keyOf(name: string): string | undefined {
    const key = keys.get(name);
    if (key !== undefined) return key;
    return choice.all || choice.patterns.some((pattern) => pattern.test(name))
      ? underscored(name)
      : undefined;
  }

  return (name) => {
    const key = keyOf(name);
    return key === undefined || reserved.has(key) ? undefined : key;
  };
}

/** Guance's keys have no dots. */
export function underscored(name: string): string {
  return name.replaceAll(".", "_");
}
