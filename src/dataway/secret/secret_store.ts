import { AwsV4Signer } from "aws4fetch";
import type { DatawaySecret } from "../../config/dataway.ts";
import type { Environment } from "../../config/reader.ts";
import { createDeadline } from "../../pipeline/deadline.ts";
import type { Send } from "../http/message.ts";
import { loadCredentials } from "./credentials.ts";
import { parseJson, textAt, valueAt } from "./json.ts";

/** How each store is asked, and where in its answer the value is. All speak AWS's JSON protocol over POST. */
interface Question {
  readonly service: string;
  readonly target: string;
  readonly body: unknown;
  readonly read: (answer: unknown) => string | undefined;
}

const CONTENT_TYPE = "application/x-amz-json-1.1";
/** Longest time for an answer of AWS, in ms. */
const TIMEOUT_MS = 5000;

/**
 * Reads the secret with the function's role. Throws with the store's own words when it cannot; the value itself is in
 * no error. `AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_<SERVICE>` are honoured.
 *
 * @param now Unix time in ms, by which a freeze is told from a store that does not answer.
 */
export async function readSecretValue(
  secret: DatawaySecret,
  env: Environment,
  send: Send,
  now: () => number = Date.now,
): Promise<string> {
  // Reading goes on while the next event is awaited: a freeze may fall into it.
  using deadline = createDeadline(TIMEOUT_MS, now);
  const { signal } = deadline;
  const region = regionOf(secret.id) ?? env["AWS_REGION"] ?? "us-east-1";
  const question = questionOf(secret);
  const { accessKeyId, secretAccessKey, sessionToken } = await loadCredentials(env, send, signal);
  const body = JSON.stringify(question.body);
  const signed = await new AwsV4Signer({
    method: "POST",
    url: endpointOf(question.service, region, env),
    headers: { "content-type": CONTENT_TYPE, "x-amz-target": question.target },
    body,
    accessKeyId,
    secretAccessKey,
    ...(sessionToken === undefined ? {} : { sessionToken }),
    service: question.service,
    region,
  }).sign();
  const response = await send(signed.url.href, {
    method: "POST",
    headers: Object.fromEntries(signed.headers),
    body: new TextEncoder().encode(body),
    wants: "body",
    signal,
  });
  const answer = parseJson(response.text);
  if (response.status !== 200) {
    const type = textAt(answer, "__type")?.split("#").at(-1) ?? "";
    const message = textAt(answer, "message") ?? textAt(answer, "Message") ?? "";
    throw new Error(
      `Cannot read the secret as ${question.service} refused: ${response.status} ${type} ${message}`.trim(),
    );
  }
  const value = question.read(answer);
  if (value === undefined || value.trim() === "") {
    throw new Error("Cannot read the secret as it holds no text");
  }
  return secret.key === undefined ? value : keyOf(value, secret.key);
}

function questionOf(secret: DatawaySecret): Question {
  switch (secret.store) {
    case "secretsmanager":
      return {
        service: "secretsmanager",
        target: "secretsmanager.GetSecretValue",
        body: { SecretId: secret.id },
        read: (answer) => textAt(answer, "SecretString") ?? decodeText(textAt(answer, "SecretBinary")),
      };
    case "ssm":
      return {
        service: "ssm",
        target: "AmazonSSM.GetParameter",
        body: { Name: secret.id, WithDecryption: true },
        read: (answer) => textAt(valueAt(answer, "Parameter"), "Value"),
      };
    case "kms":
      return {
        service: "kms",
        target: "TrentService.Decrypt",
        body: { CiphertextBlob: secret.id },
        read: (answer) => decodeText(textAt(answer, "Plaintext")),
      };
  }
}

function endpointOf(service: string, region: string, env: Environment): string {
  const named =
    env[`AWS_ENDPOINT_URL_${service === "secretsmanager" ? "SECRETS_MANAGER" : service.toUpperCase()}`] ||
    env["AWS_ENDPOINT_URL"];
  if (named) return named;
  return `https://${service}.${region}.amazonaws.com${region.startsWith("cn-") ? ".cn" : ""}/`;
}

/** The region of an ARN. */
function regionOf(id: string): string | undefined {
  return /^arn:[^:]*:[^:]*:([^:]+):/.exec(id)?.[1];
}

function keyOf(json: string, key: string): string {
  // What is not JSON is the same as a key that is not there.
  const value = textAt(parseJson(json), key);
  if (value === undefined) {
    throw new Error(`Cannot read the secret as it has no text under ${JSON.stringify(key)}`);
  }
  return value;
}

function decodeText(base64: string | undefined): string | undefined {
  return base64 === undefined ? undefined : new TextDecoder().decode(Uint8Array.fromBase64(base64));
}
