import { boundSignal } from "../bounds.ts";
import { closeQuietly, type Connection } from "./connection.ts";
import { exchange, type Exchanged, NoAnswerError } from "./exchange.ts";
import { encodeRequest, type HttpAnswer, type HttpRequest, type Send } from "./message.ts";
import { isForwarded, openConnection, type Route } from "./route.ts";
import type { ClientIdentity } from "./tls.ts";
import { proxyAuthorization } from "./tunnel.ts";

/** An HTTP/1.1 client with a pool of connections. */
export interface HttpClient extends Disposable {
  readonly send: Send;
  /** Forgets all pooled connections; requests under way end undisturbed. To be called after a long freeze. */
  readonly renew: () => void;
}

export interface HttpClientOptions {
  /** The proxy for a URL, or `undefined` for none. */
  readonly proxyOf: (target: URL) => URL | undefined;
  /** PEM certificates trusted besides the built-in ones. */
  readonly caCerts?: readonly string[];
  /** Servers' certificates are not checked. */
  readonly insecure?: boolean;
  /** Who we are, for servers that ask. */
  readonly identity?: ClientIdentity | undefined;
  /**
   * Unix time in ms: a frozen sandbox's monotonic clock may stand still, so no timer tells that connections have grown
   * old.
   */
  readonly now: () => number;
}

/**
 * Longest time a pooled connection stays unused, in ms. NAT gateways and load balancers forget connections in
 * silence, and a request on a forgotten one hangs until its timeout; a new one costs 1 to 5 ms.
 */
const POOL_IDLE_MS = 5000;

/**
 * Longest time to connect, TLS and proxies included, in ms. Nothing was sent yet: other than an answer that does not
 * come, a connection that does not can be tried again without sending anything twice.
 */
const CONNECT_MS = 5_000;

/** Targets that are kept as URLs: each category of each Dataway has one, and reading a URL costs as much as a request. */
const MAX_TARGETS = 64;

interface Pooled {
  readonly connection: Connection;
  /** Proxy and origin. */
  readonly key: string;
  /** When its last answer came, in Unix ms. */
  readonly since: number;
  /** Connections of a former one are not used again. */
  readonly generation: number;
}

/**
 * A client. Opens nothing before its first request.
 *
 * In place of the runtime's `fetch`, which meets Nagle and delayed acknowledgements on each new TLS connection (45 ms
 * a POST instead of 2), reads interim answers (1xx) for as long as they come, past every timer, and takes twice the
 * CPU for a POST.
 */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  const { proxyOf, caCerts = [], insecure = false, identity, now } = options;
  const idle = new Map<string, Pooled[]>();
  const draining = new Set<Connection>();
  const targets = new Map<string, URL>();
  let generation = 0;

  function renew(): void {
    generation++;
    for (const pooled of idle.values()) for (const { connection } of pooled) closeQuietly(connection);
    idle.clear();
  }

  /** A connection that was used lately. */
  function takeIdle(key: string): Connection | undefined {
    const pooled = idle.get(key) ?? [];
    for (let last = pooled.pop(); last !== undefined; last = pooled.pop()) {
      if (Math.abs(now() - last.since) <= POOL_IDLE_MS) return last.connection;
      closeQuietly(last.connection);
    }
    return undefined;
  }

  /** Into the pool, at once or when the rest of an answer has been read. */
  async function giveBack(pooled: Pooled, { reusable }: Exchanged): Promise<void> {
    const { connection } = pooled;
    if (typeof reusable === "boolean") {
      if (reusable) keep(pooled);
      return;
    }
    draining.add(connection);
    const isReusable = await reusable;
    if (draining.delete(connection) && isReusable) keep(pooled);
  }

  function keep(pooled: Pooled): void {
    if (pooled.generation !== generation) return closeQuietly(pooled.connection);
    const others = idle.get(pooled.key);
    if (others === undefined) idle.set(pooled.key, [pooled]);
    else others.push(pooled);
  }

  function targetOf(url: string): URL {
    const found = targets.get(url);
    if (found !== undefined) return found;
    const made = new URL(url);
    if (targets.size >= MAX_TARGETS) targets.clear();
    targets.set(url, made);
    return made;
  }

  async function send(url: string, request: HttpRequest): Promise<HttpAnswer> {
    const target = targetOf(url);
    const route: Route = { target, proxy: proxyOf(target), caCerts, insecure, identity };
    const key = `${route.proxy?.href ?? ""} ${target.origin}`;
    const forwarded = isForwarded(route);
    const pieces = encodeRequest(target, request, {
      absolute: forwarded,
      proxyAuthorization: forwarded && route.proxy !== undefined
        ? proxyAuthorization(route.proxy)
        : undefined,
    });
    const { signal, wants = "status" } = request;
    const exchangeOver = async (connection: Connection): Promise<HttpAnswer> => {
      const madeIn = generation;
      const exchanged = await exchange(connection, pieces, wants, signal);
      void giveBack({ connection, key, since: now(), generation: madeIn }, exchanged);
      return exchanged.answer;
    };
    const pooled = takeIdle(key);
    if (pooled !== undefined) {
      try {
        return await exchangeOver(pooled);
      } catch (error) {
        // Whatever broke it may have been the pool's age, and then its other connections are no better.
        renew();
        if (!(error instanceof NoAnswerError) || signal.aborted) throw error;
      }
    }
    using bound = boundSignal([signal], CONNECT_MS, now, "connection");
    return await exchangeOver(await openConnection(route, bound.signal));
  }

  return {
    send,
    renew,
    [Symbol.dispose]: () => {
      renew();
      for (const connection of draining) closeQuietly(connection);
      draining.clear();
    },
  };
}
