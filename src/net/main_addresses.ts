import type { InetAddress } from "./sockets.ts";

/**
 * Where the main listener may be, the best first: a taken port moves, as the platform is told the port anyway, and an
 * address that the sandbox does not have gives way to all that it has. One on loopback never goes beyond it.
 */
export function mainAddresses({ hostname, port }: InetAddress): readonly InetAddress[] {
  const isLoopback = hostname === "localhost" || hostname === "::1" || hostname.startsWith("127.");
  const hosts = isLoopback || hostname === "0.0.0.0" ? [hostname] : [hostname, "0.0.0.0"];
  const ports = port === 0 ? [0] : [port, 0];
  return hosts.flatMap((host) => ports.map((each) => ({ hostname: host, port: each })));
}
