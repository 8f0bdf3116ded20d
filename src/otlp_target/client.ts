/** Connections to the target: certificates, proxy, and signatures with the function's role. */
import type { OtlpTargetConfig } from "../config/otlp_target.ts";
import type { Environment, SettingProblem } from "../config/reader.ts";
import { readCertificates } from "../dataway/client.ts";
import { describeNetworkError } from "../dataway/error_text.ts";
import { createHttpClient, type HttpClient } from "../dataway/http/client.ts";
import { chooseProxy } from "../dataway/http/proxy.ts";
import type { ClientIdentity } from "../dataway/http/tls.ts";
import { createAwsClient, loadCredentials } from "../dataway/secret/credentials.ts";
import { readPemFile } from "../dataway/pem_file.ts";
import { createRedactor, secretsIn } from "../secrets.ts";
import { createSigner, type Sign } from "./signer.ts";

export interface TargetClient extends HttpClient {
  readonly sign: Sign;
  /** What of the settings could not be used. */
  readonly problems: readonly SettingProblem[];
}

/** A client. Opens nothing before its first request; reads the named files at once. Never throws. */
export function createTargetClient(
  config: Pick<OtlpTargetConfig, "caFile" | "clientCertFile" | "clientKeyFile" | "awsService" | "awsRegion">,
  env: Environment,
  now: () => number,
): TargetClient {
  const problems: SettingProblem[] = [];
  const { caFile } = config;
  const client = createHttpClient({
    proxyOf: (target) => chooseProxy(target, undefined, env),
    caCerts: caFile === undefined ? [] : readCertificates("ENV_OTLP_TARGET_CA_FILE", caFile, env, problems),
    identity: readIdentity(config, env, problems),
    now,
  });
  const sign = createSigner({
    credentials: async (signal) => {
      using aws = createAwsClient(env, now);
      return await loadCredentials(env, aws.send, signal);
    },
    service: config.awsService,
    region: config.awsRegion,
    now,
  });
  return { ...client, sign, problems };
}

/** The client's certificate and key; `undefined`, and a problem if they are set, when they cannot be used. */
function readIdentity(
  { clientCertFile, clientKeyFile }: Pick<OtlpTargetConfig, "clientCertFile" | "clientKeyFile">,
  env: Environment,
  problems: SettingProblem[],
): ClientIdentity | undefined {
  if (clientCertFile === undefined && clientKeyFile === undefined) return undefined;
  try {
    if (clientCertFile === undefined || clientKeyFile === undefined) {
      throw new TypeError("certificate and key must both be set");
    }
    const identity = {
      cert: readPemFile(clientCertFile),
      key: readPemFile(clientKeyFile),
    };
    // A look by who will use them.
    Deno.createHttpClient(identity).close();
    return identity;
  } catch (error) {
    const redact = createRedactor(secretsIn(env));
    problems.push({
      name: "ENV_OTLP_TARGET_CLIENT_CERT_FILE",
      message:
        "Cannot use ENV_OTLP_TARGET_CLIENT_CERT_FILE and ENV_OTLP_TARGET_CLIENT_KEY_FILE as they must name " +
        `readable PEM files of a certificate and its key: ${redact(describeNetworkError(error))}`,
      used: "no client certificate",
    });
    return undefined;
  }
}
