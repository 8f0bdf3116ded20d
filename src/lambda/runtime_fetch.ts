/**
 * The way to Lambda's own APIs. They are plain HTTP on a loopback or link-local address and must never be sought
 * through the customer's `HTTP_PROXY`, which Deno's `fetch` obeys, also with a client of one's own; only a client
 * whose "proxy" is a plain TCP connection to the API itself goes past it (tried on 2.7.11).
 */

/** The part of `fetch` the Lambda clients use. */
export type RuntimeFetch = (url: string, init: RequestInit) => Promise<Response>;

/** Connections to one environment's APIs. */
export interface RuntimeClient extends Disposable {
  readonly fetch: RuntimeFetch;
}

/**
 * A client that always connects to `runtimeApi` (`AWS_LAMBDA_RUNTIME_API`, `host:port`) itself. Uses the ordinary
 * `fetch` when the address has no port or the client cannot be made.
 */
export function createRuntimeClient(runtimeApi: string): RuntimeClient {
  const client = createDirectClient(runtimeApi);
  return {
    fetch: client === undefined ? fetch : (url, init) => fetch(url, { ...init, client }),
    [Symbol.dispose]: () => client?.close(),
  };
}

function createDirectClient(runtimeApi: string): Deno.HttpClient | undefined {
  const at = runtimeApi.lastIndexOf(":");
  const port = Number(runtimeApi.slice(at + 1));
  if (at <= 0 || !Number.isInteger(port) || port <= 0) return undefined;
  const hostname = runtimeApi.slice(0, at).replace(/^\[(.*)\]$/, "$1");
  try {
    return Deno.createHttpClient({ http2: false, proxy: { transport: "tcp", hostname, port } });
  } catch {
    return undefined;
  }
}
