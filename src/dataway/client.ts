import type { DatawayConfig } from "../config/dataway.ts";
import type { Environment, SettingProblem } from "../config/reader.ts";
import { describeNetworkError } from "./error_text.ts";
import { createHttpClient, type HttpClient } from "./http/client.ts";
import { chooseProxy, namedProxy, parseProxy } from "./http/proxy.ts";
import { createRedactor, secretsIn } from "../secrets.ts";
import { readPemFile } from "./pem_file.ts";

/** Connections to Dataway: certificates, proxy, pool. */
export interface DatawayClient extends HttpClient {
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
 * A client for uploads. Opens nothing before its first request. Never throws.
 *
 * @param env Where proxies are named that `ENV_DATAWAY_HTTP_PROXY` does not.
 * @param now Unix time in ms.
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
  const caCerts = config.caFile === undefined
    ? []
    : readCertificates("ENV_DATAWAY_CA_FILE", config.caFile, env, problems);
  const insecure = config.tlsInsecure && usesTls;
  if (insecure) problems.push(INSECURE_NOTICE);
  if (config.proxyUrl === undefined) problems.push(...proxyProblems(config, env));
  const client = createHttpClient({
    proxyOf: (target) => chooseProxy(target, config.proxyUrl, env),
    caCerts,
    insecure,
    now,
  });

  return {
    ...client,
    problems,
    async warmUp(): Promise<void> {
      if (usesTls) await warmUpTls();
    },
  };
}

/** Variables that name a proxy for an endpoint and are no URL of one. What they hold is not shown. */
function proxyProblems(
  { endpoints }: Pick<DatawayConfig, "endpoints">,
  env: Environment,
): readonly SettingProblem[] {
  const named = endpoints.map(({ base }) => namedProxy(new URL(base), env))
    .filter((proxy) => proxy !== undefined && parseProxy(proxy.text) === undefined);
  return [...new Set(named.map((proxy) => proxy?.name ?? ""))].map((name) => ({
    name,
    message: `Cannot use ${name} as it must be a URL that starts with http://, https:// or socks5://`,
    used: "no proxy",
  }));
}

const INSECURE_NOTICE: SettingProblem = {
  name: "ENV_DATAWAY_TLS_INSECURE",
  message:
    "Cannot vouch for Dataway's identity as ENV_DATAWAY_TLS_INSECURE is set: uploads and the token can be " +
    "read by whoever answers. Use ENV_DATAWAY_CA_FILE for a private certificate",
  used: "TLS without certificate checks",
};

/** What the executable is compiled to be able to read. */
const FOLDERS =
  "files below /opt, /var/task and /tmp alone can be read: put it into a layer or beside the function";

/** The certificates of a PEM file that the setting `name` names; none, and a problem, if it has no usable ones. */
export function readCertificates(
  name: string,
  path: string,
  env: Environment,
  problems: SettingProblem[],
): readonly string[] {
  try {
    const pem = readPemFile(path);
    // Deno takes text without any certificate for an empty list and says nothing.
    if (!pem.includes("-----BEGIN CERTIFICATE-----")) throw new TypeError("the file holds no certificate");
    Deno.createHttpClient({ caCerts: [pem] }).close();
    return [pem];
  } catch (error) {
    const redact = createRedactor(secretsIn(env));
    problems.push({
      name,
      message: `Cannot use ${name} as it must name a readable PEM file: current value is ` +
        `${JSON.stringify(redact(path))} (${
          error instanceof Deno.errors.NotCapable ? FOLDERS : redact(describeNetworkError(error))
        })`,
      used: "the built-in certificates alone",
    });
    return [];
  }
}

/** The expensive part of the first TLS handshake, on another thread. Never rejects. */
export async function warmUpTls(): Promise<void> {
  try {
    await crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, true, ["sign"]);
  } catch {
    // Only a head start was lost.
  }
}
