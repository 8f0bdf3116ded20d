import { lookup } from "node:dns";
import { closeQuietly } from "./connection.ts";

/** Before the next address is tried beside one that has not answered yet, in ms. As RFC 8305 recommends. */
const STAGGER_MS = 250;
/** Addresses of one name that are tried. */
const MAX_ADDRESSES = 6;

/** A TCP connection to a name or an address. Rejects with the signal's reason when that fires first. */
export async function dial(hostname: string, port: number, signal: AbortSignal): Promise<Deno.TcpConn> {
  return await dialFirst(await resolve(hostname, signal), port, signal);
}

/**
 * A TCP connection to whichever of these addresses takes it first. They are tried one a moment after the other, as
 * the first may lead nowhere; `Deno.connect` by name would try that one alone. Rejects with the first one's error.
 */
export async function dialFirst(
  addresses: readonly string[],
  port: number,
  signal: AbortSignal,
): Promise<Deno.TcpConn> {
  const { promise, resolve: connected, reject } = Promise.withResolvers<Deno.TcpConn>();
  const others = new AbortController();
  const errors: unknown[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  let tried = 0;

  function tryNext(): void {
    clearTimeout(timer);
    const address = addresses[tried];
    if (address === undefined || others.signal.aborted) return;
    const order = tried++;
    if (tried < addresses.length) timer = setTimeout(tryNext, STAGGER_MS);
    Deno.connect({ hostname: address, port, signal: others.signal }).then((conn) => {
      if (others.signal.aborted) return closeQuietly(conn);
      others.abort();
      connected(conn);
    }, (error) => {
      errors[order] = error;
      if (Object.keys(errors).length === addresses.length) reject(errors[0]);
      else tryNext();
    });
  }

  const cut = (): void => {
    others.abort();
    reject(signal.reason);
  };
  signal.addEventListener("abort", cut, { once: true });
  try {
    signal.throwIfAborted();
    tryNext();
    const conn = await promise;
    // Small packets go at once: waiting for the peer's delayed acknowledgement costs 40 ms.
    conn.setNoDelay(true);
    return conn;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", cut);
  }
}

/** The addresses of a name, in the system's order of preference. Its lookup cannot be ended, only left alone. */
async function resolve(hostname: string, signal: AbortSignal): Promise<readonly string[]> {
  if (isAddress(hostname)) return [hostname];
  const { promise, resolve: resolved, reject } = Promise.withResolvers<readonly string[]>();
  const cut = (): void => reject(signal.reason);
  signal.addEventListener("abort", cut, { once: true });
  try {
    signal.throwIfAborted();
    lookup(hostname, { all: true }, (error, found) => {
      if (error !== null) reject(error);
      else resolved(found.slice(0, MAX_ADDRESSES).map(({ address }) => address));
    });
    return await promise;
  } finally {
    signal.removeEventListener("abort", cut);
  }
}

/** A URL's host is an address in just these forms. */
function isAddress(hostname: string): boolean {
  return hostname.includes(":") || /^\d+\.\d+\.\d+\.\d+$/.test(hostname);
}
