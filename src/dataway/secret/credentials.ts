/** The function's role, as AWS lets a sandbox know it. */
import type { Environment } from "../../config/reader.ts";
import { createHttpClient, type HttpClient } from "../http/client.ts";
import type { Send } from "../http/message.ts";
import { chooseProxy } from "../http/proxy.ts";
import { parseJson, textAt } from "./json.ts";

/** Temporary credentials of the function's role. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
  /** Unix time in ms after which they are refused; `undefined`: they outlive the sandbox. */
  readonly expiresAt?: number | undefined;
}

const CREDENTIALS_URL = "AWS_CONTAINER_CREDENTIALS_FULL_URI";

/** What AWS is asked with: through the environment's proxy, but for the sandbox's own credentials endpoint. */
export function createAwsClient(env: Environment, now: () => number = Date.now): HttpClient {
  const own = URL.parse(env[CREDENTIALS_URL] ?? "")?.origin;
  return createHttpClient({
    proxyOf: (target) => target.origin === own ? undefined : chooseProxy(target, undefined, env),
    now,
  });
}

/**
 * The role's credentials: from the environment, or, after a SnapStart restore, from the container credentials
 * endpoint. Throws when neither tells them.
 * @see `tests/spec/lambda.md` 1.9 and 4.1
 */
export async function loadCredentials(
  env: Environment,
  send: Send,
  signal: AbortSignal,
): Promise<Credentials> {
  const accessKeyId = env["AWS_ACCESS_KEY_ID"];
  const secretAccessKey = env["AWS_SECRET_ACCESS_KEY"];
  if (accessKeyId && secretAccessKey) {
    return { accessKeyId, secretAccessKey, sessionToken: env["AWS_SESSION_TOKEN"] };
  }
  const url = env[CREDENTIALS_URL];
  if (!url) throw new Error("Cannot sign requests as the environment holds no credentials");
  const response = await send(url, {
    method: "GET",
    headers: { authorization: env["AWS_CONTAINER_AUTHORIZATION_TOKEN"] ?? "" },
    body: new Uint8Array(),
    wants: "body",
    signal,
  });
  const body = parseJson(response.text);
  if (response.status !== 200 || typeof body !== "object" || body === null) {
    throw new Error(
      `Cannot sign requests as the credentials endpoint refused: current value is ${response.status}`,
    );
  }
  return {
    accessKeyId: textAt(body, "AccessKeyId") ?? "",
    secretAccessKey: textAt(body, "SecretAccessKey") ?? "",
    sessionToken: textAt(body, "Token") || undefined,
    expiresAt: expiryOf(textAt(body, "Expiration")),
  };
}

function expiryOf(text: string | undefined): number | undefined {
  const expiresAt = Date.parse(text ?? "");
  return Number.isNaN(expiresAt) ? undefined : expiresAt;
}
