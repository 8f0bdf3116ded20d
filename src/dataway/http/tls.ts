import type { TLSSocket } from "node:tls";
import { openBridge } from "./bridge.ts";
import { closeQuietly, type Connection } from "./connection.ts";

/** Whom to expect at the other end. */
export interface TlsOptions {
  readonly hostname: string;
  /** PEM certificates trusted besides the built-in ones. */
  readonly caCerts: readonly string[];
}

/** A client's certificate and its key, as PEM. */
export interface ClientIdentity {
  readonly cert: string;
  readonly key: string;
}

const PROTOCOLS = ["http/1.1"];

/** TLS over a TCP connection, which it takes over. */
export async function secure(
  tcp: Deno.TcpConn,
  options: TlsOptions,
  signal: AbortSignal,
): Promise<Deno.TlsConn> {
  const { hostname, caCerts } = options;
  const tls = await Deno.startTls(tcp, { hostname, caCerts: [...caCerts], alpnProtocols: PROTOCOLS });
  const cut = (): void => closeQuietly(tls);
  signal.addEventListener("abort", cut, { once: true });
  try {
    signal.throwIfAborted();
    await tls.handshake();
    return tls;
  } catch (error) {
    closeQuietly(tls);
    throw error;
  } finally {
    signal.removeEventListener("abort", cut);
  }
}

/**
 * A TLS connection to a server that asks who we are. Deno shows a certificate only where it makes the connection too,
 * so there is no way through a proxy, and of several addresses the first that takes the connection is used.
 */
export async function secureAs(
  { cert, key }: ClientIdentity,
  { hostname, caCerts, port }: TlsOptions & { readonly port: number },
  signal: AbortSignal,
): Promise<Deno.TlsConn> {
  signal.throwIfAborted();
  const connecting = Deno.connectTls({
    hostname,
    port,
    caCerts: [...caCerts],
    cert,
    key,
    alpnProtocols: PROTOCOLS,
  });
  let cut = (): void => {};
  const cutOff = new Promise<never>((_, reject) => {
    cut = () => {
      reject(signal.reason);
      // It cannot be ended before it is there.
      connecting.then(closeQuietly, () => {});
    };
  });
  signal.addEventListener("abort", cut, { once: true });
  try {
    const tls = await Promise.race([connecting, cutOff]);
    await Promise.race([tls.handshake(), cutOff]);
    return tls;
  } catch (error) {
    connecting.then(closeQuietly, () => {});
    throw error;
  } finally {
    signal.removeEventListener("abort", cut);
  }
}

/** TLS over a connection that is TLS already: to a server behind a proxy that is reached by `https:`. */
export async function secureTwice(
  outer: Connection,
  options: TlsOptions,
  signal: AbortSignal,
): Promise<Deno.TlsConn> {
  const bridge = openBridge(outer);
  try {
    const near = await Deno.connect(bridge);
    await bridge.join(near.localAddr.port);
    near.setNoDelay(true);
    return await secure(near, options, signal);
  } finally {
    bridge.close();
  }
}

/**
 * TLS that takes any certificate, by `node:tls`: Deno's own has a switch for this per process only, fixed when the
 * executable is compiled.
 */
export async function secureUnchecked(connection: Connection, hostname: string): Promise<Connection> {
  const [{ connect }, { isIP }] = await Promise.all([import("node:tls"), import("node:net")]);
  const bridge = openBridge(connection);
  const socket = connect({
    host: bridge.hostname,
    port: bridge.port,
    ...(isIP(hostname) === 0 ? { servername: hostname } : {}),
    rejectUnauthorized: false,
    ALPNProtocols: PROTOCOLS,
  });
  const secured = toConnection(socket);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once("connect", () => void bridge.join(socket.localPort ?? 0).catch(reject));
  socket.once("secureConnect", resolve).once("error", reject);
  socket.once("close", () => reject(new TypeError("The connection was closed in the TLS handshake")));
  try {
    await promise;
    return secured;
  } catch (error) {
    secured.close();
    throw error;
  } finally {
    bridge.close();
  }
}

/** A socket of Node's as a connection. */
function toConnection(socket: TLSSocket): Connection {
  let failure: Error | undefined;
  let hasEnded = false;
  let left: Uint8Array = new Uint8Array();
  let wake = (): void => {};
  socket.on("readable", () => wake());
  socket.on("error", (error: Error) => {
    failure = error;
    wake();
  });
  for (const event of ["end", "close"]) {
    socket.on(event, () => {
      hasEnded = true;
      wake();
    });
  }

  return {
    async read(buffer): Promise<number | null> {
      while (left.byteLength === 0) {
        const chunk: unknown = socket.read();
        if (chunk instanceof Uint8Array) left = chunk;
        else if (failure !== undefined) throw failure;
        else if (hasEnded) return null;
        else await new Promise<void>((resolve) => void (wake = resolve));
      }
      const part = left.subarray(0, buffer.byteLength);
      buffer.set(part);
      left = left.subarray(part.byteLength);
      return part.byteLength;
    },
    write: (bytes) =>
      new Promise((resolve, reject) =>
        void socket.write(bytes, (error) => error ? reject(error) : resolve(bytes.byteLength))
      ),
    close: () => void socket.destroy(),
  };
}
