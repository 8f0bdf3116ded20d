/** What each listener is there for. */
import type { Config } from "../config.ts";
import type { InetAddress, SocketAddress } from "../net/sockets.ts";

export interface NamedListener {
  readonly name: string;
  readonly socket: SocketAddress;
}

export const MAIN_LISTENER = "main";

/** All that the settings ask for, the main listener first. */
export function namedListeners({ core, otlp, ddtrace, statsd }: Config): readonly NamedListener[] {
  const all: NamedListener[] = [];
  const add = (name: string, transport: "tcp" | "udp", addresses: readonly InetAddress[]): void => {
    for (const address of addresses) all.push({ name, socket: { ...address, transport } });
  };
  add(MAIN_LISTENER, "tcp", [core.listen]);
  if (otlp.enabled) {
    add("OTLP/HTTP", "tcp", otlp.http);
    add("OTLP/gRPC", "tcp", otlp.grpc);
  }
  if (ddtrace.enabled) {
    add("ddtrace", "tcp", ddtrace.listen);
    add("Datadog's Lambda lifecycle API", "tcp", ddtrace.lifecycleListen);
  }
  if (statsd.enabled) {
    add("StatsD", "udp", statsd.udp);
    add("StatsD", "tcp", statsd.tcp);
    const { unixDatagramPath, unixStreamPath } = statsd;
    if (unixDatagramPath !== "") {
      all.push({ name: "StatsD", socket: { transport: "unix_datagram", path: unixDatagramPath } });
    }
    if (unixStreamPath !== "") {
      all.push({ name: "StatsD", socket: { transport: "unix_stream", path: unixStreamPath } });
    }
  }
  return all;
}
