import type { DatawayConfig } from "../config/dataway.ts";
import type { Environment, SettingProblem } from "../config/reader.ts";
import { describeNetworkError } from "./error_text.ts";
import { createInsecureFetch } from "./insecure_fetch.ts";
import type { UploadFetch, UploadInit } from "./request.ts";

/** Connections to Dataway: certificates, proxy, pool. */
export interface DatawayClient extends Disposable {
  /** As `fetch`, over this client's connections. */
  readonly fetch: UploadFetch;
  /** Forgets all pooled connections; requests under way end undisturbed. To be called after a long freeze. */
  readonly renew: () => void;
  /**
   * Does the expensive part of the first TLS handshake on another thread: 35 ms of seeding, once a process.
   * Never rejects; need not be awaited. Does nothing when no endpoint uses TLS.
   */
  readonly warmUp: () => Promise<void>;
  /** What could not be used. Uploads run without it. */
  readonly problems: readonly SettingProblem[];
}

/** The part of the settings that shapes connections. */
export type DatawayClientConfig = Pick<
  DatawayConfig,
  "endpoints" | "secret" | "proxyUrl" | "tlsInsecure" | "caFile"
>;

/**
 * Longest time a pooled connection stays unused, in ms. NAT gateways and load balancers forget connections in
 * silence, and a request on a forgotten one hangs until its timeout; a new one costs 1 to 5 ms.
 */
const POOL_IDLE_MS = 5000;

/**
 * A client for uploads. Opens nothing before its first request. Never throws.
 *
 * The standard proxy variables are obeyed by Deno itself; `NO_PROXY` counts for `proxyUrl` too.
 *
 * @param env Where the proxy of unchecked TLS is looked up, which Deno's own client has no part in.
 * @param now Unix time in ms: a frozen sandbox's monotonic clock may stand still, so the pool's own timer is not
 * enough to tell that connections have grown old.
 */
export function createDatawayClient(
  config: DatawayClientConfig,
  env: Environment,
  now: () => number = Date.now,
): DatawayClient {
  const problems: SettingProblem[] = [];
  // Where Dataway is a secret it may well speak TLS, and AWS, who keeps the secret, does.
  const usesTls = config.secret !== undefined ||
    config.endpoints.some((endpoint) => endpoint.base.startsWith("https:"));
  const caCerts = config.caFile === undefined ? [] : readCertificates(config.caFile, problems);
  const insecureFetch = config.tlsInsecure && usesTls
    ? createUncheckedFetch(config.proxyUrl, env, problems)
    : undefined;
  let pool: Deno.HttpClient | undefined;
  let usedAt = now();

  function renew(): void {
    pool?.close();
    pool = undefined;
  }

  /** The pool, or a new one if the last has had time to grow stale. */
  function freshPool(): Deno.HttpClient {
    if (Math.abs(now() - usedAt) > POOL_IDLE_MS) renew();
    usedAt = now();
    pool ??= Deno.createHttpClient({
      // HTTP/2 meets Nagle and delayed acknowledgements here: 44 to 220 ms a POST instead of 0.5 ms.
      http2: false,
      poolIdleTimeout: POOL_IDLE_MS,
      caCerts: [...caCerts],
      ...(config.proxyUrl === undefined ? {} : { proxy: toProxy(config.proxyUrl) }),
    });
    return pool;
  }

  async function send(url: string, init: UploadInit): Promise<Response> {
    if (insecureFetch !== undefined && url.startsWith("https:")) return await insecureFetch(url, init);
    const response = await fetch(url, { ...init, client: freshPool() });
    usedAt = now();
    return response;
  }

  return {
    problems,
    renew,
    async fetch(url, init): Promise<Response> {
      try {
        return await send(url, init);
      } catch (error) {
        // Deno has by now tried a connection that broke before any answer a second time. Whatever failed may have
        // been the pool's age, and then its other connections are no better.
        renew();
        throw error;
      }
    },
    async warmUp(): Promise<void> {
      if (!usesTls) return;
      try {
        await crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, true, ["sign"]);
      } catch {
        // Only a head start was lost.
      }
    },
    [Symbol.dispose]: renew,
  };
}

/** Deno wants the scheme named twice. */
function toProxy(url: string): Deno.Proxy {
  if (url.startsWith("socks5")) return { transport: "socks5", url };
  return { transport: url.startsWith("https:") ? "https" : "http", url };
}

/** A `fetch` without certificate checks, or none where that cannot be done. Either is a problem to be told of. */
function createUncheckedFetch(
  proxyUrl: string | undefined,
  env: Environment,
  problems: SettingProblem[],
): UploadFetch | undefined {
  const possible = proxyUrl === undefined || proxyUrl.startsWith("http:");
  problems.push(possible ? INSECURE_NOTICE : INSECURE_REFUSAL);
  return possible ? createInsecureFetch(proxyUrl, env) : undefined;
}

const INSECURE_REFUSAL: SettingProblem = {
  name: "ENV_DATAWAY_TLS_INSECURE",
  message: "Cannot use ENV_DATAWAY_TLS_INSECURE as ENV_DATAWAY_HTTP_PROXY must be an http:// URL for it",
  used: "TLS with certificate checks",
};

const INSECURE_NOTICE: SettingProblem = {
  name: "ENV_DATAWAY_TLS_INSECURE",
  message:
    "Cannot vouch for Dataway's identity as ENV_DATAWAY_TLS_INSECURE is set: uploads and the token can be " +
    "read by whoever answers. Use ENV_DATAWAY_CA_FILE for a private certificate",
  used: "TLS without certificate checks, a new connection per upload",
};

/** The certificates of a PEM file; none, and a problem, if it has none that can be used. */
function readCertificates(path: string, problems: SettingProblem[]): readonly string[] {
  try {
    const pem = Deno.readTextFileSync(path);
    // Deno takes text without any certificate for an empty list and says nothing.
    if (!pem.includes("-----BEGIN CERTIFICATE-----")) throw new TypeError("the file holds no certificate");
    Deno.createHttpClient({ caCerts: [pem] }).close();
    return [pem];
  } catch (error) {
    problems.push({
      name: "ENV_DATAWAY_CA_FILE",
      message: `Cannot use ENV_DATAWAY_CA_FILE as it must name a readable PEM file: current value is ` +
        `${JSON.stringify(path)} (${describeNetworkError(error)})`,
      used: "the built-in certificates alone",
    });
    return [];
  }
}
