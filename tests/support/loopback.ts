/** Places on loopback for tests: ports that are free, and a server that never answers. */

const LOOPBACK = "127.0.0.1";

/** A TCP port that was free a moment ago. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: LOOPBACK, port: 0 });
  return listener.addr.port;
}

/** So many different ones. */
export function freePorts(count: number): number[] {
  const held = Array.from({ length: count }, () => Deno.listen({ hostname: LOOPBACK, port: 0 }));
  const ports = held.map((listener) => listener.addr.port);
  for (const listener of held) listener.close();
  return ports;
}

/** Accepts connections and never says a word: to who speaks TLS, a handshake that stalls. */
export function startSilentServer(): { readonly port: number } & AsyncDisposable {
  const listener = Deno.listen({ hostname: LOOPBACK, port: 0 });
  const open: Deno.Conn[] = [];
  const accepting = (async () => {
    try {
      while (true) open.push(await listener.accept());
    } catch {
      // Closed.
    }
  })();
  return {
    port: listener.addr.port,
    [Symbol.asyncDispose]: async () => {
      listener.close();
      await accepting;
      for (const conn of open) conn.close();
    },
  };
}
