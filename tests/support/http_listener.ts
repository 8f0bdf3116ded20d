import { acceptConnections } from "../../src/net/accept.ts";
import type { RequestHandler } from "../../src/net/http1_connection.ts";
import { type CallHandler, serveHttp } from "../../src/net/http_connection.ts";
import { testPool } from "./connection_pool.ts";

/** Our own server on a free port of loopback. */
export interface HttpListener extends AsyncDisposable {
  readonly port: number;
  /** What its handlers failed with. */
  readonly errors: readonly unknown[];
}

export interface HttpListenerOptions {
  /** @default 404 for everything */
  readonly handle?: RequestHandler;
  readonly calls?: CallHandler;
  /** Most connections. @default 64 */
  readonly max?: number;
}

export function listenHttp(options: HttpListenerOptions = {}): HttpListener {
  const { handle = () => new Response(null, { status: 404 }), calls, max = 64 } = options;
  const pool = testPool();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const errors: unknown[] = [];
  const acceptor = acceptConnections(listener, {
    group: pool.group({ name: "test", max }),
    serve: (connection, lease) =>
      serveHttp(connection, {
        lease,
        handle,
        calls,
        onError: (error) => errors.push(error),
        isClosing: () => false,
      }),
  });
  return {
    port: listener.addr.port,
    errors,
    [Symbol.asyncDispose]: async () => {
      pool.endIdle();
      await acceptor[Symbol.asyncDispose]();
      pool[Symbol.dispose]();
    },
  };
}
