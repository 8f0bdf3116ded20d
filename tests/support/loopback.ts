/** What tests need of loopback: ports that are free, connections served by hand, and a server that never answers. */

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

/** Serves each connection of a listener. Both disposals close everything; the asynchronous one waits for its end. */
export interface ConnectionServer extends Disposable, AsyncDisposable {
  /** A connection to somewhere else, which is closed with the others. */
  adopt(conn: Deno.Conn): void;
}

/** Serves `listener`: `serve` has a connection until it returns or throws, and it is closed then. */
export function serveConnections(
  listener: Deno.Listener,
  serve: (conn: Deno.Conn) => Promise<void>,
): ConnectionServer {
  const open = new Set<Deno.Conn>();
  const tasks = new Set<Promise<void>>();

  async function accept(): Promise<void> {
    while (true) {
      let conn: Deno.Conn;
      try {
        conn = await listener.accept();
      } catch (error) {
        if (error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted) return;
        continue; // A failed TLS handshake says nothing about the next connection.
      }
      open.add(conn);
      const task = serve(conn).catch(() => {}).finally(() => {
        open.delete(conn);
        close(conn);
        tasks.delete(task);
      });
      tasks.add(task);
    }
  }

  const accepting = accept();
  function stop(): void {
    close(listener);
    for (const conn of open) close(conn);
  }
  return {
    adopt: (conn) => void open.add(conn),
    [Symbol.dispose]: stop,
    [Symbol.asyncDispose]: async () => {
      stop();
      await accepting;
      // Those that came meanwhile.
      stop();
      await Promise.all(tasks);
    },
  };
}

/** Accepts connections and never says a word: to who speaks TLS, a handshake that stalls. */
export function startSilentServer(): { readonly port: number } & AsyncDisposable {
  const listener = Deno.listen({ hostname: LOOPBACK, port: 0 });
  const ended = Promise.withResolvers<void>();
  const server = serveConnections(listener, () => ended.promise);
  return {
    port: listener.addr.port,
    [Symbol.asyncDispose]: async () => {
      ended.resolve();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** Closes what may be closed already. */
function close(closer: { close(): void }): void {
  try {
    closer.close();
  } catch {
    // Closed already.
  }
}

/** Whether the machine has `::1`. */
export function hasLoopback6(): boolean {
  try {
    Deno.listen({ hostname: "::1", port: 0 }).close();
    return true;
  } catch {
    return false;
  }
}
