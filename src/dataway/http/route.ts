import { bareHost, closeQuietly, type Connection, portOf } from "./connection.ts";
import { dial } from "./dial.ts";
import { type ClientIdentity, secure, secureAs, secureTwice, secureUnchecked } from "./tls.ts";
import { openHttpTunnel, openSocksTunnel } from "./tunnel.ts";

/** How a server is reached. */
export interface Route {
  /** Its scheme, host and port count. */
  readonly target: URL;
  readonly proxy: URL | undefined;
  /** PEM certificates trusted besides the built-in ones. */
  readonly caCerts: readonly string[];
  /** The server's certificate is not checked; a proxy's is. */
  readonly insecure: boolean;
  /** Who we are, for a server that asks; not through a proxy. */
  readonly identity?: ClientIdentity | undefined;
}

/** Whether requests over this route are written to the proxy itself, with the whole URL. */
export function isForwarded({ target, proxy }: Route): boolean {
  return proxy !== undefined && target.protocol === "http:" && !proxy.protocol.startsWith("socks5");
}

/** A connection over this route, TLS included. Rejects with the signal's reason when that fires first. */
export async function openConnection(route: Route, signal: AbortSignal): Promise<Connection> {
  let current: Connection | undefined;
  const cut = (): void => closeQuietly(current);
  signal.addEventListener("abort", cut, { once: true });
  try {
    for await (const stage of stages(route, signal)) {
      current = stage;
      signal.throwIfAborted();
    }
    if (current === undefined) throw new TypeError("Cannot connect");
    return current;
  } catch (error) {
    closeQuietly(current);
    throw signal.aborted ? signal.reason : error;
  } finally {
    signal.removeEventListener("abort", cut);
  }
}

/** The connection as it grows: each stage takes the place of the one before. */
async function* stages(route: Route, signal: AbortSignal): AsyncGenerator<Connection> {
  const { target, proxy, caCerts, insecure, identity } = route;
  const isTls = target.protocol === "https:";
  const tls = { hostname: bareHost(target), caCerts };
  if (isTls && identity !== undefined) {
    if (proxy !== undefined) throw new TypeError("Cannot show a client certificate through a proxy");
    yield await secureAs(identity, { ...tls, port: portOf(target) }, signal);
    return;
  }
  if (proxy === undefined) {
    const tcp = await dial(bareHost(target), portOf(target), signal);
    yield tcp;
    if (isTls) yield insecure ? await secureUnchecked(tcp, tls.hostname) : await secure(tcp, tls, signal);
    return;
  }
  const tcp = await dialProxy(proxy, signal);
  yield tcp;
  const isProxyTls = proxy.protocol === "https:";
  const way: Connection = isProxyTls
    ? await secure(tcp, { hostname: bareHost(proxy), caCerts }, signal)
    : tcp;
  yield way;
  if (proxy.protocol.startsWith("socks5")) await openSocksTunnel(way, proxy, target);
  else if (isTls) await openHttpTunnel(way, proxy, target);
  if (!isTls) return;
  if (insecure) yield await secureUnchecked(way, tls.hostname);
  else yield isProxyTls ? await secureTwice(way, tls, signal) : await secure(tcp, tls, signal);
}

async function dialProxy(proxy: URL, signal: AbortSignal): Promise<Deno.TcpConn> {
  try {
    return await dial(bareHost(proxy), portOf(proxy), signal);
  } catch (error) {
    throw new TypeError(`Cannot reach the proxy ${proxy.host}`, { cause: error });
  }
}
